import { OnionSocket, type TLSLayer } from '../../src';
import { Inbox, next, turns, watch } from '../support/events';
import { FORGED_SUITE, RecordForger } from '../support/forged-records';
import { levelsTo } from '../support/identities';
import { goTo, type PipePair, pipePair, startBoth, tcpTransports, track } from '../support/pairs';
import type { Shape } from '../support/pipe';

const SHAPES: Shape[] = ['asWritten', 'bytes', 'glued', 4];

/** More than the system takes of a socket that nobody reads. */
const MUCH = 16 * 1024 * 1024;

describe('a peer that has ended', () => {
  test('still gets what was written, over a transport that is not half open by itself', async () => {
    const [near, far] = await tcpTransports();
    const client = track(new OnionSocket(near));
    const server = track(new OnionSocket(far, { allowHalfOpen: true }));
    await startBoth({ client, server }, 1);
    client.resume().write(Buffer.alloc(MUCH));
    server.end('nothing more from here');
    await new Promise((resolve) => client.once('end', resolve));
    expect(client.writableLength).toBeGreaterThan(0);
    expect(await new Inbox(server).rest()).toHaveLength(MUCH);
  });
});

describe("a peer's close_notify that nobody asked for", () => {
  test.each([1, 2, 5])('ends the readable side at depth %i', async (depth) => {
    const pair = await goTo(pipePair(), depth);
    const inbox = new Inbox(pair.server);
    pair.client.write('last words');
    pair.client.stopTLS();
    expect((await inbox.rest()).toString()).toBe('last words');
  });

  test.each(SHAPES)('lets nothing through that follows it (%s)', async (shape) => {
    const pair = await goTo(pipePair({ shape }), 2);
    const inbox = new Inbox(pair.server);
    pair.client.write('inside');
    pair.client.stopTLS();
    pair.client.write('below, and not authenticated by layer 2');
    expect((await inbox.rest()).toString()).toBe('inside');
    await turns();
    expect(inbox.received).toBe(6);
  });

  test('lets plain bytes that an attacker put behind it fall', async () => {
    const pair = await goTo(pipePair(), 1);
    const inbox = new Inbox(pair.server);
    pair.client.stopTLS();
    await turns();
    pair.pipe.up.inject(Buffer.from('DELETE EVERYTHING\r\n'));
    expect((await inbox.rest()).length).toBe(0);
    await turns();
    expect(inbox.received).toBe(0);
  });
});

describe('allowPeerStop', () => {
  const both = { allowPeerStop: true };

  test.each(SHAPES)('goes on in the layer below (%s)', async (shape) => {
    const pair = pipePair({ shape });
    await startBoth(pair, 1);
    await startBoth(pair, 2, { both });
    const [atServer, atClient] = [new Inbox(pair.server), new Inbox(pair.client)];
    pair.client.write('inside ');
    const { reason } = await pair.client.stopTLS();
    expect(reason).toBe('clean');
    pair.client.write('below');
    expect(await atServer.text(12)).toBe('inside below');
    pair.server.write('answer');
    expect(await atClient.text(6)).toBe('answer');
    expect([pair.client.depth, pair.server.depth]).toEqual([1, 1]);
  });

  test('tells the application before any byte from below', async () => {
    const pair = pipePair({ shape: 'glued' });
    await startBoth(pair, 1, { both });
    const log: string[] = [];
    pair.server.on('layerClose', (layer: TLSLayer, reason: string) => {
      log.push(`${reason} ${layer.index} at depth ${pair.server.depth}`);
    });
    pair.server.on('data', (chunk: Buffer) => log.push(chunk.toString()));
    pair.client.write('inside');
    pair.client.stopTLS();
    pair.client.write('below');
    const closed = next(pair.server, 'layerClose');
    await closed;
    await turns();
    expect(log).toEqual(['inside', 'clean 1 at depth 0', 'below']);
  });

  test('tells a reader that has not read yet how much was of the layer', async () => {
    const pair = await goTo(pipePair({ shape: 'glued' }), 1, { server: { allowPeerStop: true } });
    let ofTheLayer = -1;
    pair.server.once('layerClose', () => {
      ofTheLayer = pair.server.readableLength;
    });
    pair.client.resume().write('in the layer');
    const stopped = pair.client.stopTLS();
    pair.client.write('below');
    await stopped;
    await turns();
    expect(String(pair.server.read(ofTheLayer))).toBe('in the layer');
    expect(String(pair.server.read())).toBe('below');
  });

  test('answers with close_notify after the writes that were accepted', async () => {
    const pair = pipePair({ bytesPerTurn: 1000 });
    await startBoth(pair, 1, { both });
    const inbox = new Inbox(pair.client);
    const answer = Buffer.alloc(100_000, 'a');
    pair.server.write(answer);
    const stop = pair.client.stopTLS();
    await next(pair.server, 'layerClose');
    pair.server.write('below');
    expect((await inbox.bytes(answer.length)).equals(answer)).toBe(true);
    expect((await stop).reason).toBe('clean');
    expect(await inbox.text(5)).toBe('below');
  });

  test.each(SHAPES)('lets the peer stop five layers in a row (%s)', async (shape) => {
    const pair = await goTo(pipePair({ shape }), 5, { both });
    const inbox = new Inbox(pair.server);
    const closed: number[] = [];
    pair.server.on('layerClose', (layer: TLSLayer) => closed.push(layer.index));
    const stops = levelsTo(5).map((level) => {
      pair.client.write(`${level} `);
      return pair.client.stopTLS();
    });
    pair.client.write('0');
    expect(await inbox.text(11)).toBe('1 2 3 4 5 0');
    for (const { reason } of await Promise.all(stops)) expect(reason).toBe('clean');
    expect(closed).toEqual([5, 4, 3, 2, 1]);
    expect(pair.client.depth).toBe(0);
  });

  test('is a matter of one layer: the one below still ends the stream', async () => {
    const pair = pipePair();
    await startBoth(pair, 1);
    await startBoth(pair, 2, { both });
    const inbox = new Inbox(pair.server);
    const stops = [pair.client.stopTLS(), pair.client.stopTLS()];
    await stops[0];
    expect((await inbox.rest()).length).toBe(0);
    pair.server.end();
    expect((await stops[1])?.reason).toBe('clean');
  });

  test('lets the application start another layer in its place', async () => {
    const pair = pipePair({ shape: 'glued' });
    await startBoth(pair, 1, { both });
    const closed = next(pair.server, 'layerClose');
    const stop = pair.client.stopTLS();
    await Promise.all([stop, closed]);
    await startBoth(pair, 2);
    const inbox = new Inbox(pair.server);
    pair.client.write('in the new layer');
    expect(await inbox.text(16)).toBe('in the new layer');
  });
});

