import { OnionSocket } from '../../src';
import { Inbox, next, turns, writeAll } from '../support/events';
import { goTo, type Pair, pipePair, quiet, stopBoth, tcpPair, track } from '../support/pairs';
import { pattern } from '../support/random';
import { transportsOf } from '../support/transports';

const MEGABYTE = 1024 * 1024;
/** What a connection may hold of a stream that nobody reads, whatever its depth. */
const BOUND = 2 * MEGABYTE;

/** Writes until the stream says that it is full, and then as often as it drains; stops when nothing moves. */
async function writeUntilFull(pair: Pair, atMost: number): Promise<number> {
  const chunk = pattern(64 * 1024);
  let written = 0;
  let isFull = false;
  pair.client.on('drain', () => {
    isFull = false;
  });
  for (let quiet = 0; quiet < 50 && written < atMost; ) {
    if (isFull) {
      quiet++;
      await turns(2);
    } else {
      quiet = 0;
      isFull = !pair.client.write(chunk);
      written += chunk.length;
    }
  }
  return written;
}

describe('a reader that is paused', () => {
  test.each([0, 1, 2, 5])(
    'stops the transport and in the end the writer, at depth %i',
    async (depth) => {
      const pair = await goTo(pipePair(), depth);
      pair.server.pause();
      const written = await writeUntilFull(pair, 50 * MEGABYTE);
      expect(written).toBeLessThan(BOUND);
      expect(pair.pipe.up.delivered).toBeLessThan(BOUND);
      expect(pair.pipe.b.isPaused() || pair.pipe.b.readableLength > 0).toBe(true);

      const inbox = new Inbox(pair.server);
      pair.server.resume();
      const bytes = await inbox.bytes(written);
      expect(bytes.length).toBe(written);
      expect(bytes.subarray(-65536).equals(pattern(64 * 1024))).toBe(true);
    },
  );

  test('that never reads at all keeps a TCP connection bounded', async () => {
    const pair = await goTo(await tcpPair(), 3);
    const written = await writeUntilFull(pair, 200 * MEGABYTE);
    // The kernel's buffers come on top.
    expect(written).toBeLessThan(BOUND + 16 * MEGABYTE);
    expect(pair.server.readableLength).toBeLessThan(BOUND);
    expect(pair.client.writableLength).toBeLessThan(BOUND);
  });

  test('gets all bytes when it pauses after each chunk', async () => {
    const pair = await goTo(pipePair({ shape: 9 }), 3);
    const sent = pattern(MEGABYTE);
    const seen: Buffer[] = [];
    let length = 0;
    const done = new Promise<void>((resolve) => {
      pair.server.on('data', (chunk: Buffer) => {
        seen.push(chunk);
        length += chunk.length;
        pair.server.pause();
        setImmediate(() => pair.server.resume());
        if (length === sent.length) resolve();
      });
    });
    await Promise.all([writeAll(pair.client, sent), done]);
    expect(Buffer.concat(seen).equals(sent)).toBe(true);
  });

  test('does not keep a handshake from going on', async () => {
    const pair = pipePair();
    pair.client.pause();
    pair.server.pause();
    await goTo(pair, 3);
    expect(pair.server.depth).toBe(3);
  });

  test('holds back a megabyte and still comes out of its layers', async () => {
    const pair = await goTo(pipePair(), 2);
    const sent = pattern(MEGABYTE);
    pair.server.pause();
    pair.client.write(sent);
    const stopped = stopBoth(pair);
    await turns();
    const inbox = new Inbox(pair.server);
    pair.server.resume();
    expect((await inbox.bytes(sent.length)).equals(sent)).toBe(true);
    await stopped;
  });
});

describe('a transport that stalls', () => {
  test('stops the writer, also where it can not say that it waits for its drain', async () => {
    const ends = await transportsOf('packaged');
    const [client, server] = ends.map((end) => quiet(track(new OnionSocket(end))));
    const pair = await goTo({ client, server } as Pair, 1);
    const { transport } = pair.client;
    const write = transport._write;
    const stalled = new Promise<() => void>((resolve) => {
      transport._write = (chunk, encoding, done) => {
        resolve(() => {
          transport._write = write;
          transport._write(chunk, encoding, done);
        });
      };
    });
    const written = await writeUntilFull(pair, 50 * MEGABYTE);
    expect(written).toBeLessThan(BOUND);
    const inbox = new Inbox(pair.server);
    (await stalled)();
    expect((await inbox.bytes(written)).length).toBe(written);
  });

  test.each([0, 1, 5])('stops the writer at depth %i', async (depth) => {
    const pair = await goTo(pipePair(), depth);
    await turns();
    pair.pipe.up.stall();
    const written = await writeUntilFull(pair, 50 * MEGABYTE);
    expect(written).toBeLessThan(BOUND);
    expect(pair.client.writableNeedDrain).toBe(true);

    const inbox = new Inbox(pair.server);
    const drained = next(pair.client, 'drain');
    pair.pipe.up.resume();
    await drained;
    expect((await inbox.bytes(written)).length).toBe(written);
  });

  test('keeps memory bounded while a peer sends requests for answers', async () => {
    const pair = await goTo(pipePair(), 2);
    await turns();
    pair.pipe.down.stall();
    pair.server.resume();
    const before = pair.pipe.up.delivered;
    // Each key update asks for an answer, which can't leave.
    for (let round = 0; round < 200; round++) {
      if (pair.client.destroyed) break;
      pair.client.layers[1]?.keyUpdate(true);
      await turns(1);
    }
    expect(pair.pipe.up.delivered).toBeGreaterThan(before);
    expect(pair.server.transport.writableLength).toBeLessThan(MEGABYTE);
  });
});

describe('a hundred megabytes through five layers', () => {
  test('leave memory where it was', async () => {
    const pair = await goTo(await tcpPair(), 5);
    const chunk = pattern(MEGABYTE);
    let received = 0;
    let peak = 0;
    const total = 100 * MEGABYTE;
    const done = new Promise<void>((resolve) => {
      pair.server.on('data', (bytes: Buffer) => {
        received += bytes.length;
        peak = Math.max(peak, pair.client.writableLength + pair.server.readableLength);
        if (received >= total) resolve();
      });
    });
    for (let sent = 0; sent < total; sent += chunk.length) await writeAll(pair.client, chunk);
    await done;
    expect(received).toBe(total);
    expect(peak).toBeLessThan(BOUND);
    const rss = Math.round(process.memoryUsage().rss / MEGABYTE);
    process.stdout.write(`RSS after 100 MiB through 5 layers: ${rss} MiB\n`);
  });
});
