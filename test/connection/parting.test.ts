/** How a connection is left once both sides have said all that they had to say. */
import type { OnionSocket } from '../../src';
import { type Ending, Inbox, next, rejectionOf, turns, watch } from '../support/events';
import { clientOptions, serverOptions } from '../support/identities';
import { goTo, type PipePair, pipePair } from '../support/pairs';
import { corruptByte } from '../support/pipe';

const ENDS_WITH_PEER = { serverSocket: { allowHalfOpen: false } };

/** The server has answered the client's close_notify of the innermost layer, and has nothing more to do. */
async function innermostIsOver(depth: number): Promise<PipePair> {
  const pair = await goTo(pipePair(ENDS_WITH_PEER), depth);
  pair.server.resume();
  pair.client.stopTLS();
  await next(pair.server, 'finish');
  await turns();
  return pair;
}

describe('after the innermost layer has ended', () => {
  test.each([2, 5])('waits for the peer to close the others, %i deep', async (depth) => {
    const pair = await innermostIsOver(depth);
    expect(pair.pipe.b.destroyed).toBe(false);
    const ending = watch(pair.server);
    pair.client.end();
    await ending.closed;
    expect(pair.pipe.b.destroyed).toBe(true);
    expect(ending.errors).toEqual([]);
  });

  test('closes at last where the peer does not', async () => {
    const pair = await innermostIsOver(2);
    const ending = watch(pair.server);
    await ending.closed;
    expect(ending.errors).toEqual([]);
  });

  test('closes at once when it is told to', async () => {
    const pair = await goTo(pipePair({ serverSocket: { allowHalfOpen: true } }), 2);
    pair.server.resume();
    pair.client.stopTLS();
    await next(pair.server, 'end');
    pair.server.destroy();
    expect(pair.pipe.b.destroyed).toBe(true);
  });
});

describe('after a fatal alert was sent', () => {
  /** The client has not seen it yet. */
  async function alertIsOnItsWay(): Promise<{ pair: PipePair; ending: Ending }> {
    const pair = await goTo(pipePair(), 2);
    await turns();
    const ending = watch(pair.server);
    pair.server.resume();
    pair.pipe.down.stall();
    pair.pipe.up.alter = corruptByte(pair.pipe.up.delivered + 30);
    pair.client.write('a message that is changed on its way');
    await turns();
    return { pair, ending };
  }

  test('waits for the peer, so that it can read the reason', async () => {
    const { pair, ending } = await alertIsOnItsWay();
    const atClient = watch(pair.client);
    expect(pair.pipe.b.destroyed).toBe(false);
    pair.pipe.down.resume();
    await ending.closed;
    expect(pair.pipe.b.destroyed).toBe(true);
    expect(ending.errors).toMatchObject([{ alert: { code: 20, direction: 'sent' } }]);
    await atClient.closed;
    expect(atClient.errors).toMatchObject([{ alert: { code: 20, direction: 'received' } }]);
  });

  test('rejects what is pending without waiting', async () => {
    const pair = await goTo(pipePair(), 1);
    pair.pipe.down.stall();
    const refused = rejectionOf(pair.server.startTLS(serverOptions(2)));
    pair.client.startTLS(clientOptions(2, { maxVersion: 'TLSv1.1', minVersion: 'TLSv1.1' }));
    expect(await refused).toMatchObject({ layer: 2, alert: { direction: 'sent' } });
    expect(pair.pipe.b.destroyed).toBe(false);
  });

  test('lets it leave where the peer has ended before', async () => {
    const { pair, ending } = await alertIsOnItsWay();
    pair.pipe.up.cut();
    await turns();
    expect(pair.pipe.down.queued).toBeGreaterThan(0);
    expect(pair.pipe.b.destroyed).toBe(false);
    pair.pipe.down.resume();
    await ending.closed;
    expect(pair.pipe.down.queued).toBe(0);
  });

  test('closes at last where the peer does not', async () => {
    const { ending } = await alertIsOnItsWay();
    await ending.closed;
    expect(ending.errors).toHaveLength(1);
  });
});

describe('a peer that ends and does not wait for our close_notify', () => {
  /** The server's transport fails from now on, as that of a peer which has closed its socket. */
  function breakWrites(pair: PipePair, code: string): void {
    pair.pipe.b._write = (_chunk, _encoding, done: (error?: Error) => void) => {
      done(Object.assign(new Error(`write ${code}`), { code }));
    };
  }

  async function endedByClient(socket: OnionSocket, client: OnionSocket): Promise<string> {
    const inbox = new Inbox(socket);
    client.end('all there is');
    return (await inbox.rest()).toString();
  }

  test.each(['EPIPE', 'ECONNRESET'])('has done nothing wrong (%s)', async (code) => {
    const pair = await goTo(pipePair(ENDS_WITH_PEER), 3);
    const ending = watch(pair.server);
    breakWrites(pair, code);
    expect(await endedByClient(pair.server, pair.client)).toBe('all there is');
    await ending.closed;
    expect(ending.errors).toEqual([]);
  });

  test('has lost what was written after its end', async () => {
    const pair = await goTo(pipePair({ serverSocket: { allowHalfOpen: true } }), 3);
    const ending = watch(pair.server);
    breakWrites(pair, 'EPIPE');
    await endedByClient(pair.server, pair.client);
    pair.server.end('an answer');
    await ending.closed;
    expect(ending.errors).toMatchObject([{ code: 'EPIPE' }]);
  });
});
