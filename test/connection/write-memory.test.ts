/** Once the callback of a write is called, its memory is the writer's again. */
import { Inbox, turns } from '../support/events';
import { goTo, pipePair, tcpPair } from '../support/pairs';
import { pattern } from '../support/random';

describe('a write whose memory is used again in its callback', () => {
  test.each([0, 1, 3])('has left before, at depth %i', async (depth) => {
    const pair = await goTo(pipePair(), depth);
    const inbox = new Inbox(pair.server);
    const buffer = Buffer.from('mine');
    pair.client.write(buffer, () => buffer.fill('x'));
    expect(await inbox.text(4)).toBe('mine');
  });

  test.each([0, 2])('has left before, corked with another one, at depth %i', async (depth) => {
    const pair = await goTo(pipePair(), depth);
    const inbox = new Inbox(pair.server);
    const buffer = Buffer.from('mine');
    pair.client.write(buffer, () => buffer.fill('x'));
    pair.client.cork();
    pair.client.write('next');
    await turns();
    pair.client.uncork();
    expect(await inbox.text(8)).toBe('minenext');
  });

  test('is not looked at by a transport that is slow, without layers', async () => {
    const pair = pipePair({ highWaterMark: 1_000_000, up: { bytesPerTurn: 10_000 } });
    const inbox = new Inbox(pair.server);
    const sent = pattern(200_000);
    const buffer = Buffer.from(sent);
    pair.client.write(buffer, () => buffer.fill(0));
    expect((await inbox.bytes(sent.length)).equals(sent)).toBe(true);
  });

  test('is not looked at by a TCP connection that is full, without layers', async () => {
    const pair = await tcpPair();
    const sent = pattern(1_000_000);
    const total = 20;
    pair.server.pause();
    for (let count = 0; count < total; count++) {
      const buffer = Buffer.from(sent);
      pair.client.write(buffer, () => buffer.fill(0));
    }
    await turns(50);
    const inbox = new Inbox(pair.server);
    pair.server.resume();
    for (let count = 0; count < total; count++) {
      expect((await inbox.bytes(sent.length)).equals(sent)).toBe(true);
    }
  });
});

test('a write() that somebody has put on the transport may keep what it is given', async () => {
  const pair = await tcpPair();
  const kept: Uint8Array[] = [];
  const passed: Buffer[] = [];
  const { transport } = pair.client;
  const write = transport.write.bind(transport) as (...values: unknown[]) => boolean;
  transport.write = ((chunk: Uint8Array, ...rest: unknown[]) => {
    kept.push(chunk);
    passed.push(Buffer.from(chunk));
    return write(chunk, ...rest);
  }) as typeof transport.write;
  await goTo(pair, 2);
  const inbox = new Inbox(pair.server);
  for (let round = 0; round < 3; round++) {
    pair.client.write(pattern(50_000, round));
    await inbox.bytes(50_000);
  }
  expect(Buffer.concat(kept).equals(Buffer.concat(passed))).toBe(true);
});

describe('the callbacks of writes', () => {
  test.each([0, 1])(
    'are called when the socket is destroyed before, at depth %i',
    async (depth) => {
      const pair = await goTo(pipePair(), depth);
      pair.pipe.up.stall();
      const codes: unknown[] = [];
      for (let count = 0; count < 3; count++) {
        pair.client.write(pattern(100_000), (error) =>
          codes.push((error as { code?: string }).code),
        );
      }
      await turns();
      expect(codes).toEqual([]);
      pair.client.destroy();
      await turns();
      expect(codes).toEqual(Array.from({ length: 3 }, () => 'ERR_STREAM_DESTROYED'));
    },
  );

  test.each([
    [0, undefined],
    [1, undefined],
    [0, new Error('enough')],
    [1, new Error('enough')],
  ])(
    'are called for small writes in the tick of destroy(), at depth %i (%p)',
    async (depth, error) => {
      const pair = await goTo(pipePair(), depth);
      const got: unknown[] = [];
      for (const text of ['a', 'b', 'c']) pair.client.write(text, (reason) => got.push(reason));
      pair.client.destroy(error);
      await turns();
      const isLost = expect.objectContaining({ code: 'ERR_STREAM_DESTROYED' });
      expect(got).toEqual(error === undefined ? [null, isLost, isLost] : [error, error, error]);
    },
  );

  test('get the error that the socket is destroyed with', async () => {
    const pair = await goTo(pipePair(), 1);
    pair.pipe.up.stall();
    const error = new Error('enough');
    const got: unknown[] = [];
    for (let count = 0; count < 2; count++) {
      pair.client.write(pattern(100_000), (reason) => got.push(reason));
    }
    pair.client.destroy(error);
    await turns();
    expect(got).toEqual([error, error]);
  });
});

test('bytesWritten counts what waits once', async () => {
  const pair = await goTo(pipePair(), 1);
  pair.pipe.up.stall();
  for (let count = 1; count <= 3; count++) {
    pair.client.write(pattern(100_000));
    expect(pair.client.bytesWritten).toBe(count * 100_000);
  }
  pair.client.write('small');
  await turns();
  expect(pair.client.bytesWritten).toBe(300_005);
  pair.pipe.up.resume();
  pair.server.resume();
  await turns(50);
  expect(pair.client.bytesWritten).toBe(300_005);
});
