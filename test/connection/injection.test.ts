import { OnionSocket } from '../../src';
import { Inbox, rejectionOf, turns, watch } from '../support/events';
import { clientOptions, serverOptions } from '../support/identities';
import { goTo, pipePair, track } from '../support/pairs';
import { Pipe } from '../support/pipe';

/** Reads one line with `read()`, as a program that waits for STARTTLS does. */
async function readLine(socket: OnionSocket): Promise<string> {
  let line = '';
  while (!line.endsWith('\n')) {
    const byte = socket.read(1) as Buffer | null;
    if (byte === null) await new Promise((resolve) => socket.once('readable', resolve));
    else line += byte.toString('latin1');
  }
  return line;
}

describe('plaintext glued behind a STARTTLS line', () => {
  async function injected(depth: number) {
    const pair = await goTo(pipePair({ shape: 'glued' }), depth);
    pair.client.write('STARTTLS\nINJECTED COMMAND\n');
    expect(await readLine(pair.server)).toBe('STARTTLS\n');
    return pair;
  }

  test.each([0, 1, 3])('never becomes application data at depth %i', async (depth) => {
    const pair = await injected(depth);
    const ending = watch(pair.server);
    const seen: Buffer[] = [];
    pair.server.on('data', (chunk: Buffer) => seen.push(chunk));
    const error = await rejectionOf(pair.server.startTLS(serverOptions(depth + 1)));
    expect(error).toMatchObject({ name: 'UnknownProtocolError', layer: depth + 1 });
    expect((error as Error & { received: Buffer }).received.toString()).toBe('INJECTED COMMAND\n');
    await ending.closed;
    expect(Buffer.concat(seen).toString()).toBe('');
  });

  test.each([0, 2])("fails the call with unread: 'reject' at depth %i", async (depth) => {
    const pair = await injected(depth);
    const options = serverOptions(depth + 1, { unread: 'reject' });
    const error = await rejectionOf(pair.server.startTLS(options));
    expect(error).toMatchObject({ name: 'StateError' });
    expect(pair.server.depth).toBe(depth);
  });

  test('emits no data while startTLS takes it away', async () => {
    const pair = await injected(0);
    const seen: string[] = [];
    pair.server.on('error', () => {});
    pair.server.pause();
    pair.server.on('data', (chunk: Buffer) => seen.push(chunk.toString()));
    const started = pair.server.startTLS(serverOptions(1));
    expect(seen).toEqual([]);
    await rejectionOf(started);
    await turns();
    expect(seen).toEqual([]);
  });
});

describe('bytes that arrived before startTLS', () => {
  test("are the new layer's when the client did not wait", async () => {
    const pair = pipePair({ shape: 'glued' });
    pair.client.write('STARTTLS\n');
    const client = pair.client.startTLS(clientOptions(1));
    expect(await readLine(pair.server)).toBe('STARTTLS\n');
    await turns();
    expect(pair.server.readableLength).toBeGreaterThan(0);
    await Promise.all([client, pair.server.startTLS(serverOptions(1))]);
  });

  test.each(['one piece', 'pieces'])('can be given as leftover, in %s', async (how) => {
    const pipe = new Pipe({ shape: 'glued' });
    const client = track(new OnionSocket(pipe.a));
    client.write('STARTTLS\n');
    const started = client.startTLS(clientOptions(1));
    const raw = new Inbox(pipe.b);
    await raw.bytes(9);
    await turns();
    const hello = raw.now();
    expect(hello.length).toBeGreaterThan(100);
    pipe.b.removeAllListeners('data').pause();
    const server = track(new OnionSocket(pipe.b));
    const leftover = how === 'pieces' ? [hello.subarray(0, 3), hello.subarray(3)] : hello;
    await Promise.all([started, server.startTLS(serverOptions(1, { leftover }))]);
    client.write('through');
    expect(await new Inbox(server).text(7)).toBe('through');
  });

  test('come after the explicit leftover', async () => {
    const pair = pipePair({ shape: 'glued' });
    pair.client.write('STARTTLS\n');
    const client = pair.client.startTLS(clientOptions(1));
    expect(await readLine(pair.server)).toBe('STARTTLS\n');
    const leftover = pair.server.read(7) as Buffer;
    await Promise.all([client, pair.server.startTLS(serverOptions(1, { leftover }))]);
  });

  test('are refused beyond the bound of a handshake', () => {
    const pair = pipePair();
    const leftover = Buffer.alloc(5000);
    const options = serverOptions(1, { leftover, maxHandshakeBytes: 4096 });
    expect(() => pair.server.startTLS(options)).toThrow(
      expect.objectContaining({ name: 'RangeError', code: 'ERR_OUT_OF_RANGE' }),
    );
  });
});

describe('bytes that are at hand when startTLS is called', () => {
  test("are refused by unread: 'reject' also where the reader's buffer was too small for them", async () => {
    const got: string[] = [];
    let start: Promise<unknown> | undefined;
    const callback = (length: number, buffer: Uint8Array): boolean => {
      got.push(Buffer.from(buffer.subarray(0, length)).toString());
      start ??= rejectionOf(pair.server.startTLS(serverOptions(2, { unread: 'reject' })));
      return true;
    };
    const onread = { buffer: Buffer.alloc(8), callback };
    const pair = await goTo(pipePair({ serverSocket: { onread } }), 1);
    pair.client.write('STARTTLSinjected');
    await turns();
    expect(await start).toMatchObject({ name: 'StateError', code: 'ERR_ONION_UNREAD' });
    expect(got).toEqual(['STARTTLS', 'injected']);
  });

  test.each([
    ['as text', 'utf8', {}],
    ['as bytes', undefined, { unread: 'reject' }],
  ] as const)(
    'are still of the layer that is being stopped, and are delivered (%s)',
    async (_how, encoding, extra) => {
      const pair = await goTo(pipePair(), 1);
      if (encoding !== undefined) pair.client.setEncoding(encoding);
      pair.client.pause();
      pair.server.write('of the old layer');
      await turns();
      const started = [pair.client.stopTLS(), pair.client.startTLS(clientOptions(2, extra))];
      started.push(pair.server.stopTLS(), pair.server.startTLS(serverOptions(2)));
      await Promise.all(started);
      const got: string[] = [];
      pair.client.on('data', (chunk) => got.push(String(chunk))).resume();
      await turns();
      expect(got).toEqual(['of the old layer']);
    },
  );
});

describe('before the peer is verified', () => {
  test('no byte of the application is delivered', async () => {
    const pair = pipePair({ shape: 'glued' });
    const [atClient] = [new Inbox(pair.client)];
    pair.client.on('error', () => {});
    pair.server.on('error', () => {});
    const server = pair.server.startTLS(serverOptions(1));
    // TLS 1.3 lets a server send before it has heard the client's Finished.
    pair.server.write('too early');
    const wrongName = clientOptions(1, { servername: 'other.test' });
    const error = await rejectionOf(pair.client.startTLS(wrongName));
    expect(error).toMatchObject({ name: 'CertificateError', code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
    await rejectionOf(server);
    expect(atClient.received).toBe(0);
  });

  test('nothing that the application has written leaves', async () => {
    const pair = pipePair();
    pair.client.on('error', () => {});
    pair.server.on('error', () => {});
    const inbox = new Inbox(pair.server);
    pair.server.startTLS(serverOptions(1));
    const refused = pair.client.startTLS(clientOptions(1, { servername: 'other.test' }));
    pair.client.write('secret');
    await rejectionOf(refused);
    await turns();
    expect(inbox.received).toBe(0);
  });
});
