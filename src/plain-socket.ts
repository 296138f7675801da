import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** Whether a stream is a socket as Node makes them, and not of somebody's class, whose methods may do anything. */
export function isPlainSocket(stream: Duplex): stream is Socket {
  return Object.getPrototypeOf(stream) === Socket.prototype;
}
