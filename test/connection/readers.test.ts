import { once } from 'node:events';
import { type OnionSocket, StateError, UnknownProtocolError } from '../../src';
import { rejectionOf, turns, watch } from '../support/events';
import { clientOptions, serverOptions } from '../support/identities';
import { goTo, pipePair, startBoth, tcpPair } from '../support/pairs';
import { pattern } from '../support/random';

describe('a reader that awaits each chunk', () => {
  /** What a loop of `await once(socket, 'data')` gets; what comes while it does not listen is lost, as with any socket. */
  async function awaitEach(socket: OnionSocket, length: number): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for (let got = 0; got < length; got += chunks.at(-1)?.length ?? 0) {
      const [chunk] = (await once(socket, 'data')) as [Buffer];
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }

  test.each([0, 1, 5])('loses nothing of a megabyte over TCP at depth %i', async (depth) => {
    const pair = await goTo(await tcpPair(), depth);
    const bytes = pattern(1_000_000);
    pair.client.write(bytes);
    expect((await awaitEach(pair.server, bytes.length)).equals(bytes)).toBe(true);
  });
});

describe('a reader with a buffer of its own', () => {
  test('is paused by false, also in the middle of a chunk without layers', async () => {
    const got: string[] = [];
    const callback = (length: number, buffer: Uint8Array): boolean => {
      got.push(Buffer.from(buffer.subarray(0, length)).toString());
      return false;
    };
    const pair = pipePair({ serverSocket: { onread: { buffer: Buffer.alloc(4), callback } } });
    pair.client.write('aaaabbbbcc');
    await turns();
    expect(got).toEqual(['aaaa']);
    for (const wanted of ['bbbb', 'cc']) {
      pair.server.resume();
      await turns();
      expect(got.at(-1)).toBe(wanted);
    }
  });

  test('is paused by pause(), with and without layers', async () => {
    for (const depth of [0, 2]) {
      let received = 0;
      const callback = (length: number): boolean => {
        received += length;
        return true;
      };
      const onread = { buffer: Buffer.alloc(1024), callback };
      const pair = await goTo(pipePair({ serverSocket: { onread } }), depth);
      pair.server.pause();
      pair.client.write(Buffer.alloc(3000));
      await turns();
      expect(received).toBe(0);
      pair.server.resume();
      await turns();
      expect(received).toBe(3000);
    }
  });

  test('gets nothing of what is behind a startTLS in its callback', async () => {
    const got: string[] = [];
    let start: Promise<unknown> | undefined;
    const callback = (length: number, buffer: Uint8Array): boolean => {
      got.push(Buffer.from(buffer.subarray(0, length)).toString());
      start ??= pair.server.startTLS(serverOptions(1));
      return true;
    };
    const pair = pipePair({ serverSocket: { onread: { buffer: Buffer.alloc(8), callback } } });
    pair.client.write('STARTTLSinjected');
    await turns();
    expect(await rejectionOf(start as Promise<unknown>)).toBeInstanceOf(UnknownProtocolError);
    expect(got).toEqual(['STARTTLS']);
  });

  test.each([
    ['no room', () => Buffer.alloc(0)],
    ['no bytes', () => 'text' as never],
    ['an exception', () => assertNever()],
  ])('that gives %s is the end of the connection, not of the process', async (_what, buffer) => {
    const pair = pipePair({ serverSocket: { onread: { buffer, callback: () => true } } });
    const ending = watch(pair.server);
    pair.client.write('bytes');
    await ending.closed;
    expect(ending.errors).toHaveLength(1);
  });
});

describe('a character that setEncoding has not completed', () => {
  const HALF_A_EURO = Buffer.from([0xe2, 0x82]);

  test('goes to the new layer and never into its plaintext', async () => {
    const pair = pipePair();
    const got: string[] = [];
    pair.server.setEncoding('utf8').on('data', (text: string) => got.push(text));
    pair.client.write(Buffer.concat([Buffer.from('STARTTLS'), HALF_A_EURO]));
    await turns();
    const start = rejectionOf(pair.server.startTLS(serverOptions(1)));
    pair.client.startTLS(clientOptions(1));
    expect(await start).toBeInstanceOf(UnknownProtocolError);
    expect(got).toEqual(['STARTTLS']);
  });

  test("is refused by unread: 'reject'", async () => {
    const pair = pipePair();
    pair.server.setEncoding('utf8').resume();
    pair.client.write(HALF_A_EURO);
    await turns();
    const error = await rejectionOf(pair.server.startTLS(serverOptions(1, { unread: 'reject' })));
    expect(error).toBeInstanceOf(StateError);
  });

  test('leaves the text of the layer whole when there is none', async () => {
    const pair = pipePair();
    const got: string[] = [];
    pair.server.setEncoding('utf8').on('data', (text: string) => got.push(text));
    await startBoth(pair, 1);
    for (const byte of Buffer.from('5 €')) pair.client.write(Buffer.of(byte));
    await turns();
    expect(got.join('')).toBe('5 €');
  });
});

function assertNever(): never {
  throw new Error('no buffer');
}
