/** Protocols of lines are often read with setEncoding(), up to the moment at which TLS starts. */
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { OnionSocket } from '../../src';
import { Inbox, next, watch } from '../support/events';
import { goTo, type Pair, pipePair, quiet, stopBoth, track } from '../support/pairs';
import { pattern } from '../support/random';
import { TRANSPORTS, type TransportKind, transportsOf } from '../support/transports';

const ENCODINGS = ['utf8', 'latin1', 'hex', 'base64', 'utf16le'] as const;
/** A whole number of groups in each of them: what is incomplete would be kept for the next one. */
const LINE = 'it goes on in TLS\n';

/** Both ends have read a line as text, and are about to start TLS. */
async function afterALine(kind: TransportKind, encoding: BufferEncoding): Promise<Pair> {
  const ends = await transportsOf(kind);
  for (const [index, end] of ends.entries()) {
    const line = next<[string]>(end.setEncoding(encoding), 'data');
    ends[1 - index]?.write(LINE);
    expect(Buffer.from((await line)[0], encoding).toString()).toBe(LINE);
  }
  const [client, server] = ends.map((end) => quiet(track(new OnionSocket(end))));
  return { client, server } as Pair;
}

describe.each(TRANSPORTS)('a transport that was read as text (%s)', (kind) => {
  test.each(ENCODINGS)('carries layers (%s)', async (encoding) => {
    const pair = await goTo(await afterALine(kind, encoding), 2);
    const bytes = pattern(200_000);
    for (const [from, to] of [
      [pair.client, pair.server],
      [pair.server, pair.client],
    ] as const) {
      const inbox = new Inbox(to);
      from.write(bytes);
      expect((await inbox.bytes(bytes.length)).equals(bytes)).toBe(true);
    }
  });

  test('is given back with its encoding', async () => {
    const pair = await goTo(await afterALine(kind, 'hex'), 1);
    await stopBoth(pair);
    pair.server.write('ab');
    await once(pair.client, 'readable');
    const transport = pair.client.detach();
    expect(await once(transport, 'data')).toEqual(['6162']);
    pair.server.write('c');
    expect(await once(transport, 'data')).toEqual(['63']);
  });
});

test('a transport with bytes that have become text is refused', () => {
  const transport = new PassThrough().setEncoding('utf8');
  transport.write('the first bytes of the layer, say');
  expect(() => new OnionSocket(transport)).toThrow(
    expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
  );
});

test.each([0, 1])('a transport that begins to deliver text fails, at depth %i', async (depth) => {
  const pair = await goTo(pipePair(), depth);
  const ending = watch(pair.client);
  pair.pipe.a.setEncoding('utf8');
  pair.server.write('bytes');
  await ending.closed;
  expect(ending.errors).toEqual([expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' })]);
});
