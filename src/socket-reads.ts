/**
 * Reads of a `net.Socket` past its Readable: into one buffer that all sockets of a thread share, as the option `onread` of
 * `net.Socket` does it. Saved are an allocation of 64 KiB for each read and the passage through a stream, which at one layer
 * cost more than TLS itself.
 *
 * A socket that somebody else has made (one that a server has accepted) was not given that option, and Node has no public
 * way to add it. What the option does is found out on sockets made for the purpose; where it is not as expected, nothing is
 * changed and wire bytes come as `'data'` events, as from any other Duplex. A socket that was made with the option keeps its
 * buffers, and has another callback until it is given back.
 */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { isPlainSocket } from './plain-socket';

/** Called with the number of bytes in the shared buffer, which are valid during the call only. */
export type OnWire = (this: Duplex, length: number, buffer: Buffer) => boolean;

/** What a socket reads at once, in bytes: libuv asks the kernel for no more. */
const READ_BYTES = 64 * 1024;

interface OptionKeys {
  readonly buffer: symbol;
  readonly callback: symbol;
}

interface ReadableHandle {
  useUserBuffer?(buffer: Uint8Array): void;
}

type OpenSocket = Socket & { _handle?: ReadableHandle | null } & Record<symbol, unknown>;

/** Where a socket keeps its option `onread`; null: in another way than is known here. */
function findOptionKeys(): OptionKeys | null {
  const buffer = Buffer.alloc(1);
  const callback = (): boolean => true;
  const probe = new Socket({ onread: { buffer, callback } }) as OpenSocket;
  const plain = new Socket() as OpenSocket;
  const keyOf = (value: unknown): symbol | undefined =>
    Object.getOwnPropertySymbols(probe).find((key) => probe[key] === value && plain[key] === null);
  const keys = { buffer: keyOf(buffer), callback: keyOf(callback) };
  return keys.buffer && keys.callback ? (keys as OptionKeys) : null;
}

let optionKeys: OptionKeys | null | undefined;
let shared: Buffer | null = null;
/** libuv may read ahead on Windows, into a buffer that has to be there for longer than a call. */
const canShare = process.platform !== 'win32';
/** The callbacks of sockets that had the option from whoever made them, and keep its buffers. */
const callbacks = new WeakMap<Duplex, unknown>();

/** The keys by which the reads of this socket can be taken past its Readable, where they can be. */
function keysFor(transport: Duplex): OptionKeys | null {
  if (!isPlainSocket(transport)) return null;
  if (optionKeys === undefined) optionKeys = findOptionKeys();
  if (optionKeys === null) return null;
  const socket = transport as OpenSocket;
  // What is in the Readable came first, and the end of the stream comes through it.
  if (socket.readableLength > 0 || socket.readableEnded || socket.destroyed) return null;
  if (hasOwn(socket, optionKeys)) return optionKeys;
  const handle = socket._handle;
  const takesBuffer = !handle || typeof handle.useUserBuffer === 'function';
  return canShare && takesBuffer ? optionKeys : null;
}

/** Whether somebody else has made it with the option. Then nothing comes from its Readable. */
function hasOwn(socket: OpenSocket, keys: OptionKeys): boolean {
  return socket[keys.buffer] !== null && socket[keys.buffer] !== shared;
}

/** Whether `takeReads()` would. */
export function canTakeReads(transport: Duplex): boolean {
  return keysFor(transport) !== null;
}

/** Makes a socket's reads come to `onWire` from now on; false: they have to be taken from its Readable. */
export function takeReads(transport: Duplex, onWire: OnWire): boolean {
  const keys = keysFor(transport);
  if (keys === null) return false;
  const socket = transport as OpenSocket;
  if (hasOwn(socket, keys)) callbacks.set(socket, socket[keys.callback]);
  else useShared(socket, keys);
  socket[keys.callback] = onWire;
  return true;
}

function useShared(socket: OpenSocket, keys: OptionKeys): void {
  shared ??= Buffer.allocUnsafeSlow(READ_BYTES);
  if (socket[keys.buffer] === shared) return;
  socket._handle?.useUserBuffer?.(shared);
  socket[keys.buffer] = shared;
}

/**
 * Lets a socket's reads go where they went before: to its own callback, or to its Readable. The handle keeps the shared
 * buffer, so they are copied.
 */
export function giveReadsBack(transport: Duplex): void {
  const socket = transport as OpenSocket;
  if (!optionKeys) return;
  if (callbacks.has(socket)) {
    socket[optionKeys.callback] = callbacks.get(socket);
    callbacks.delete(socket);
  } else if (shared !== null && socket[optionKeys.buffer] === shared) {
    socket[optionKeys.callback] = pushCopy;
  }
}

function pushCopy(this: Duplex, length: number, buffer: Buffer): boolean {
  return this.push(Buffer.from(buffer.subarray(0, length)));
}
