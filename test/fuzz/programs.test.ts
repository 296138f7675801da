/**
 * Random programs for both sides of a connection, on transports that cut and glue as they like.
 *
 * A program is a list of steps that both sides run, each at its own pace: the layers that they start and stop are the
 * same, what they write in each of them is not. The oracle is simple: each side reads, layer by layer, the bytes that the
 * other one wrote there.
 */
import fc from 'fast-check';
import { createSecureContext, OnionSocket, type StartTLSOptions, type TLSLayer } from '../../src';
import { Inbox } from '../support/events';
import { clientOptions, serverOptions } from '../support/identities';
import { type Pair, quiet, track } from '../support/pairs';
import type { PipeOptions, Shape } from '../support/pipe';
import { pattern } from '../support/random';
import { TRANSPORTS, type TransportKind, transportsOf } from '../support/transports';

interface Writes {
  /** Sizes of the writes of this side in this step. */
  sizes: number[];
  /** Holds its reader for so many turns of the event loop first. */
  pause: number;
  /** Waits for the promise of the start or stop of this step before it goes on. */
  waits: boolean;
}

interface Step {
  /** Only what is possible is done: a stop without a layer is a start. */
  kind: 'start' | 'stop';
  clientIsServer: boolean;
  before: [a: Writes, b: Writes];
}

const MAX_DEPTH = 5;

const writes: fc.Arbitrary<Writes> = fc.record({
  sizes: fc.array(fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 40_000 })), {
    maxLength: 3,
  }),
  pause: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 5 })),
  waits: fc.boolean(),
});

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('start', 'start', 'stop'),
  clientIsServer: fc.boolean(),
  before: fc.tuple(writes, writes),
});

const shape: fc.Arbitrary<Shape> = fc.oneof(
  fc.constantFrom<Shape>('asWritten', 'glued'),
  fc.integer({ min: 1, max: 1_000_000 }),
);

const program = fc.record({
  transport: fc.constantFrom(...TRANSPORTS),
  shape,
  bytesPerTurn: fc.constantFrom(Number.POSITIVE_INFINITY, 20_000, 3000),
  steps: fc.array(step, { minLength: 1, maxLength: 12 }),
  last: fc.tuple(writes, writes),
});

type Program = typeof program extends fc.Arbitrary<infer T> ? T : never;

/** A context for each depth and role, made once. */
const contexts = new Map<string, StartTLSOptions>();

function optionsFor(level: number, isServer: boolean): StartTLSOptions {
  const known = contexts.get(`${level} ${isServer}`);
  if (known !== undefined) return known;
  const { key, cert } = serverOptions(level);
  const { ca, servername } = clientOptions(level);
  const made: StartTLSOptions = isServer
    ? { isServer, secureContext: createSecureContext({ key, cert }) }
    : { servername, secureContext: createSecureContext({ ca }) };
  contexts.set(`${level} ${isServer}`, made);
  return made;
}

interface Act {
  kind: 'start' | 'stop';
  level: number;
  clientIsServer: boolean;
  before: [Writes, Writes];
}

/** What the steps amount to, given the depth that each one finds. */
function actsOf(steps: readonly Step[]): Act[] {
  let depth = 0;
  return steps.map(({ kind, ...rest }) => {
    const starts = (kind === 'start' || depth === 0) && depth < MAX_DEPTH;
    const level = starts ? ++depth : depth--;
    return { ...rest, kind: starts ? 'start' : 'stop', level };
  });
}

/** The bytes that a side writes in one step; `index` is that of the step. */
function bytesOf(side: number, index: number, { sizes }: Writes): Buffer {
  return Buffer.concat(
    sizes.map((size, at) => pattern(size, side * 10_007 + index * 101 + at + 1)),
  );
}

async function run(
  socket: OnionSocket,
  side: 0 | 1,
  acts: readonly Act[],
  last: readonly [Writes, Writes],
): Promise<void> {
  const inbox = new Inbox(socket);
  const pending: Promise<unknown>[] = [];
  const other = side === 0 ? 1 : 0;
  let expected = Buffer.alloc(0);
  for (const [index, act] of acts.entries()) {
    const { sizes, pause, waits } = act.before[side];
    pauseFor(socket, pause);
    for (const [at, size] of sizes.entries()) {
      socket.write(pattern(size, side * 10_007 + index * 101 + at + 1));
    }
    expected = Buffer.concat([expected, bytesOf(other, index, act.before[other])]);
    // A stop leaves the reader in the layer until the peer's close_notify. A start does not: what the peer wrote before
    // has to be read first, and what was read beyond it is the first of the new layer.
    if (act.kind === 'start') {
      expect((await inbox.bytes(expected.length)).equals(expected)).toBe(true);
      expected = Buffer.alloc(0);
      const options = optionsFor(act.level, (side === 0) === act.clientIsServer);
      pending.push(socket.startTLS({ ...options, leftover: inbox.now() }));
    } else {
      pending.push(socket.stopTLS().then(({ reason }) => expect(reason).toBe('clean')));
    }
    if (waits) await pending.at(-1);
  }
  await Promise.all(pending);
  pauseFor(socket, last[side].pause);
  socket.end(bytesOf(side, acts.length, last[side]));
  expected = Buffer.concat([expected, bytesOf(other, acts.length, last[other])]);
  expect((await inbox.rest()).equals(expected)).toBe(true);
}

