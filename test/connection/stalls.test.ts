import { OnionSocket, TLSTimeoutError, TruncationError } from '../../src';
import { Inbox, rejectionOf, turns, watch } from '../support/events';
import { clientOptions } from '../support/identities';
import { goTo, pipePair, track } from '../support/pairs';
import { Pipe } from '../support/pipe';
import { pattern } from '../support/random';

describe('stopTLS', () => {
  test.each(['destroy', 'abandon'] as const)(
    'is bounded where its close_notify waits behind writes that the peer does not take (%s)',
    async (onTimeout) => {
      const pair = await goTo(pipePair(), 2);
      pair.pipe.up.stall();
      pair.client.write(pattern(500_000));
      const before = pair.pipe.up.bytes.length;
      const ending = watch(pair.client);
      const error = await rejectionOf(pair.client.stopTLS({ timeout: 60, onTimeout }));
      expect(error).toBeInstanceOf(TLSTimeoutError);
      expect(error).toMatchObject({ code: 'ERR_ONION_STOP_TIMEOUT', layer: 2 });
      await ending.closed;
      expect(ending.errors).toEqual([error]);
      expect(pair.pipe.up.bytes.subarray(before).includes(pattern(64))).toBe(false);
    },
  );

  test('does not time out while the peer still takes the writes before it', async () => {
    const pair = await goTo(pipePair({ up: { bytesPerTurn: 2048 } }), 1);
    let received = 0;
    pair.server.on('data', (chunk: Buffer) => {
      received += chunk.length;
    });
    pair.client.write(pattern(3_000_000));
    const stops = [pair.client.stopTLS({ timeout: 200 }), pair.server.stopTLS()];
    const [stopped] = await Promise.all(stops);
    expect(stopped?.reason).toBe('clean');
    expect(received).toBe(3_000_000);
  });

  test.each(['destroy', 'abandon'] as const)(
    'does not time out while the answer is behind what nobody reads (%s)',
    async (onTimeout) => {
      const pair = await goTo(pipePair({ highWaterMark: 1000 }), 1, {
        server: { allowPeerStop: true },
      });
      const sent = pattern(300_000);
      pair.client.pause();
      pair.server.write(sent);
      const ending = watch(pair.client);
      jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
      const stop = pair.client.stopTLS({ timeout: 20, onTimeout });
      await turns();
      jest.advanceTimersByTime(1000);
      await turns();
      jest.useRealTimers();
      expect(ending.log).toEqual([]);
      const inbox = new Inbox(pair.client);
      pair.client.resume();
      expect((await stop).reason).toBe('clean');
      pair.server.write('below');
      expect((await inbox.bytes(sent.length)).equals(sent)).toBe(true);
      expect(await inbox.text(5)).toBe('below');
    },
  );

  test("tells of a layer once where the peer's stop comes before a stop without close_notify", async () => {
    const pair = await goTo(pipePair(), 1);
    const told: string[] = [];
    pair.client.on('layerClose', (_layer, reason) => told.push(reason));
    pair.pipe.up.stall();
    pair.client.write(pattern(200_000));
    const stop = pair.client.stopTLS({ notify: false });
    pair.server.stopTLS().catch(() => {});
    await turns();
    pair.server.resume();
    pair.pipe.up.resume();
    expect((await stop).reason).toBe('abandoned');
    expect(told).toEqual(['clean']);
  });

  test('followed by startTLS fails when the transport ends before the layer is gone', async () => {
    const pair = await goTo(pipePair({ serverSocket: { allowHalfOpen: true } }), 1, {
      client: { requireCloseNotify: false },
    });
    const stop = rejectionOf(pair.client.stopTLS());
    const start = rejectionOf(pair.client.startTLS(clientOptions(1)));
    pair.client.resume();
    pair.pipe.down.cut();
    expect(await start).toBeInstanceOf(TruncationError);
    expect(await stop).toBe(await start);
  });
});

describe('startTLS', () => {
  test('is bounded where it waits behind writes that the peer does not take', async () => {
    const pair = await goTo(pipePair(), 1);
    pair.pipe.up.stall();
    pair.client.write(pattern(500_000));
    const ending = watch(pair.client);
    const start = pair.client.startTLS(clientOptions(2, { handshakeTimeout: 60 }));
    const error = await rejectionOf(start);
    expect(error).toBeInstanceOf(TLSTimeoutError);
    expect(error).toMatchObject({ code: 'ERR_TLS_HANDSHAKE_TIMEOUT', layer: 2 });
    await ending.closed;
    expect(ending.errors).toEqual([error]);
  });

  test('fails at once on a transport that can not be written to', async () => {
    const pair = pipePair();
    pair.pipe.a.end();
    const ending = watch(pair.client);
    const error = await rejectionOf(pair.client.startTLS(clientOptions(1)));
    expect(error).toMatchObject({ code: 'EPIPE' });
    await ending.closed;
    expect(ending.errors).toEqual([error]);
  });
});

describe('a transport that was destroyed before', () => {
  test.each([undefined, new Error('ECONNRESET, say')])(
    '(with %p) takes no write for sent',
    async (reason) => {
      const { a } = new Pipe();
      a.on('error', () => {}).destroy(reason);
      await turns();
      const socket = track(new OnionSocket(a));
      const ending = watch(socket);
      const told = new Promise((resolve) => socket.write('lost', resolve));
      expect(await told).toBeInstanceOf(Error);
      await ending.closed;
      expect(ending.errors).toEqual(reason === undefined ? [] : [reason]);
    },
  );
});

test.each(['a text', undefined])(
  'an error of the transport that is %p is made one',
  async (value) => {
    const pair = pipePair();
    const ending = watch(pair.client);
    const error = rejectionOf(pair.client.startTLS(clientOptions(1)));
    pair.pipe.a.emit('error', value);
    expect(await error).toBeInstanceOf(Error);
    await ending.closed;
    expect(ending.errors).toEqual([await error]);
  },
);
