import type { OnionSocket, TLSLayer } from '../../src';
import { Inbox, next, rejectionOf, turns, watch } from '../support/events';
import { clientOptions, layerPair, levelsTo, serverOptions } from '../support/identities';
import { goTo, type Pair, pipePair, startBoth, stopBoth, tcpPair } from '../support/pairs';
import type { Shape } from '../support/pipe';
import { pattern } from '../support/random';

const SHAPES: Shape[] = ['asWritten', 'bytes', 'glued', 1, 2];
const MEGABYTE = 1024 * 1024;

async function say(pair: Pair, words: string): Promise<void> {
  const [atServer, atClient] = [new Inbox(pair.server), new Inbox(pair.client)];
  pair.client.write(words);
  pair.server.write(words);
  expect(await atServer.text(words.length)).toBe(words);
  expect(await atClient.text(words.length)).toBe(words);
}

describe('stopTLS', () => {
  test.each(SHAPES)(
    'takes five layers off one by one and puts them on again (%s)',
    async (shape) => {
      const pair = await goTo(pipePair({ shape }), 5);
      for (const level of levelsTo(5).reverse()) {
        await stopBoth(pair);
        expect([pair.client.depth, pair.server.depth]).toEqual([level - 1, level - 1]);
        await say(pair, `at depth ${level - 1}`);
      }
      await goTo(pair, 5);
      await say(pair, 'up again');
    },
  );

  test.each(SHAPES)('takes five layers off without waiting for each other (%s)', async (shape) => {
    const pair = await goTo(pipePair({ shape }), 5);
    const stops = levelsTo(5).flatMap(() => [pair.client.stopTLS(), pair.server.stopTLS()]);
    for (const { reason } of await Promise.all(stops)) expect(reason).toBe('clean');
    await say(pair, 'without a layer');
  });

  test('takes the innermost layer, and says which one it was and how it went', async () => {
    const pair = await goTo(await tcpPair(), 3);
    const innermost = pair.client.layers.at(-1);
    const [result] = await Promise.all([pair.client.stopTLS(), pair.server.stopTLS()]);
    expect(result).toEqual({ layer: innermost, reason: 'clean' });
    expect(innermost?.state).toBe('closed');
  });

  test('sends plain bytes after the last layer is gone', async () => {
    const pair = await goTo(pipePair(), 1);
    await stopBoth(pair);
    const before = pair.pipe.up.written;
    pair.client.write('readable on the wire');
    await new Inbox(pair.server).text(20);
    expect(pair.pipe.up.bytes.subarray(before).toString()).toBe('readable on the wire');
  });

  test('delivers what the peer had in flight before its close_notify', async () => {
    const pair = await goTo(pipePair({ shape: 3 }), 2);
    const sent = pattern(MEGABYTE);
    const inbox = new Inbox(pair.client);
    pair.server.write(sent);
    const stops = [pair.client.stopTLS(), pair.server.stopTLS()];
    expect((await inbox.bytes(sent.length)).equals(sent)).toBe(true);
    await Promise.all(stops);
  });

  test('goes on reading in the layer until the peer stops too', async () => {
    const pair = await goTo(pipePair(), 2);
    const inbox = new Inbox(pair.client);
    pair.pipe.up.stall();
    const stop = pair.client.stopTLS();
    await turns();
    pair.server.write('still inside');
    expect(await inbox.text(12)).toBe('still inside');
    expect(pair.client.layers.at(-1)?.state).toBe('writeClosed');
    const answer = pair.server.stopTLS();
    pair.pipe.up.resume();
    await Promise.all([stop, answer]);
  });

  test('puts both sides below at the same moment with a megabyte in flight each way', async () => {
    const pair = await goTo(await tcpPair(), 3);
    const [up, down] = [pattern(MEGABYTE, 1), pattern(MEGABYTE, 2)];
    const [atServer, atClient] = [new Inbox(pair.server), new Inbox(pair.client)];
    pair.client.write(up);
    pair.server.write(down);
    const stops = Promise.all([pair.client.stopTLS(), pair.server.stopTLS()]);
    pair.client.write('below');
    pair.server.write('below');
    expect((await atServer.bytes(MEGABYTE)).equals(up)).toBe(true);
    expect((await atClient.bytes(MEGABYTE)).equals(down)).toBe(true);
    for (const { reason } of await stops) expect(reason).toBe('clean');
    expect(await atServer.text(5)).toBe('below');
    expect(await atClient.text(5)).toBe('below');
  });

  test.each([1, 2, 5])(
    'hands bytes glued behind close_notify to the layer below, once, at depth %i',
    async (depth) => {
      const pair = await goTo(pipePair({ shape: 'glued' }), depth);
      const inbox = new Inbox(pair.server);
      const log: string[] = [];
      pair.server.on('layerClose', (layer: TLSLayer) => log.push(`closed ${layer.index}`));
      pair.server.on('data', (chunk: Buffer) => log.push(chunk.toString()));
      const before = pair.pipe.up.chunks.length;
      const stops = [pair.client.stopTLS(), pair.server.stopTLS()];
      pair.client.write('trailing');
      await Promise.all(stops);
      expect(await inbox.text(8)).toBe('trailing');
      await turns();
      expect(log).toEqual([`closed ${depth}`, 'trailing']);
      expect(inbox.waiting).toBe(0);
      expect(pair.pipe.up.chunks.length).toBeGreaterThan(before);
    },
  );

  test.each(SHAPES)('can be followed by startTLS without waiting (%s)', async (shape) => {
    const pair = await goTo(pipePair({ shape }), 2);
    const [atServer, atClient] = [new Inbox(pair.server), new Inbox(pair.client)];
    const all: Promise<unknown>[] = [];
    for (let round = 0; round < 3; round++) {
      for (const [socket, options] of [
        [pair.client, clientOptions(2)],
        [pair.server, serverOptions(2)],
      ] as const) {
        socket.write(`${round} `);
        all.push(socket.stopTLS());
        all.push(socket.startTLS(options));
      }
    }
    pair.client.write('end');
    pair.server.write('end');
    const expected = '0 1 2 end';
    expect(await atServer.text(expected.length)).toBe(expected);
    expect(await atClient.text(expected.length)).toBe(expected);
    await Promise.all(all);
    expect(pair.client.depth).toBe(2);
  });

  test.each(['SxSS', 'SSxxS', 'SSxSxxS', 'SSSxSxxSxxS'])(
    'works in any order without waiting: %s (S starts, x stops)',
    async (calls) => {
      const pair = pipePair({ shape: 'glued' });
      const [atServer, atClient] = [new Inbox(pair.server), new Inbox(pair.client)];
      const all: Promise<unknown>[] = [];
      for (const [socket, options] of [
        [pair.client, clientOptions],
        [pair.server, serverOptions],
      ] as const) {
        let depth = 0;
        for (const call of calls) {
          if (call === 'S') all.push(socket.startTLS(options(++depth)));
          else all.push(socket.stopTLS(), Promise.resolve(depth--));
        }
        socket.write('end');
      }
      await Promise.all(all);
      expect(await atServer.text(3)).toBe('end');
      expect(await atClient.text(3)).toBe('end');
    },
  );

  test('rejects when there is no layer', async () => {
    const pair = pipePair();
    const error = await rejectionOf(pair.client.stopTLS());
    expect(error).toMatchObject({ name: 'StateError', code: 'ERR_ONION_STATE' });
    expect(pair.client.destroyed).toBe(false);
  });
});

