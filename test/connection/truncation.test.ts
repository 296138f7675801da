import { createSecureContext, OnionSocket, type StartTLSOptions } from '../../src';
import { Inbox, rejectionOf, turns, watch } from '../support/events';
import { clientOptions, levelsTo, serverOptions } from '../support/identities';
import { goTo, type PipePair, pipePair, startBoth, track } from '../support/pairs';
import { Pipe } from '../support/pipe';

/** For the tests that make a connection for each byte: so many take a while on a busy machine. */
const EVERY_BYTE_MS = 120_000;

const TRUNCATED = { name: 'TruncationError', code: 'ERR_ONION_TRUNCATED' };

/** What one side has sent during the handshake of a layer, without what comes after. */
async function recordHandshake(extra: StartTLSOptions): Promise<{ up: Buffer; down: Buffer }> {
  const pair = pipePair();
  await startBoth(pair, 1, { both: extra });
  await turns();
  return { up: pair.pipe.up.bytes, down: pair.pipe.down.bytes };
}

describe('a transport that ends', () => {
  test.each([1, 2, 3, 5])(
    'without close_notify at depth %i is an error, not an end',
    async (depth) => {
      const pair = await goTo(pipePair(), depth);
      const ending = watch(pair.server);
      const inbox = new Inbox(pair.server);
      pair.client.write('whole');
      await inbox.bytes(5);
      pair.pipe.up.cut();
      await ending.closed;
      expect(ending.errors).toHaveLength(1);
      expect(ending.errors[0]).toMatchObject(TRUNCATED);
      expect(levelsTo(depth)).toContain((ending.errors[0] as Error & { layer: number }).layer);
      expect(ending.log).not.toContain('end');
    },
  );

  test('in the middle of a record is an error', async () => {
    const pair = await goTo(pipePair(), 2);
    const ending = watch(pair.server);
    const inbox = new Inbox(pair.server);
    pair.pipe.up.alter = (bytes) => bytes.subarray(0, bytes.length - 1);
    pair.client.write('not whole');
    await turns();
    pair.pipe.up.cut();
    await ending.closed;
    expect(ending.errors[0]).toMatchObject(TRUNCATED);
    expect(inbox.received).toBe(0);
  });

  test('is an end where no layer requires close_notify', async () => {
    const pair = await goTo(pipePair(), 2, { both: { requireCloseNotify: false } });
    const inbox = new Inbox(pair.server);
    pair.client.write('whole');
    await inbox.bytes(5);
    pair.pipe.up.cut();
    expect((await inbox.rest()).length).toBe(0);
    expect(inbox.error).toBeNull();
  });

  test('is an error of the layer that does require it', async () => {
    const pair = pipePair();
    await startBoth(pair, 1, { both: { requireCloseNotify: false } });
    await startBoth(pair, 2);
    const ending = watch(pair.server);
    pair.server.resume();
    pair.pipe.up.cut();
    await ending.closed;
    expect(ending.errors[0]).toMatchObject({ ...TRUNCATED, layer: 2 });
  });

  test('while stopTLS waits for the peer rejects it', async () => {
    const pair = await goTo(pipePair(), 1);
    const ending = watch(pair.client);
    pair.pipe.up.stall();
    const stop = pair.client.stopTLS();
    await turns();
    pair.pipe.down.cut();
    const error = await rejectionOf(stop);
    expect(error).toMatchObject({ ...TRUNCATED, layer: 1 });
    await ending.closed;
    expect(ending.errors).toEqual([error]);
  });

  test('after a close_notify on every layer is an end', async () => {
    const pair = await goTo(pipePair(), 3);
    const inbox = new Inbox(pair.server);
    pair.client.end('bye');
    expect((await inbox.rest()).toString()).toBe('bye');
    expect(inbox.error).toBeNull();
  });

  test('by both sides leaves every layer closed, and by none of them failed', async () => {
    const pair = await goTo(pipePair(), 2);
    const layers = [...pair.client.layers, ...pair.server.layers];
    const endings = [watch(pair.client), watch(pair.server)];
    for (const socket of [pair.client, pair.server]) socket.resume().end();
    await Promise.all(endings.map(({ closed }) => closed));
    expect(layers.map(({ state }) => state)).toEqual(['closed', 'closed', 'closed', 'closed']);
    const dropped = await goTo(pipePair(), 2);
    const [outer, inner] = dropped.client.layers;
    dropped.client.destroy();
    expect([outer?.state, inner?.state]).toEqual(['failed', 'failed']);
  });
});

