/** end() while a handshake runs: it waits, but not for ever for a peer that says nothing. */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { OnionSocket } from '../../src';
import { Inbox, next, turns } from '../support/events';
import { layerPair } from '../support/identities';
import { over, quiet, startBoth, tcpPair, tcpTransports, track } from '../support/pairs';
import { Pipe } from '../support/pipe';

/** The longest that end() waits for a peer that is silent. */
const PATIENCE_MS = 1000;

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
});

afterEach(() => {
  jest.useRealTimers();
});

/** Long enough for an unanswered end(), also where something has come in before. */
async function aWhile(): Promise<void> {
  for (let times = 0; times < 3; times++) {
    await turns();
    jest.advanceTimersByTime(PATIENCE_MS);
  }
}

async function withSilentPeer(): Promise<{ socket: OnionSocket; peer: Socket }> {
  const [a, b] = await tcpTransports();
  return { socket: quiet(track(new OnionSocket(a))), peer: b.resume() };
}

test.each(['client', 'server'] as const)(
  'a silent peer is told that a %s has ended, and the start fails when it ends too',
  async (side) => {
    const { socket, peer } = await withSilentPeer();
    const started = socket.startTLS(layerPair(1)[side]);
    socket.end();
    // It is not half open: it ends its side by itself.
    const told = next(peer, 'end');
    await aWhile();
    await told;
    await expect(started).rejects.toMatchObject({ layer: 1 });
    await over(socket);
  },
);

test('the layers below are closed in order', async () => {
  const pair = await tcpPair();
  await startBoth(pair, 1);
  const errors: Error[] = [];
  pair.server.on('error', (error) => errors.push(error));
  const started = pair.client.startTLS(layerPair(2).client);
  const failed = expect(started).rejects.toMatchObject({ layer: 2 });
  pair.client.end();
  // The server takes the ClientHello of the second layer for data.
  pair.server.resume();
  const ended = next(pair.server, 'end');
  await aWhile();
  await ended;
  await over(pair.server);
  expect(errors).toEqual([]);
  await failed;
});

test('a peer that answers in time gets a clean end', async () => {
  const pair = await tcpPair();
  const both = startBoth(pair, 1);
  pair.client.resume().end();
  await both;
  pair.server.resume();
  await Promise.all([next(pair.server, 'end'), over(pair.client), over(pair.server)]);
});

test('a peer that is slow but not silent is waited for', async () => {
  const [a, b] = await tcpTransports();
  const slow = new Duplex({
    read: () => {},
    write: (chunk, _encoding, done) => void a.write(chunk, done),
    final: (done) => void a.end(done),
  });
  const pair = {
    client: quiet(track(new OnionSocket(slow))),
    server: quiet(track(new OnionSocket(b))),
  };
  const both = startBoth(pair, 1);
  const ends = [next(pair.server.resume(), 'end'), over(pair.client), over(pair.server)];
  pair.client.resume().end();
  const [flight] = await next<[Buffer]>(a, 'data');
  a.pause();
  const size = Math.ceil(flight.length / 5);
  for (let at = 0; at < flight.length; at += size) {
    slow.push(flight.subarray(at, at + size));
    await turns();
    // Five times: more than a silent peer gets.
    jest.advanceTimersByTime(PATIENCE_MS * 0.6);
  }
  a.on('data', (chunk) => slow.push(chunk));
  a.on('end', () => slow.push(null));
  a.resume();
  await Promise.all([both, ...ends]);
});

test('what was written waits for the handshake, however late it is', async () => {
  const pair = await tcpPair();
  const options = layerPair(1);
  const started = pair.client.startTLS(options.client);
  pair.client.resume().end('late');
  await aWhile();
  await Promise.all([started, pair.server.startTLS(options.server)]);
  const inbox = new Inbox(pair.server);
  expect(await inbox.text(4)).toBe('late');
  await Promise.all([over(pair.client), over(pair.server)]);
});

test('a transport that is not connected yet is not ended before it is', async () => {
  const transport = Object.assign(new Pipe().a, { connecting: true });
  const socket = quiet(track(new OnionSocket(transport)));
  const started = socket.startTLS(layerPair(1).client);
  started.catch(() => {});
  socket.end();
  await aWhile();
  expect(transport.writableEnded).toBe(false);
  transport.connecting = false;
  transport.emit('connect');
  const finished = next(transport, 'finish');
  await aWhile();
  await finished;
});

test('destroySoon() has nothing to wait for', async () => {
  const { socket, peer } = await withSilentPeer();
  const started = socket.startTLS(layerPair(1).client);
  socket.destroySoon();
  expect(socket.destroyed).toBe(true);
  await expect(started).rejects.toMatchObject({ code: 'ERR_ONION_DESTROYED' });
  await next(peer, 'end');
});
