/** end() while a handshake runs: it waits, but not for ever for a peer that says nothing. */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { OnionSocket } from '../../src';
import { Inbox, next } from '../support/events';
import { layerPair } from '../support/identities';
import { over, quiet, startBoth, tcpPair, tcpTransports, track } from '../support/pairs';
import { Pipe } from '../support/pipe';

/** Longer than an unanswered end() waits. */
function aWhile(): Promise<void> {
  return setTimeout(1500);
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
    await next(peer, 'end');
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
  await next(pair.server, 'end');
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

/** A transport that passes on what it reads in five parts, for longer than a silent peer is waited for. */
function slowed(socket: Socket): Duplex {
  const slow = new Duplex({
    read: () => {},
    write: (chunk, _encoding, done) => void socket.write(chunk, done),
    final: (done) => void socket.end(done),
  });
  let queue = Promise.resolve();
  socket.on('data', (chunk: Buffer) => {
    const size = Math.ceil(chunk.length / 5);
    for (let at = 0; at < chunk.length; at += size) {
      const part = chunk.subarray(at, at + size);
      queue = queue.then(() => setTimeout(500)).then(() => void slow.push(part));
    }
  });
  socket.on('end', () => queue.then(() => slow.push(null)));
  return slow;
}

test('a peer that is slow but not silent is waited for', async () => {
  const [a, b] = await tcpTransports();
  const pair = {
    client: quiet(track(new OnionSocket(slowed(a)))),
    server: quiet(track(new OnionSocket(b))),
  };
  const both = startBoth(pair, 1);
  pair.client.resume().end();
  await both;
  pair.server.resume();
  await Promise.all([next(pair.server, 'end'), over(pair.client), over(pair.server)]);
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
  await next(transport, 'finish');
});

test('destroySoon() has nothing to wait for', async () => {
  const { socket, peer } = await withSilentPeer();
  const started = socket.startTLS(layerPair(1).client);
  socket.destroySoon();
  expect(socket.destroyed).toBe(true);
  await expect(started).rejects.toMatchObject({ code: 'ERR_ONION_DESTROYED' });
  await next(peer, 'end');
});
