/**
 * Whatever both sides do, at whatever moment, a connection comes to a decent end: every promise settles, there is one
 * 'close' and at most one 'error', which is what the promises are rejected with, nothing comes after them, and nothing is
 * thrown that nobody has asked for.
 *
 * What is done is drawn from a seed, also inside of listeners and of callbacks of writes. Most connections fail sooner or
 * later, as the two sides do not agree on anything.
 */
import fc from 'fast-check';
import { createSecureContext, OnionSocket, type StartTLSOptions, StateError } from '../../src';
import { type Ending, turns, watch } from '../support/events';
import { clientOptions, levelsTo, serverOptions } from '../support/identities';
import { track } from '../support/pairs';
import { pattern, Random } from '../support/random';
import { TRANSPORTS, transportsOf } from '../support/transports';

const RUNS = 4 * Number(process.env['ONION_TLS_FUZZ_RUNS'] ?? 30);
const LONG = 30_000 + RUNS * 500;
const EVENTS = ['data', 'layerSecure', 'layerClose', 'readable', 'end', 'error', 'close', 'drain'];
/** Refused where they were called: the connection goes on. */
const REFUSED = ['ERR_ONION_STATE', 'ERR_ONION_DESTROYED', 'ERR_ONION_UNREAD', 'ERR_ONION_LIMIT'];
/** Words of our own bugs. */
const INTERNAL = /can't go from|no such layer|Cannot read|is not a function|middle of a step/;

const contexts = new Map<string, StartTLSOptions>();

function contextFor(level: number, isServer: boolean): StartTLSOptions {
  const name = `${level} ${isServer}`;
  const known = contexts.get(name);
  if (known !== undefined) return known;
  const { key, cert } = serverOptions(level);
  const { ca, servername } = clientOptions(level);
  const made: StartTLSOptions = isServer
    ? { isServer, secureContext: createSecureContext({ key, cert }) }
    : { servername, secureContext: createSecureContext({ ca }) };
  contexts.set(name, made);
  return made;
}

interface Side {
  socket: OnionSocket;
  ending: Ending;
  pending: Promise<unknown>[];
}

class Play {
  readonly #random: Random;
  readonly sides: Side[] = [];
  #budget: number;

  constructor(seed: number) {
    this.#random = new Random(seed);
    this.#budget = this.#random.between(5, 60);
  }

