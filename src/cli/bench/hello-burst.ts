/**
 * Many ClientHellos at once, without a client that could be the bottleneck: one ClientHello is recorded from `node:tls` and
 * replayed on every connection. A server can't tell: it answers each with its whole flight, signature included.
 */
import * as net from 'node:net';
import { Duplex } from 'node:stream';
import * as tls from 'node:tls';
import type { Measurement, Setup } from './model';
import { SERVER_NAME } from './stack';

export class HelloBurst {
  readonly #setup: Setup;
  readonly #port: number;
  #hello: Promise<Buffer> | undefined;

  constructor(setup: Setup, port: number) {
    this.#setup = setup;
    this.#port = port;
  }

  async run(): Promise<Measurement> {
    this.#hello ??= recordClientHello();
    const hello = await this.#hello;
    const { operations } = this.#setup.work;
    const sockets = await Promise.all(Array.from({ length: operations }, () => open(this.#port)));
    // The server may still be accepting; its CPU time for that is not part of the burst.
    await new Promise((resolve) => setTimeout(resolve, 100));
    const start = performance.now();
    const answers = sockets.map((socket) => answered(socket));
    for (const socket of sockets) socket.write(hello);
    await Promise.all(answers);
    const seconds = (performance.now() - start) / 1000;
    for (const socket of sockets) socket.resetAndDestroy();
    return { seconds, operations, bytes: 0, extras: {} };
  }
}

function open(port: number): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: '127.0.0.1', port, noDelay: true }, () => resolve(socket));
    socket.once('error', reject);
  });
}

/** Resolves with the first bytes of the server's flight. */
function answered(socket: net.Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('data', () => resolve());
    socket.once('close', () => reject(new Error('the server closed without an answer')));
  });
}

/** The first bytes that a client writes: its ClientHello. */
function recordClientHello(): Promise<Buffer> {
  return new Promise((resolve) => {
    const recorder = new Duplex({
      read() {},
      write(chunk: Buffer, _encoding, done) {
        resolve(Buffer.from(chunk));
        done();
      },
    });
    tls.connect({ socket: recorder, servername: SERVER_NAME }).on('error', () => {});
  });
}
