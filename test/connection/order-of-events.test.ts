/** What came first is told first, and the layers are then as they were when it came. */
import { once } from 'node:events';
import { OnionSocket } from '../../src';
import { Inbox, turns, watch } from '../support/events';
import { clientOptions, serverOptions } from '../support/identities';
import { goTo, pipePair, quiet, track } from '../support/pairs';
import { corruptByte } from '../support/pipe';
import { pattern } from '../support/random';
import { TRANSPORTS, transportsOf } from '../support/transports';

const SHAPES = ['glued', 'asWritten', 'bytes'] as const;
const onServer = { server: { allowPeerStop: true } };

describe('data in one piece with what ends its layer', () => {
  test.each(SHAPES)("stopTLS in 'data' is about the layer of the data (%s)", async (shape) => {
    const pair = await goTo(pipePair({ shape }), 2, onServer);
    const inner = pair.server.layers[1];
    const states: unknown[] = [];
    const stopped = new Promise((resolve) => {
      pair.server.once('data', () => {
        states.push(pair.server.depth, inner?.state);
        resolve(pair.server.stopTLS());
      });
    });
    pair.client.resume().write('let us stop');
    const ours = pair.client.stopTLS();
    expect(await stopped).toEqual({ layer: inner, reason: 'clean' });
    expect((await ours).reason).toBe('clean');
    expect(states).toEqual([2, 'established']);
    expect([pair.client.depth, pair.server.depth]).toEqual([1, 1]);
  });

  test.each(SHAPES)("startTLS in 'data' is inside of that layer (%s)", async (shape) => {
    const pair = await goTo(pipePair({ shape }), 1, onServer);
    const ending = watch(pair.server);
    pair.server.once('data', () => pair.server.startTLS(serverOptions(2)));
    pair.client.resume().write('go on');
    pair.client.stopTLS();
    await ending.closed;
    expect(ending.errors[0]).toMatchObject({ code: 'ERR_ONION_TRUNCATED', layer: 2 });
  });

  test('a reader that has enough is told of the end of the layer all the same', async () => {
    const pair = await goTo(pipePair({ shape: 'glued', serverSocket: { highWaterMark: 10 } }), 2);
    pair.server.pause();
    pair.client.write('more than ten bytes');
    const stops = [pair.server.stopTLS(), pair.client.stopTLS()];
    pair.client.write('below');
    const [stopped] = await Promise.all(stops);
    expect(stopped?.reason).toBe('clean');
    const inbox = new Inbox(pair.server);
    pair.server.resume();
    expect(await inbox.text(24)).toBe('more than ten bytesbelow');
  });

  test('a listener that writes before a bad record is seen changes nothing', async () => {
    const pair = await goTo(pipePair({ shape: 'glued' }), 2);
    await turns();
    const ending = watch(pair.server);
    const seen: unknown[] = [];
    pair.server.on('data', () => {
      seen.push(pair.server.depth, pair.server.encrypted);
      pair.server.write(pattern(50_000));
    });
    pair.client.write(pattern(20_000));
    const { written } = pair.pipe.up;
    pair.pipe.up.alter = corruptByte(written + 10);
    pair.client.write(pattern(20_000));
    await ending.closed;
    expect(seen).toEqual([2, true]);
    expect(ending.log).toEqual(['error', 'close']);
    expect(ending.errors[0]).toMatchObject({
      name: 'ProtocolError',
      code: 'ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC',
      layer: 1,
      alert: { direction: 'sent' },
    });
  });
});

describe('notes', () => {
  test('that make another socket read leave the bytes at hand alone', async () => {
    const other = await goTo(pipePair({ shape: 'glued' }), 1);
    const theirs = new Inbox(other.client);
    other.client.pause();
    other.server.write(Buffer.alloc(900_000, 'b'));
    await turns(20);

    const pair = pipePair({ shape: 'glued' });
    const ours = new Inbox(pair.client);
    pair.client.on('session', () => other.client.resume());
    pair.client.startTLS(clientOptions(1));
    pair.server.startTLS(serverOptions(1));
    pair.server.write(Buffer.alloc(5000, 'a'));
    expect((await ours.bytes(5000)).equals(Buffer.alloc(5000, 'a'))).toBe(true);
    expect((await theirs.bytes(900_000)).equals(Buffer.alloc(900_000, 'b'))).toBe(true);
  });

  test('are told with their layer, also where it is gone and another one has its place', async () => {
    const pair = pipePair({ shape: 'glued' });
    const told: unknown[] = [];
    pair.client.on('session', (_session, layer) => told.push(layer));
    pair.server.startTLS(serverOptions(1));
    pair.server.stopTLS();
    pair.server.startTLS(serverOptions(2));
    const first = pair.client.startTLS(clientOptions(1));
    pair.client.stopTLS();
    const layers = await Promise.all([first, pair.client.startTLS(clientOptions(2))]);
    await turns();
    expect(told).toEqual([layers[0], layers[0], layers[1], layers[1]]);
  });
});

test.each(TRANSPORTS.flatMap((kind) => [0, 1, 2].map((depth) => [kind, depth] as const)))(
  "who awaits 'end' first finds 'close' after it (%s, depth %i)",
  async (kind, depth) => {
    const [a, b] = await transportsOf(kind);
    a.allowHalfOpen = b.allowHalfOpen = true;
    const [client, server] = [a, b].map((end) => quiet(track(new OnionSocket(end))));
    const pair = await goTo(
      { client, server } as { client: OnionSocket; server: OnionSocket },
      depth,
    );
    pair.server.resume().on('end', () => pair.server.end());
    pair.client.resume().end('the last');
    await once(pair.client, 'end');
    await once(pair.client, 'close');
  },
);