  async run(): Promise<void> {
    await this.#connect();
    while (this.#budget > 0) {
      this.#act(this.#either());
      if (this.#chance(0.6)) await turns(1);
    }
    await turns();
    for (const { socket } of this.sides) socket.destroy();
    await Promise.all(this.sides.map(({ ending }) => ending.closed));
    await Promise.all(this.sides.map(({ pending }) => Promise.allSettled(pending)));
    await turns(2);
  }

  async #connect(): Promise<void> {
    const kind = TRANSPORTS[this.#random.between(0, TRANSPORTS.length - 1)] ?? 'pipe';
    const shape = (['asWritten', 'bytes', 'glued', 5] as const)[this.#random.between(0, 3)] ?? 5;
    for (const transport of await transportsOf(kind, { shape })) {
      const allowHalfOpen = this.#chance(0.5);
      const socket = track(new OnionSocket(transport, { allowHalfOpen }));
      this.sides.push({ socket, ending: watch(socket), pending: [] });
    }
    for (const level of levelsTo(this.#random.between(0, 3))) {
      this.#startBoth(level);
      await Promise.allSettled(this.sides.flatMap(({ pending }) => pending));
    }
    for (const side of this.sides) for (const event of EVENTS) this.#listen(side, event);
  }

  #listen(side: Side, event: string): void {
    if (event === 'readable' && this.#chance(0.8)) return;
    side.socket.on(event, () => {
      if (this.#chance(0.5)) this.#act(side);
      if (event === 'readable') while (side.socket.read() !== null);
    });
  }

  #chance(of: number): boolean {
    return this.#random.next() < of;
  }

  #either(): Side {
    return this.sides[this.#random.between(0, 1)] as Side;
  }

  #act(side: Side): void {
    if (this.#budget-- <= 0) return;
    const what = this.#random.next();
    if (what < 0.04) this.#start(side, this.#random.between(1, 3), this.#chance(0.5));
    else if (what < 0.14) this.#startBoth(this.#random.between(1, 3));
    else if (what < 0.24) this.#stop(side);
    else if (what < 0.34) for (const each of this.sides) this.#stop(each);
    else if (what < 0.65) this.#write(side);
    else this.#actOnStream(side.socket);
  }

  #startBoth(level: number): void {
    const server = this.#either();
    for (const side of this.sides) this.#start(side, level, side === server);
  }

  #start({ socket, pending }: Side, level: number, isServer: boolean): void {
    const controller = new AbortController();
    if (this.#chance(0.02)) setImmediate(() => controller.abort());
    pending.push(
      socket.startTLS({
        ...contextFor(level, isServer),
        allowPeerStop: this.#chance(0.8),
        requireCloseNotify: this.#chance(0.7),
        unread: this.#chance(0.05) ? 'reject' : 'feed',
        offloadHandshake: this.#chance(0.25),
        // The other side may never start.
        handshakeTimeout: 500,
        signal: controller.signal,
      }),
    );
  }

  #stop({ socket, pending }: Side): void {
    pending.push(
      socket.stopTLS({
        timeout: this.#random.between(1, 300),
        onTimeout: this.#chance(0.5) ? 'abandon' : 'destroy',
        notify: this.#chance(0.95),
      }),
    );
  }

  #write(side: Side): void {
    if (!side.socket.writable) return;
    const most = this.#chance(0.7) ? 100 : 100_000;
    const acts = this.#chance(0.3);
    side.socket.write(pattern(this.#random.between(0, most)), () => acts && this.#act(side));
  }

  /** What a stream can be asked for; the ends of all things are rare. */
  #actOnStream(socket: OnionSocket): void {
    const actions: (() => unknown)[] = [
      () => setImmediate(() => socket.resume()) && socket.pause(),
      () => setImmediate(() => socket.uncork()) && socket.cork(),
      () => socket.resume(),
      () => socket.read(this.#random.between(1, 10)),
      () => this.#chance(0.2) && socket.end(),
      () =>
        this.#chance(0.25) && socket.destroy(this.#chance(0.5) ? new Error('enough') : undefined),
      () => this.#chance(0.1) && socket.setEncoding(this.#chance(0.5) ? 'utf8' : 'hex'),
      () => this.#chance(0.05) && socket.transport.destroy(),
      () => this.#chance(0.05) && socket.transport.end(),
      () => this.#chance(0.05) && socket.detach(),
      () => socket.layers.at(-1)?.keyUpdate(this.#chance(0.5)),
      () => socket.layers.map((layer) => [layer.stats, layer.getPeerCertificate()]),
      () => [socket.getCipher(), socket.authorized, socket.bytesRead, socket.bytesWritten],
    ];
    try {
      actions[this.#random.between(0, actions.length - 1)]?.();
    } catch (error) {
      if (!(error instanceof StateError)) throw error;
    }
  }
}

async function expectDecentEnd({ ending, pending }: Side): Promise<void> {
  expect(ending.log.filter((name) => name === 'close')).toHaveLength(1);
  expect(ending.log.at(-1)).toBe('close');
  expect(ending.errors.length).toBeLessThanOrEqual(1);
  for (const outcome of await Promise.allSettled(pending)) {
    if (outcome.status === 'fulfilled') continue;
    const error = outcome.reason as Error & { code?: string };
    expect(error.message).not.toMatch(INTERNAL);
    if (!REFUSED.includes(error.code ?? '')) expect(ending.errors).toEqual([error]);
  }
}

test(
  'anything that is done to a connection leads to a decent end',
  async () => {
    const thrown: unknown[] = [];
    const onThrown = (error: unknown): void => void thrown.push(error);
    process.on('unhandledRejection', onThrown);
    const property = fc.asyncProperty(fc.nat(), async (seed) => {
      const play = new Play(seed);
      await play.run();
      for (const side of play.sides) await expectDecentEnd(side);
      expect(thrown).toEqual([]);
    });
    try {
      await fc.assert(property, { numRuns: RUNS, timeout: 8000 });
    } finally {
      process.off('unhandledRejection', onThrown);
    }
  },
  LONG,
);