describe('a peer that does not answer close_notify', () => {
  test('has the connection destroyed after the timeout', async () => {
    const pair = await goTo(pipePair(), 2);
    const ending = watch(pair.client);
    pair.pipe.down.stall();
    const error = await rejectionOf(pair.client.stopTLS({ timeout: 20 }));
    expect(error).toMatchObject({
      name: 'TLSTimeoutError',
      code: 'ERR_ONION_STOP_TIMEOUT',
      layer: 2,
    });
    await ending.closed;
    expect(ending.errors).toEqual([error]);
  });

  test("is left behind with onTimeout: 'abandon', and the layer below goes on", async () => {
    const pair = await goTo(pipePair(), 2);
    const inbox = new Inbox(pair.server);
    const closed = next(pair.client, 'layerClose');
    const layer = pair.client.layers.at(-1);
    await pair.server.stopTLS({ notify: false });
    const result = await pair.client.stopTLS({ timeout: 20, onTimeout: 'abandon' });
    expect(result).toEqual({ layer, reason: 'timeout' });
    expect(await closed).toEqual([layer, 'timeout']);
    // To the server, which has left the layer before, the close_notify is a record like any other bytes.
    expect((await inbox.bytes(24)).readUInt16BE(3)).toBe(19);
    pair.client.write('below');
    expect(await inbox.text(5)).toBe('below');
  });

  test('is not waited for once the signal aborts', async () => {
    const pair = await goTo(pipePair(), 1);
    const ending = watch(pair.client);
    const controller = new AbortController();
    pair.pipe.down.stall();
    const stop = pair.client.stopTLS({ signal: controller.signal });
    await turns();
    controller.abort(new Error('enough'));
    const error = await rejectionOf(stop);
    expect(error).toMatchObject({
      name: 'AbortError',
      code: 'ABORT_ERR',
      cause: new Error('enough'),
    });
    await ending.closed;
    expect(ending.log.filter((name) => name === 'close')).toHaveLength(1);
  });
});

