import { Duplex, Transform } from 'node:stream';
import { ChecksumError, Exchange } from '../../src/cli/demo/exchange';

/** Two ends of a connection in memory; `damage` sees what goes from the first to the second. */
function pair(damage: (chunk: Buffer) => Buffer = (chunk) => chunk): [Duplex, Duplex] {
  const there = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      done(null, damage(chunk));
    },
  });
  const back = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      done(null, chunk);
    },
  });
  return [
    Duplex.from({ readable: back, writable: there }),
    Duplex.from({ readable: there, writable: back }),
  ];
}

describe('Exchange', () => {
  test.each([0, 1, 65_536, 65_537, 1_000_000])('moves %d bytes both ways', async (bytes) => {
    const [one, other] = pair().map((socket) => new Exchange(socket)) as [Exchange, Exchange];
    let last = 0;

    await Promise.all([
      one.run(bytes, (moved) => {
        last = moved;
      }),
      other.run(bytes),
    ]);

    expect([last, one.bytesMoved, other.bytesMoved]).toEqual([2 * bytes, 2 * bytes, 2 * bytes]);
  });

  test('reads not one byte more than its own', async () => {
    let seen = 0;
    const [one, other] = pair((chunk) => {
      seen += chunk.length;
      return seen < 1000 + 32 ? chunk : Buffer.concat([chunk, Buffer.from('for the next layer')]);
    });
    await Promise.all([new Exchange(one).run(1000), new Exchange(other).run(1000)]);

    other.resume();
    const next = await new Promise((resolve) => other.once('data', resolve));
    expect(String(next)).toBe('for the next layer');
  });

  test('notices a byte that was changed on the way', async () => {
    let seen = 0;
    const [one, other] = pair((chunk) => {
      const copy = Buffer.from(chunk);
      const at = 70_000 - seen;
      if (at >= 0 && at < copy.length) copy.writeUInt8(copy.readUInt8(at) ^ 1, at);
      seen += copy.length;
      return copy;
    });

    const results = await Promise.allSettled([
      new Exchange(one).run(100_000),
      new Exchange(other).run(100_000),
    ]);

    expect(results[0]).toMatchObject({ status: 'fulfilled' });
    expect(results[1]).toMatchObject({ status: 'rejected', reason: expect.any(ChecksumError) });
  });

  test('notices blocks that changed places', async () => {
    let held: Buffer | null = null;
    const [one, other] = pair((chunk) => {
      if (held === null) {
        held = Buffer.from(chunk);
        return Buffer.alloc(0);
      }
      const both = Buffer.concat([chunk, held]);
      held = Buffer.alloc(0);
      return both;
    });

    const results = await Promise.allSettled([
      new Exchange(one).run(300_000),
      new Exchange(other).run(300_000),
    ]);

    expect(results[1]).toMatchObject({ status: 'rejected', reason: expect.any(ChecksumError) });
  });

  test('fails when the other end closes early', async () => {
    const [one, other] = pair();
    const done = new Exchange(other).run(1000);
    one.end('too little');

    await expect(done).rejects.toThrow('closed the connection early');
  });
});
