import { OnionSocket, type StartTLSOptions } from '../../src';
import { Inbox } from '../support/events';
import { clientOptions, serverOptions } from '../support/identities';
import { goTo, type Pair, pipePair, tcpPair, track } from '../support/pairs';
import { pattern } from '../support/random';
import { TRANSPORTS, transportsOf } from '../support/transports';

const PART = 10_000_000;

/** Everything at once, without waiting for anything. */
function runProgram(socket: OnionSocket, options: StartTLSOptions, size: number): Promise<unknown> {
  socket.write(pattern(size, 1));
  const started = socket.startTLS(options);
  socket.write(pattern(size / 10, 2));
  const stopped = socket.stopTLS();
  socket.write(pattern(size / 10, 3));
  return Promise.all([started, stopped]);
}

async function expectOrder(pair: Pair, size: number): Promise<void> {
  const inbox = new Inbox(pair.server);
  const boundaries: number[] = [];
  pair.server.on('layerClose', () => boundaries.push(inbox.received));
  const client = runProgram(pair.client, clientOptions(1), size);
  // The server has to know how much belongs to each part: it reads to the end of it.
  expect((await inbox.bytes(size)).equals(pattern(size, 1))).toBe(true);
  const leftover = inbox.now();
  boundaries.push(inbox.received - leftover.length);
  const server = [pair.server.startTLS(serverOptions(1, { leftover })), pair.server.stopTLS()];
  const inside = inbox.received;
  expect((await inbox.bytes(size / 10)).equals(pattern(size / 10, 2))).toBe(true);
  expect((await inbox.bytes(size / 10)).equals(pattern(size / 10, 3))).toBe(true);
  await Promise.all([client, ...server]);
  expect(boundaries).toEqual([size, inside + size / 10]);
}

describe('program order', () => {
  test('holds for writes, startTLS and stopTLS over a transport that takes 1 KiB at a time', async () => {
    const pair = pipePair({ up: { bytesPerTurn: 1024 }, highWaterMark: 1024 });
    await expectOrder(pair, PART);
  });

  test('holds on a TCP connection', async () => {
    await expectOrder(await tcpPair(), 1_000_000);
  });

  test('holds for corked writes', async () => {
    const pair = pipePair();
    const inbox = new Inbox(pair.server);
    pair.client.cork();
    pair.client.write('before ');
    const started = pair.client.startTLS(clientOptions(1));
    pair.client.write('inside');
    pair.client.uncork();
    expect(await inbox.text(7)).toBe('before ');
    await Promise.all([started, pair.server.startTLS(serverOptions(1))]);
    expect(await inbox.text(6)).toBe('inside');
  });

  test('counts the callbacks of writes in order', async () => {
    const pair = pipePair({ bytesPerTurn: 100 });
    const log: string[] = [];
    pair.client.write('a', () => log.push('a'));
    pair.client.on('layerSecure', () => log.push('secure'));
    const client = pair.client.startTLS(clientOptions(1));
    pair.client.write('b', () => log.push('b'));
    const inbox = new Inbox(pair.server);
    await inbox.bytes(1);
    await Promise.all([client, pair.server.startTLS(serverOptions(1))]);
    await inbox.bytes(1);
    expect(log).toEqual(['a', 'secure', 'b']);
  });

  test('counts bytesWritten and bytesRead of plaintext', async () => {
    const pair = await tcpPair();
    await Promise.all([
      pair.client.startTLS(clientOptions(1)),
      pair.server.startTLS(serverOptions(1)),
    ]);
    const inbox = new Inbox(pair.server);
    pair.client.write(pattern(1234));
    await inbox.bytes(1234);
    expect(pair.client.bytesWritten).toBe(1234);
    expect(pair.server.bytesRead).toBe(1234);
  });
});

describe('a write from inside of what a batch of writes brings about', () => {
  test.each(['in one tick', 'corked'])('is not lost (%s)', async (how) => {
    const pair = await goTo(pipePair(), 1);
    const inbox = new Inbox(pair.server);
    pair.client.once('layerClose', () => pair.client.write('from the listener '));
    if (how === 'corked') pair.client.cork();
    pair.client.write('login ');
    pair.client.write('more ');
    pair.client.stopTLS({ notify: false });
    pair.client.write('plain');
    if (how === 'corked') pair.client.uncork();
    expect(await inbox.text(11)).toBe('login more ');
    await pair.server.stopTLS({ notify: false });
    expect(await inbox.text(23)).toBe('plainfrom the listener ');
  });

  test.each(TRANSPORTS)('is not lost when the peer answers at once (%s)', async (kind) => {
    const [client, server] = (await transportsOf(kind)).map((end) => track(new OnionSocket(end)));
    if (client === undefined || server === undefined) throw new Error('no pair');
    await goTo({ client, server }, 1);
    const sent = { there: 0, back: 0 };
    const write = (way: keyof typeof sent, bytes: Uint8Array): void => {
      sent[way] += bytes.length;
      (way === 'there' ? client : server).write(bytes);
    };
    server.on('data', (chunk: Buffer) => {
      for (const byte of chunk) write('back', Buffer.of(byte));
    });
    const end = new Promise<void>((resolve) => {
      client.on('data', (chunk: Buffer) => {
        for (const byte of chunk) if (sent.there < 50) write('there', Buffer.of(byte, byte));
        if (client.bytesRead === sent.there) resolve();
      });
    });
    for (const text of ['a', 'b', 'c']) write('there', Buffer.from(text));
    await end;
    expect(server.bytesRead).toBe(sent.there);
    expect(client.bytesRead).toBe(sent.back);
  });
});