describe('ending', () => {
  test.each([0, 1, 3, 5])('ends both sides cleanly at depth %i', async (depth) => {
    const pair = await goTo(pipePair(), depth);
    const endings = [watch(pair.client), watch(pair.server)];
    const inboxes = [new Inbox(pair.client), new Inbox(pair.server)];
    pair.client.end('good');
    pair.server.end('bye');
    expect((await inboxes[0]?.rest())?.toString()).toBe('bye');
    expect((await inboxes[1]?.rest())?.toString()).toBe('good');
    for (const ending of endings) {
      await ending.closed;
      expect(ending.errors).toEqual([]);
      expect([...ending.log].sort()).toEqual(['close', 'end', 'finish']);
    }
  });

  test('lets the other side finish what it has to say', async () => {
    const pair = await goTo(pipePair({ bytesPerTurn: 5000 }), 3);
    const inbox = new Inbox(pair.client);
    pair.client.end('question');
    const question = await new Inbox(pair.server).rest();
    expect(question.toString()).toBe('question');
    pair.server.end(Buffer.alloc(200_000, 'x'));
    expect((await inbox.rest()).length).toBe(200_000);
  });
});

describe('a peer that cancels before it closes (RFC 8446 §6.1), as JSSE does', () => {
  const USER_CANCELED = 90;
  const CLOSE_NOTIFY = 0;

  /** A server layer, and records as its client would seal them. */
  async function withForger(allowPeerStop: boolean): Promise<{ pair: PipePair; as: RecordForger }> {
    const pair = pipePair();
    let line = '';
    pair.client.on('keylog', (each: Buffer) => {
      if (each.toString().startsWith('CLIENT_TRAFFIC_SECRET_0')) line = each.toString();
    });
    const both = { ciphers: FORGED_SUITE };
    await startBoth(pair, 1, { both, server: { allowPeerStop } });
    return { pair, as: new RecordForger(line) };
  }

  test.each(['warning', 'fatal'] as const)('has ended cleanly (%s)', async (level) => {
    const { pair, as } = await withForger(false);
    const inbox = new Inbox(pair.server);
    pair.pipe.up.inject(as.alert(level, USER_CANCELED));
    pair.pipe.up.inject(as.alert(level, CLOSE_NOTIFY));
    expect((await inbox.rest()).length).toBe(0);
    expect(inbox.error).toBeNull();
  });

  test('can go on in the layer below', async () => {
    const { pair, as } = await withForger(true);
    const inbox = new Inbox(pair.server);
    const cancel = as.alert('warning', USER_CANCELED);
    const close = as.alert('warning', CLOSE_NOTIFY);
    pair.pipe.up.inject(Buffer.concat([cancel, close, Buffer.from('below')]));
    expect(await inbox.text(5)).toBe('below');
    expect(pair.server.depth).toBe(0);
  });

  test('has not ended before its close_notify', async () => {
    const { pair, as } = await withForger(false);
    const ending = watch(pair.server);
    pair.server.resume();
    pair.pipe.up.inject(as.alert('warning', USER_CANCELED));
    pair.pipe.up.cut();
    await ending.closed;
    expect(ending.errors).toMatchObject([{ name: 'TruncationError', layer: 1 }]);
  });
});
