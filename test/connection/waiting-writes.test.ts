/**
 * A message that follows the handshake, such as a session ticket, may come in several records. While only a part of it is
 * here, OpenSSL writes nothing: what is to be written has to wait, whatever it is.
 */
import type { StartTLSOptions } from '../../src';
import { Inbox, rejectionOf, turns } from '../support/events';
import { clientOptions, identityOf, levelsTo, serverOptions } from '../support/identities';
import { goTo, type PipePair, pipePair } from '../support/pairs';

/** A session ticket holds the client's certificate: this one makes it longer than three records. */
function longCertificate(level: number) {
  const altNames = Array.from(
    { length: 1700 },
    (_, index) => `name-${index}.of-a-long-domain.test`,
  );
  return identityOf(level).authority.issue({ name: 'client', isClient: true, altNames });
}

/** The client's innermost layer has the beginning of a session ticket, and the rest is on its way. */
async function halfATicket(depth: number, allowPeerStop = false): Promise<PipePair> {
  const pair = await goTo(pipePair({ down: { bytesPerTurn: 4000 } }), depth - 1);
  const request: StartTLSOptions = { requestCert: true, ca: identityOf(depth).authority.cert };
  const started = pair.server.startTLS(serverOptions(depth, { ...request, allowPeerStop }));
  await pair.client.startTLS(clientOptions(depth, longCertificate(depth)));
  pair.pipe.down.stall();
  await started;
  for (let part = 0; part < 13; part++) {
    pair.pipe.down.resume();
    await turns(1);
    pair.pipe.down.stall();
  }
  expect(pair.pipe.down.queued).toBeGreaterThan(4000);
  return pair;
}

/** Nothing of what the client wants to send has left; now the rest of the ticket comes. */
async function goOn({ pipe }: PipePair, written: number): Promise<void> {
  await turns();
  expect(pipe.up.written).toBe(written);
  pipe.down.resume();
}

describe.each(levelsTo(3))('with the beginning of a session ticket in layer %i', (depth) => {
  test('a write waits for the rest', async () => {
    const pair = await halfATicket(depth);
    const { written } = pair.pipe.up;
    const inbox = new Inbox(pair.server);
    pair.client.resume();
    pair.client.write('one ');
    await turns(1);
    pair.client.write(Buffer.alloc(100_000, 'b'));
    await turns();
    expect(pair.client.writableLength).toBe(100_004);
    await goOn(pair, written);
    expect((await inbox.bytes(100_004)).subarray(0, 6).toString()).toBe('one bb');
  });

  test('the end waits for the rest', async () => {
    const pair = await halfATicket(depth);
    const { written } = pair.pipe.up;
    const inbox = new Inbox(pair.server);
    pair.client.resume();
    pair.client.end('the last');
    await goOn(pair, written);
    expect((await inbox.rest()).toString()).toBe('the last');
    expect(inbox.error).toBeNull();
  });

  test('stopTLS waits for the rest', async () => {
    const pair = await halfATicket(depth, true);
    const { written } = pair.pipe.up;
    const inbox = new Inbox(pair.server);
    pair.client.resume();
    const stopped = pair.client.stopTLS();
    pair.client.write('below');
    await goOn(pair, written);
    expect((await stopped).reason).toBe('clean');
    expect(await inbox.text(5)).toBe('below');
    expect(pair.server.depth).toBe(depth - 1);
  });

  test('startTLS waits for the rest', async () => {
    const pair = await halfATicket(depth);
    const { written } = pair.pipe.up;
    const started = pair.client.startTLS(clientOptions(depth + 1));
    const atServer = pair.server.startTLS(serverOptions(depth + 1));
    await goOn(pair, written);
    expect((await started).index).toBe(depth + 1);
    await atServer;
  });

  test('keyUpdate waits for the rest', async () => {
    const pair = await halfATicket(depth);
    const { written } = pair.pipe.up;
    const inbox = new Inbox(pair.server);
    pair.client.resume();
    pair.client.layers[depth - 1]?.keyUpdate(true);
    pair.client.write('with other keys');
    await goOn(pair, written);
    expect(await inbox.text(15)).toBe('with other keys');
  });

  test('a cut connection is told as such', async () => {
    const pair = await halfATicket(depth);
    pair.client.resume();
    const stopped = rejectionOf(pair.client.stopTLS());
    pair.pipe.down.cut();
    expect(await stopped).toMatchObject({ name: 'TruncationError', layer: 1 });
  });
});
