import { Inbox } from '../support/events';
import { goTo, type PipePair, pipePair } from '../support/pairs';
import { pattern } from '../support/random';

/** The lengths of the records that the client has sent since `from`, by their headers (RFC 8446 §5.1). */
function recordSizes(pair: PipePair, from: number): number[] {
  const wire = pair.pipe.up.bytes.subarray(from);
  const sizes: number[] = [];
  for (let at = 0; at < wire.length; at += 5 + (sizes.at(-1) as number)) {
    sizes.push(wire.readUInt16BE(at + 3));
  }
  return sizes;
}

async function sizesOf(bytes: number, dynamicRecordSizing: boolean): Promise<number[]> {
  const pair = await goTo(pipePair({ clientSocket: { dynamicRecordSizing } }), 1);
  const inbox = new Inbox(pair.server);
  const before = pair.pipe.up.bytes.length;
  const sent = pattern(bytes);
  pair.client.write(sent);
  expect((await inbox.bytes(bytes)).equals(sent)).toBe(true);
  return recordSizes(pair, before);
}

describe('dynamicRecordSizing', () => {
  test('starts with records that fit a segment and goes over to full ones', async () => {
    const sizes = await sizesOf(1_000_000, true);
    expect(Math.max(...sizes.slice(0, 40))).toBeLessThanOrEqual(1400);
    expect(Math.min(...sizes.slice(60, -1))).toBeGreaterThan(16_000);
  });

  test('is off by default: all records but the last are full', async () => {
    const sizes = await sizesOf(100_000, false);
    expect(Math.min(...sizes.slice(0, -1))).toBeGreaterThan(16_000);
  });
});
