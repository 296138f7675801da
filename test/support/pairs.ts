/** Two OnionSockets that are connected, over memory or over TCP; all of them are destroyed after each test. */
import net from 'node:net';
import { type Duplex, finished } from 'node:stream';
import {
  OnionSocket,
  type OnionSocketOptions,
  type StartTLSOptions,
  type TLSLayer,
} from '../../src';
import { next } from './events';
import { layerPair, levelsTo } from './identities';
import { Pipe, type PipeOptions } from './pipe';

export interface Pair {
  client: OnionSocket;
  server: OnionSocket;
}

export interface PipePair extends Pair {
  /** The client is at the end `a`, its bytes go up. */
  pipe: Pipe;
}

export interface PairOptions extends PipeOptions {
  clientSocket?: OnionSocketOptions;
  serverSocket?: OnionSocketOptions;
}

const open = new Set<{ destroy(): void }>();
const servers = new Set<net.Server>();

/** Has it destroyed after the test. */
export function track<T extends { destroy(): void }>(stream: T): T {
  open.add(stream);
  return stream;
}

/** Has it closed after the test. */
export function trackServer<T extends net.Server>(server: T): T {
  servers.add(server);
  return server;
}

afterEach(async () => {
  for (const stream of open) stream.destroy();
  open.clear();
  const closing = [...servers].map((server) => {
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  servers.clear();
  await Promise.all(closing);
});

/** One side's failure is the end of the other: tests look at the errors that they are about. */
export function quiet(socket: OnionSocket): OnionSocket {
  return socket.on('error', () => {});
}

export function pipePair(options: PairOptions = {}): PipePair {
  const { clientSocket, serverSocket, ...pipeOptions } = options;
  const pipe = new Pipe(pipeOptions);
  const client = quiet(track(new OnionSocket(pipe.a, clientSocket)));
  const server = quiet(track(new OnionSocket(pipe.b, serverSocket)));
  return { pipe, client, server };
}

/** Two ends of a connection over the loopback interface. */
export function tcpTransports(): Promise<[client: net.Socket, server: net.Socket]> {
  return transportsAt({ port: 0, host: '127.0.0.1' });
}

/** Two ends of a connection to an address of any kind. */
export async function transportsAt(
  where: net.ListenOptions,
): Promise<[client: net.Socket, server: net.Socket]> {
  const listener = net.createServer();
  await new Promise<void>((resolve) => listener.listen(where, resolve));
  const accepted = next<[net.Socket]>(listener, 'connection');
  const address = listener.address() as net.AddressInfo | string;
  const client = net.connect(
    typeof address === 'string' ? { path: address } : { port: address.port, host: address.address },
  );
  client.setNoDelay(true);
  const [server] = await accepted;
  server.setNoDelay(true);
  listener.close();
  return [track(client), track(server)];
}

export async function tcpPair(options: Pick<PairOptions, 'clientSocket' | 'serverSocket'> = {}) {
  const [a, b] = await tcpTransports();
  return {
    client: quiet(track(new OnionSocket(a, options.clientSocket))),
    server: quiet(track(new OnionSocket(b, options.serverSocket))),
  };
}

export type Extra = Parameters<typeof layerPair>[1];

/** Starts one layer on both sides. */
export function startBoth(
  pair: Pair,
  level: number,
  extra: Extra = {},
): Promise<[client: TLSLayer, server: TLSLayer]> {
  const options = layerPair(level, extra);
  return Promise.all([pair.client.startTLS(options.client), pair.server.startTLS(options.server)]);
}

/** Goes to a depth, one layer after the other. */
export async function goTo<T extends Pair>(pair: T, depth: number, extra?: Extra): Promise<T> {
  for (const level of levelsTo(depth)) await startBoth(pair, level, extra);
  return pair;
}

/** Takes the innermost layer off on both sides at once. */
export async function stopBoth(pair: Pair): Promise<void> {
  await Promise.all([pair.client.stopTLS(), pair.server.stopTLS()]);
}

/** The pair with its sides changed: what was the server of the transport is the client of the layers. */
export function swapped<T extends Pair>(pair: T): T {
  return { ...pair, client: pair.server, server: pair.client };
}

/** Resolves once both sides of the stream are over, however that came about. */
export function over(stream: Duplex): Promise<void> {
  return new Promise((resolve) => finished(stream, () => resolve()));
}

export function startAll(
  socket: OnionSocket,
  options: readonly StartTLSOptions[],
): Promise<TLSLayer>[] {
  return options.map((each) => socket.startTLS(each));
}