describe('stopTLS({ notify: false })', () => {
  test('drops the layer on both sides without a byte on the wire', async () => {
    const pair = await goTo(pipePair(), 2);
    await say(pair, 'inside');
    const before = [pair.pipe.up.written, pair.pipe.down.written];
    const results = await Promise.all([
      pair.client.stopTLS({ notify: false }),
      pair.server.stopTLS({ notify: false }),
    ]);
    for (const { reason } of results) expect(reason).toBe('abandoned');
    expect([pair.pipe.up.written, pair.pipe.down.written]).toEqual(before);
    expect(pair.client.depth).toBe(1);
    await say(pair, 'below');
  });

  test('leaves plain bytes after a login that was the only thing encrypted', async () => {
    const pair = pipePair({ shape: 5 });
    await startBoth(pair, 1);
    const inbox = new Inbox(pair.server);
    pair.client.write('login');
    expect(await inbox.text(5)).toBe('login');
    const stops = [pair.client.stopTLS({ notify: false }), pair.server.stopTLS({ notify: false })];
    await Promise.all(stops);
    const before = pair.pipe.up.written;
    pair.client.write('query in the clear');
    expect(await inbox.text(18)).toBe('query in the clear');
    expect(pair.pipe.up.bytes.subarray(before).toString()).toBe('query in the clear');
  });
});

describe('an aborted startTLS', () => {
  test('destroys the connection with an AbortError', async () => {
    const pair = pipePair();
    const ending = watch(pair.client);
    const controller = new AbortController();
    const { client } = layerPair(1);
    const started = pair.client.startTLS({ ...client, signal: controller.signal });
    await turns();
    controller.abort();
    expect(await rejectionOf(started)).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR' });
    await ending.closed;
  });

  test('does nothing when the signal had aborted before', async () => {
    const pair = pipePair();
    const { client } = layerPair(1);
    const started = pair.client.startTLS({ ...client, signal: AbortSignal.abort() });
    expect(await rejectionOf(started)).toMatchObject({ name: 'AbortError' });
    expect(pair.client.depth).toBe(0);
    expect(pair.client.destroyed).toBe(false);
    await say(pair, 'alive');
  });
});

describe("a stop that answers the message before the peer's close_notify", () => {
  const MESSAGE = 'this was the last';
  type Hear = (socket: OnionSocket) => Promise<string>;
  const READERS: [string, Hear][] = [
    ["'data'", (socket) => new Inbox(socket).text(MESSAGE.length)],
    [
      'read()',
      async (socket) => {
        for (;;) {
          const message = socket.read(MESSAGE.length) as Buffer | null;
          if (message !== null) return message.toString();
          await next(socket, 'readable');
        }
      },
    ],
  ];
  const CASES = READERS.flatMap(([name, hear]) =>
    SHAPES.flatMap((shape) =>
      [true, false].map((allowed) => [name, shape, allowed, hear] as const),
    ),
  );

  test.each(CASES)(
    'is a stop of both (%s, %s, allowPeerStop: %s)',
    async (_, shape, allowed, hear) => {
      const pair = await goTo(pipePair({ shape }), 2, { client: { allowPeerStop: allowed } });
      const heard = hear(pair.client);
      pair.server.write(MESSAGE);
      const atServer = pair.server.stopTLS();
      pair.server.write('below');
      expect(await heard).toBe(MESSAGE);
      const { layer, reason } = await pair.client.stopTLS();
      expect([layer.index, reason]).toEqual([2, 'clean']);
      expect((await atServer).reason).toBe('clean');
      expect(await new Inbox(pair.client).text(5)).toBe('below');
      expect(pair.client.depth).toBe(1);
    },
  );
});
