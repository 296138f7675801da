/** What whoever had a `net.Socket` before has done to it, or goes on doing, does not stop the layers above. */
import net, { type OnReadOpts, type Socket } from 'node:net';
import { OnionSocket } from '../../src';
import { Inbox, next } from '../support/events';
import { layerPair } from '../support/identities';
import {
  goTo,
  type Pair,
  quiet,
  startBoth,
  tcpPair,
  tcpTransports,
  track,
  trackServer,
} from '../support/pairs';
import { pattern } from '../support/random';

async function listen(listener: net.Server): Promise<number> {
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  return (listener.address() as net.AddressInfo).port;
}

async function echo(pair: Pair, text: string): Promise<void> {
  pair.client.write(text);
  const inbox = new Inbox(pair.server);
  expect(await inbox.text(text.length)).toBe(text);
  pair.server.write(text);
  expect(await new Inbox(pair.client).text(text.length)).toBe(text);
}

describe('a socket that its former owner pauses', () => {
  test('before it is taken over', async () => {
    const [a, b] = await tcpTransports();
    a.pause();
    b.pause();
    const pair = { client: track(new OnionSocket(a)), server: track(new OnionSocket(b)) };
    await goTo(pair, 2);
    await echo(pair, 'hello');
  });

  test('before and during each handshake, and later', async () => {
    const pair = await tcpPair();
    for (const level of [1, 2]) {
      const both = startBoth(pair, level);
      pair.client.transport.pause();
      pair.server.transport.pause();
      setImmediate(() => pair.server.transport.pause());
      await both;
    }
    await echo(pair, 'hello');
    pair.server.transport.pause();
    pair.client.transport.pause();
    await echo(pair, 'again');
  });

  test("in a listener of 'connection'", async () => {
    const listener = trackServer(net.createServer());
    const accepted = new Promise<OnionSocket>((resolve) => {
      listener.on('connection', (socket) => resolve(quiet(track(new OnionSocket(socket)))));
      listener.on('connection', (socket) => socket.pause());
    });
    const port = await listen(listener);
    const client = quiet(track(new OnionSocket(net.connect(port, '127.0.0.1'))));
    const options = layerPair(1);
    await Promise.all([
      client.startTLS(options.client),
      accepted.then((server) => server.startTLS(options.server)),
    ]);
  });
});

async function untilPaused(wire: Socket): Promise<void> {
  while (!wire.isPaused()) await new Promise((resolve) => setImmediate(resolve));
}

test('a socket that somebody resumes gives one read, and is paused again while the reader is', async () => {
  const pair = await goTo(await tcpPair(), 2);
  const sent = pattern(16 * 1024 * 1024);
  const wire = pair.server.transport as Socket;
  pair.client.end(sent);
  await untilPaused(wire);
  const before = wire.bytesRead;
  for (let times = 0; times < 5; times++) {
    wire.resume();
    await untilPaused(wire);
  }
  expect(wire.bytesRead - before).toBeLessThanOrEqual(5 * 64 * 1024);
  const inbox = new Inbox(pair.server);
  expect((await inbox.bytes(sent.length)).equals(sent)).toBe(true);
});

test('a socket that is connected again after it has failed is a plain one', async () => {
  const listener = trackServer(net.createServer((peer) => peer.end('plain')));
  const port = await listen(listener);
  const raw = track(new net.Socket());
  const socket = quiet(track(new OnionSocket(raw)));
  socket.destroy(new Error('not this one'));
  await next(socket, 'close');
  expect(raw.destroyed).toBe(true);
  raw.connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  raw.on('data', (chunk: Buffer) => chunks.push(chunk));
  // By itself, as its peer has ended.
  await next(raw, 'close');
  expect(Buffer.concat(chunks).toString()).toBe('plain');
});

describe('a socket that was made with onread', () => {
  function onread(kind: string, seen: string[]): OnReadOpts {
    const buffer = Buffer.alloc(1000);
    return {
      buffer: kind === 'a function' ? () => Buffer.alloc(1000) : buffer,
      callback(length, from) {
        seen.push(Buffer.from(from.subarray(0, length)).toString());
        return true;
      },
    };
  }

  test.each(['a buffer', 'a function'])('%s has them again when it is given back', async (kind) => {
    const seen: string[] = [];
    const listener = trackServer(net.createServer());
    const port = await listen(listener);
    const accepted = next<[Socket]>(listener, 'connection');
    const raw = track(net.connect({ port, host: '127.0.0.1', onread: onread(kind, seen) }));
    const [peer] = await accepted;
    track(peer).write('greeting');
    while (seen.length === 0) await new Promise((resolve) => setImmediate(resolve));

    const pair = {
      client: quiet(track(new OnionSocket(raw))),
      server: quiet(track(new OnionSocket(peer))),
    };
    await goTo(pair, 2);
    await echo(pair, 'x'.repeat(5000));
    await Promise.all([pair.client.stopTLS(), pair.server.stopTLS()]);
    await Promise.all([pair.client.stopTLS(), pair.server.stopTLS()]);
    expect(seen).toEqual(['greeting']);

    pair.client.detach();
    raw.resume();
    pair.server.write('farewell');
    while (seen.length === 1) await new Promise((resolve) => setImmediate(resolve));
    expect(seen).toEqual(['greeting', 'farewell']);
  });
});