function pauseFor(socket: OnionSocket, count: number): void {
  if (count === 0) return;
  socket.pause();
  const turn = (left: number): void => {
    if (left > 0) setImmediate(turn, left - 1);
    else socket.resume();
  };
  turn(count);
}

async function pairOn(transport: TransportKind, options: PipeOptions): Promise<Pair> {
  const ends = await transportsOf(transport, options);
  const [client, server] = ends.map((end) => {
    return quiet(track(new OnionSocket(end, { allowHalfOpen: true })));
  });
  return { client: client as OnionSocket, server: server as OnionSocket };
}

async function runBoth({ transport, shape, bytesPerTurn, steps, last }: Program): Promise<void> {
  const pair = await pairOn(transport, { shape, bytesPerTurn });
  const errors: Error[] = [];
  for (const each of [pair.client, pair.server]) each.on('error', (error) => errors.push(error));
  const acts = actsOf(steps);
  try {
    await Promise.all([run(pair.client, 0, acts, last), run(pair.server, 1, acts, last)]);
  } finally {
    pair.client.destroy();
    pair.server.destroy();
  }
  expect(errors).toEqual([]);
}

const RUNS = Number(process.env['ONION_TLS_FUZZ_RUNS'] ?? 30);

describe('random programs', () => {
  test('of starts, stops, writes and pauses deliver each byte in the layer it was written in', async () => {
    await fc.assert(fc.asyncProperty(program, runBoth), {
      numRuns: RUNS,
      timeout: 4000,
    });
  });

  test('of starts and stops without waiting come out at the same depth', async () => {
    const kinds = fc.array(fc.constantFrom<'start' | 'stop'>('start', 'start', 'stop'), {
      minLength: 2,
      maxLength: 14,
    });
    const transport = fc.constantFrom(...TRANSPORTS);
    await fc.assert(fc.asyncProperty(transport, shape, kinds, runWithoutWaiting), {
      numRuns: RUNS,
      timeout: 4000,
    });
  });
});

/** All calls at once, with a mark written in every layer: marks come out in order, and whole. */
async function runWithoutWaiting(
  transport: TransportKind,
  how: Shape,
  kinds: readonly ('start' | 'stop')[],
): Promise<void> {
  const pair = await pairOn(transport, { shape: how });
  const pending: Promise<unknown>[] = [];
  const steps = kinds.map((kind) => ({ kind, clientIsServer: false, before: NOTHING }));
  const acts = actsOf(steps);
  const inboxes = [new Inbox(pair.server), new Inbox(pair.client)];
  for (const [side, socket] of [pair.client, pair.server].entries()) {
    for (const [index, { kind, level }] of acts.entries()) {
      pending.push(
        kind === 'start' ? socket.startTLS(optionsFor(level, side === 1)) : socket.stopTLS(),
      );
      // Between a stop and the start after it there is no point at which the other side would read.
      const isReadable = kind === 'start' && acts[index + 1]?.kind !== 'start';
      if (isReadable) socket.write(`(${index})`);
    }
    socket.write('(end)');
  }
  const marks = acts.flatMap(({ kind }, index) => {
    return kind === 'start' && acts[index + 1]?.kind !== 'start' ? [`(${index})`] : [];
  });
  const expected = [...marks, '(end)'].join('');
  // A start takes what was not read: only those marks are sure to arrive that no start follows at once.
  for (const inbox of inboxes) expect(await inbox.text(expected.length)).toBe(expected);
  const depth = acts.reduce((sum, { kind }) => sum + (kind === 'start' ? 1 : -1), 0);
  await Promise.all(pending);
  for (const socket of [pair.client, pair.server]) {
    expect(socket.depth).toBe(depth);
    expect(socket.layers.map((layer: TLSLayer) => layer.state)).toEqual(
      Array.from({ length: depth }, () => 'established'),
    );
    socket.destroy();
  }
}

const NO_WRITES: Writes = { sizes: [], pause: 0, waits: false };
const NOTHING: [Writes, Writes] = [NO_WRITES, NO_WRITES];
