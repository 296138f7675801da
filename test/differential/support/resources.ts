/** What a scenario has opened; all of it is closed when the scenario is over. */
import type { Server } from 'node:net';
import type { Duplex } from 'node:stream';

const streams = new Set<Duplex>();
const servers = new Set<Server>();
/** Under sockets of ours, perhaps: they go after them. */
const transports = new Set<Duplex>();

/** Those that have emitted 'close': `stream.closed` is true before that. */
const closedStreams = new WeakSet<Duplex>();

function watchClose(stream: Duplex): void {
  stream.once('close', () => closedStreams.add(stream));
}

export function own<T extends Duplex>(stream: T): T {
  if (streams.has(stream)) return stream;
  streams.add(stream);
  watchClose(stream);
  stream.on('error', () => undefined);
  return stream;
}

/** Resolves once a stream that is owned has emitted 'close', now or later. */
export async function closed(stream: Duplex): Promise<void> {
  if (closedStreams.has(stream)) return;
  await new Promise((resolve) => stream.once('close', resolve));
}

export function ownServer<T extends Server>(server: T): T {
  servers.add(server);
  server.on('connection', (socket: Duplex) => {
    transports.add(socket);
    watchClose(socket);
  });
  return server;
}

function serverClosed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}

function streamClosed(stream: Duplex): Promise<void> {
  if (stream.closed) return Promise.resolve();
  const result = closed(stream);
  stream.destroy();
  return result;
}

async function releaseInOrder(): Promise<void> {
  const opened = [...streams].reverse();
  const under = [...transports];
  const listening = [...servers];
  streams.clear();
  transports.clear();
  servers.clear();
  const closing = listening.map(serverClosed);
  for (const stream of opened) await streamClosed(stream);
  await Promise.all(under.map(streamClosed));
  await Promise.all(closing);
}

/** Closes everything, the newest first, at most waiting for `limit` milliseconds. */
export async function releaseAll(limit: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limit);
  });
  await Promise.race([releaseInOrder(), expired]);
  clearTimeout(timer);
}
