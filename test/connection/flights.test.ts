import { Inbox, turns } from '../support/events';
import { clientOptions, levelsTo, serverOptions } from '../support/identities';
import { type PipePair, pipePair, startAll } from '../support/pairs';

/** Delivers what waits in one direction, and lets the receiver answer. */
async function carry(pair: PipePair, direction: 'up' | 'down'): Promise<void> {
  const lane = pair.pipe[direction];
  while (lane.queued > 0) {
    lane.flush();
    await turns(4);
  }
}

/** Starts `depth` layers on both sides with a transport that delivers nothing by itself. */
async function startHeld(depth: number, version?: 'TLSv1.2'): Promise<PipePair> {
  const pair = pipePair({ shape: 'glued' });
  pair.pipe.up.stall();
  pair.pipe.down.stall();
  const extra = version === undefined ? {} : { maxVersion: version };
  startAll(
    pair.server,
    levelsTo(depth).map((level) => serverOptions(level, extra)),
  );
  startAll(
    pair.client,
    levelsTo(depth).map((level) => clientOptions(level, extra)),
  );
  await turns();
  return pair;
}

const isUp = (pair: PipePair): boolean => {
  return pair.client.layers.every((layer) => layer.state === 'established');
};

async function countRoundTrips(pair: PipePair): Promise<number> {
  let trips = 0;
  while (!isUp(pair) && trips < 50) {
    trips++;
    await carry(pair, 'up');
    await carry(pair, 'down');
  }
  return trips;
}

describe('starting layers', () => {
  test.each(levelsTo(5))('takes %i round trips for as many layers of TLS 1.3', async (depth) => {
    const pair = await startHeld(depth);
    expect(await countRoundTrips(pair)).toBe(depth);
  });

  test.each(levelsTo(3))(
    'takes two round trips for each of %i layers of TLS 1.2',
    async (depth) => {
      const pair = await startHeld(depth, 'TLSv1.2');
      expect(await countRoundTrips(pair)).toBe(2 * depth);
    },
  );

  test('lets the first data leave with the Finished of the innermost layer', async () => {
    const pair = await startHeld(5);
    const inbox = new Inbox(pair.server);
    pair.client.write('first');
    await countRoundTrips(pair);
    await carry(pair, 'up');
    expect(inbox.now().toString()).toBe('first');
  });

  test('sends the ClientHello of the inner layer in the same write as the Finished of the outer one', async () => {
    const pair = await startHeld(2);
    await carry(pair, 'up');
    const before = pair.pipe.up.chunks.length;
    await carry(pair, 'down');
    expect(pair.pipe.up.chunks.length - before).toBe(1);
  });

  test('sends nothing of the inner layer before the outer one is established', async () => {
    const pair = await startHeld(2);
    expect(pair.client.layers.map((layer) => layer.state)).toEqual(['handshaking', 'waiting']);
    expect(pair.pipe.up.chunks.length).toBe(1);
  });
});

describe('stopping layers', () => {
  test('takes at most one round trip for each of five layers', async () => {
    const pair = await startHeld(5);
    await countRoundTrips(pair);
    await carry(pair, 'up');
    await carry(pair, 'down');
    const [sent, received] = [pair.pipe.up.chunks.length, pair.pipe.down.chunks.length];
    const stops = levelsTo(5).map(() => pair.client.stopTLS());
    const answers = levelsTo(5).map(() => pair.server.stopTLS());
    await turns();
    for (let trip = 1; trip <= 5; trip++) {
      await carry(pair, 'up');
      await carry(pair, 'down');
    }
    for (const { reason } of await Promise.all([...stops, ...answers]))
      expect(reason).toBe('clean');
    expect(pair.pipe.up.chunks.length).toBeGreaterThan(sent);
    expect(pair.pipe.down.chunks.length).toBeGreaterThan(received);
    expect([pair.client.depth, pair.server.depth]).toEqual([0, 0]);
  });

  test('end() sends close_notify on every layer in one write and then ends the transport', async () => {
    const pair = await startHeld(5);
    await countRoundTrips(pair);
    await carry(pair, 'up');
    await carry(pair, 'down');
    const before = pair.pipe.up.chunks.length;
    pair.client.end();
    await turns();
    expect(pair.pipe.up.chunks.length - before).toBe(1);
    expect(pair.pipe.up.ended).toBe(true);
    const inbox = new Inbox(pair.server);
    await carry(pair, 'up');
    pair.pipe.up.resume();
    expect((await inbox.rest()).length).toBe(0);
  });
});
