/** Pairs of ends over TCP, and waiting for their events. */
import { once } from 'node:events';
import type { AddressInfo, Server as NetServer } from 'node:net';
import { Duplex } from 'node:stream';
import type { ConnectionOptions, Server, TLSSocket, TlsOptions } from 'node:tls';
import { fixtures } from './certificates';
import { closed, own, ownServer } from './resources';

export { closed };

import type { Log, TLS, Version } from './scenario';

export const HOST = '127.0.0.1';

/** `key` and `cert` of the usual server. */
export function serverIdentity(): TlsOptions {
  const { key, cert } = fixtures().server;
  return { key, cert };
}

/** What the usual client passes to be allowed to connect to the usual server. */
export function trusting(): ConnectionOptions {
  return { ca: fixtures().ca.cert, servername: 'localhost' };
}

export function only(version: Version): { minVersion: Version; maxVersion: Version } {
  return { minVersion: version, maxVersion: version };
}

export async function listen(server: NetServer): Promise<number> {
  ownServer(server);
  server.listen(0, HOST);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A listening TLS server; its sockets swallow errors unless watched. */
export async function serve(
  tls: TLS,
  options: TlsOptions = {},
  listener?: (socket: TLSSocket) => void,
): Promise<{ server: Server; port: number }> {
  const server = tls.createServer({ ...serverIdentity(), ...options });
  server.on('secureConnection', (socket) => {
    own(socket);
    listener?.(socket);
  });
  server.on('tlsClientError', (_error, socket) => own(socket));
  return { server, port: await listen(server) };
}

export interface PairOptions {
  readonly server?: TlsOptions;
  readonly client?: ConnectionOptions;
  /** Called before anything has happened on either. */
  readonly prepareServer?: (server: Server) => void;
  readonly prepareClient?: (client: TLSSocket) => void;
}

export interface Pair {
  readonly server: Server;
  readonly port: number;
  readonly client: TLSSocket;
  readonly peer: TLSSocket;
}

/** A client and the socket that its server has for it, both secure. */
export async function connectPair(tls: TLS, options: PairOptions = {}): Promise<Pair> {
  const { server, port } = await serve(tls, options.server);
  options.prepareServer?.(server);
  const client = own(tls.connect({ port, host: HOST, ...trusting(), ...options.client }));
  options.prepareClient?.(client);
  const [[peer]] = await Promise.all([
    once(server, 'secureConnection') as Promise<[TLSSocket]>,
    once(client, 'secureConnect'),
  ]);
  return { server, port, client, peer };
}

interface Emitter {
  on(event: string, listener: (...values: never[]) => void): unknown;
}

/** Logs the events with the values that `show` makes of their arguments. */
export function watch(
  log: Log,
  channel: string,
  emitter: unknown,
  events: readonly string[],
  show: (event: string, values: unknown[]) => unknown[] = shown,
): void {
  for (const event of events) {
    (emitter as Emitter).on(event, (...values: unknown[]) => {
      log(channel, event, ...show(event, values));
    });
  }
}

/** Arguments that mean the same in every run: no sockets, no session data. */
export function shown(event: string, values: unknown[]): unknown[] {
  if (event === 'session' || event === 'keylog' || event === 'data') return [];
  if (event === 'OCSPResponse') return values.slice(0, 1);
  return values.filter((value) => !(value instanceof Duplex));
}

export const SOCKET_EVENTS: readonly string[] = [
  'lookup',
  'connect',
  'ready',
  'secure',
  'secureConnect',
  'end',
  'finish',
  'error',
  'close',
];

/** Whether the promise resolves within so many milliseconds. */
export async function within(limit: number, promise: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), limit);
  });
  const result = await Promise.race([promise.then(() => true), expired]);
  clearTimeout(timer);
  return result;
}

/** The first of the events, its name and arguments. */
export function firstOf(emitter: unknown, events: readonly string[]): Promise<unknown[]> {
  return new Promise((resolve) => {
    for (const event of events) {
      (emitter as Emitter).on(event, (...values: unknown[]) => resolve([event, ...values]));
    }
  });
}

/** Both ends of a handshake that may fail: logs how each of them ends. */
export async function attempt(
  tls: TLS,
  log: Log,
  options: { server?: TlsOptions; client?: ConnectionOptions } = {},
): Promise<void> {
  const { server, port } = await serve(tls, options.server);
  watch(log, 'server', server, ['tlsClientError', 'secureConnection']);
  const serverEnd = firstOf(server, ['tlsClientError', 'secureConnection']);
  const client = own(tls.connect({ port, host: HOST, ...trusting(), ...options.client }));
  watch(log, 'client', client, ['secureConnect', 'error', 'close']);
  const [event] = await firstOf(client, ['secureConnect', 'close']);
  await serverEnd;
  if (event === 'secureConnect') {
    log('client', 'authorized', client.authorized, client.authorizationError);
    client.destroy();
  }
  await closed(client);
}

/** All that arrives until the end, as text. */
export async function readAll(stream: Duplex): Promise<string> {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(stream, 'end');
  return Buffer.concat(chunks).toString();
}

/** Reads until `length` bytes are there; more than that is left out. */
export function readLength(stream: Duplex, length: number): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let got = 0;
    const take = (chunk: Buffer): void => {
      chunks.push(chunk);
      got += chunk.length;
      if (got < length) return;
      stream.off('data', take);
      resolve(Buffer.concat(chunks).toString());
    };
    stream.on('data', take);
  });
}

class PipeEnd extends Duplex {
  other: PipeEnd | undefined;
  #resume: (() => void) | undefined;

  override _read(): void {
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    const { other } = this;
    setImmediate(() => {
      if (other === undefined || other.push(chunk)) done();
      else other.#resume = done;
    });
  }

  override _final(done: () => void): void {
    this.other?.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (this.other?.readableEnded === false) this.other.push(null);
    done(error);
  }
}

/** Two Duplex streams, neither of them a socket, connected with each other. */
export function pipe(): [Duplex, Duplex] {
  const left = new PipeEnd();
  const right = new PipeEnd();
  left.other = right;
  right.other = left;
  return [own(left), own(right)];
}