describe('close_notify on a layer below a live one', () => {
  test('is a truncation of the layer above', async () => {
    const pipe = new Pipe();
    const outer = await goTo(pipePairOver(pipe), 1);
    // The same bytes on the wire as two layers, but the inner one is run apart from the outer one.
    const inner = track(new OnionSocket(outer.client));
    const options = [inner.startTLS(clientOptions(2)), outer.server.startTLS(serverOptions(2))];
    await Promise.all(options);
    const ending = watch(outer.server);
    outer.server.resume();
    inner.on('error', () => {});
    outer.client.on('error', () => {});
    outer.client.end();
    await ending.closed;
    expect(ending.errors[0]).toMatchObject({ ...TRUNCATED, layer: 2 });
    expect(ending.log).not.toContain('end');
  });
});

function pipePairOver(pipe: Pipe): PipePair {
  return { pipe, client: track(new OnionSocket(pipe.a)), server: track(new OnionSocket(pipe.b)) };
}

/** The layer that is cut off in the middle of its handshake, for every length. */
describe.each([
  ['TLS 1.3', {}],
  ['TLS 1.2', { maxVersion: 'TLSv1.2' }],
] as const)('a handshake of %s cut off at any byte', (_, extra) => {
  test(
    'fails on the server with an error that names the layer',
    async () => {
      const { up } = await recordHandshake(extra);
      const { server: options } = contexts(extra);
      for (let length = 0; length < up.length; length++) {
        const pipe = new Pipe();
        const server = track(new OnionSocket(pipe.b));
        const ending = watch(server);
        server.resume();
        const started = rejectionOf(server.startTLS(options));
        // Bytes that were made for another connection are of use up to the server's answer.
        pipe.up.inject(up.subarray(0, length));
        pipe.up.cut();
        const error = await started;
        expect(error).toMatchObject({ layer: 1 });
        await ending.closed;
        expect(ending.errors).toEqual([error]);
        expect(ending.log).not.toContain('end');
      }
    },
    EVERY_BYTE_MS,
  );

  test(
    'fails on the client with an error that names the layer',
    async () => {
      const { down } = await recordHandshake(extra);
      const { client, server } = contexts(extra);
      // A signature may be some bytes shorter the next time.
      for (let length = 0; length < down.length - 20; length++) {
        const pair = pipePair();
        const ending = watch(pair.client);
        pair.client.resume();
        pair.pipe.down.alter = (bytes, offset) => bytes.subarray(0, Math.max(0, length - offset));
        const settled = pair.client.startTLS(client).catch((error: Error) => error);
        pair.server.startTLS(server).catch(() => {});
        for (let turn = 0; turn < 20 && pair.pipe.down.delivered < length; turn++) await turns(1);
        pair.pipe.down.cut();
        await ending.closed;
        const error = ending.errors[0];
        expect(error).toMatchObject({ layer: 1 });
        // Cut off after the handshake, it was established before.
        const result = await settled;
        if (result instanceof Error) expect(result).toBe(error);
        expect(ending.log).not.toContain('end');
        pair.server.destroy();
      }
    },
    EVERY_BYTE_MS,
  );
});

describe('an inner handshake cut off at any byte', () => {
  test(
    'fails with an error that names a layer, and never ends silently',
    async () => {
      for (let length = 1; length < 2200; length += 37) {
        const pair = await goTo(pipePair({ shape: 'glued' }), 1);
        await turns();
        pair.server.on('error', () => {});
        const ending = watch(pair.client);
        pair.client.resume();
        const base = pair.pipe.down.delivered;
        pair.pipe.down.alter = (bytes, at) => bytes.subarray(0, Math.max(0, base + length - at));
        const started = pair.client.startTLS(clientOptions(2)).catch((error: Error) => error);
        pair.server.startTLS(serverOptions(2)).catch(() => {});
        await turns(12);
        pair.pipe.down.cut();
        await ending.closed;
        expect(ending.errors).toHaveLength(1);
        expect((ending.errors[0] as Error & { layer: number }).layer).toBeGreaterThanOrEqual(1);
        expect(ending.log).not.toContain('end');
        await started;
        pair.server.destroy();
      }
    },
    EVERY_BYTE_MS,
  );
});

/** Many connections with the same options: the keys are parsed once. */
function contexts(extra: StartTLSOptions): { client: StartTLSOptions; server: StartTLSOptions } {
  const { servername, ca } = clientOptions(1);
  const { key, cert } = serverOptions(1);
  return {
    client: { servername, secureContext: createSecureContext({ ca, ...extra }) },
    server: { isServer: true, secureContext: createSecureContext({ key, cert, ...extra }) },
  };
}
