/**
 * Two ends of a transport in memory, with a lane for each direction in which chunks can be cut, glued, held up, altered,
 * cut off and recorded.
 */
import { Duplex } from 'node:stream';
import { Random } from './random';

/**
 * `asWritten`: a chunk for each write. `bytes`: a chunk for each byte. `glued`: all that was written in a turn of the
 * event loop in one chunk. A number: the seed of random cuts and joins.
 */
export type Shape = 'asWritten' | 'bytes' | 'glued' | number;

export interface LaneOptions {
  shape?: Shape;
  /** How many bytes the lane takes in a turn of the event loop. */
  bytesPerTurn?: number;
  /** Changes what is delivered; `offset` counts from the first byte of the lane. */
  alter?: (bytes: Buffer, offset: number) => Buffer;
}

export interface PipeOptions extends LaneOptions {
  highWaterMark?: number;
  /** Where the two directions differ. */
  up?: LaneOptions;
  down?: LaneOptions;
}

export type Direction = 'up' | 'down';

interface Queued {
  rest: Buffer;
  done: () => void;
}

/** One direction. */
export class Lane {
  /** Every write, in order. */
  readonly chunks: Buffer[] = [];
  /** Bytes that the writer has handed over. */
  written = 0;
  /** Bytes that have reached the other end. */
  delivered = 0;
  /** Whether the writer has ended its side. */
  ended = false;
  alter: LaneOptions['alter'];
  readonly #shape: Shape;
  readonly #random: Random;
  readonly #bytesPerTurn: number;
  readonly #onWrite: (bytes: Buffer) => void;
  #receiver!: PipeEnd;
  #queue: Queued[] = [];
  #scheduled = false;
  #stalled = false;
  #readerIsFull = false;
  #isCut = false;
  #finish: (() => void) | null = null;

  constructor(options: LaneOptions, onWrite: (bytes: Buffer) => void) {
    this.#shape = options.shape ?? 'asWritten';
    this.#random = new Random(typeof options.shape === 'number' ? options.shape : 0);
    this.#bytesPerTurn = options.bytesPerTurn ?? Number.POSITIVE_INFINITY;
    this.alter = options.alter;
    this.#onWrite = onWrite;
  }

  /** All that was written, in one piece. */
  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }

  /** Bytes that were written and not delivered. */
  get queued(): number {
    return this.#queue.reduce((sum, { rest }) => sum + rest.length, 0);
  }

  /** Delivers nothing until `resume`. */
  stall(): void {
    this.#stalled = true;
  }

  resume(): void {
    this.#stalled = false;
    this.#schedule();
  }

  /** Delivers all that waits, now. */
  flush(): void {
    this.#deliverTurn(Number.POSITIVE_INFINITY);
  }

  /** Delivers bytes that nobody has written. */
  inject(bytes: Buffer): void {
    this.#receiver.push(bytes);
  }

  /** The other end sees the end of the stream; what is written from now on is lost. */
  cut(): void {
    if (this.#isCut) return;
    this.#isCut = true;
    this.#receiver.push(null);
  }

  /** @internal */
  attach(receiver: PipeEnd): void {
    this.#receiver = receiver;
  }

  /** @internal */
  accept(chunk: Buffer, done: () => void): void {
    this.written += chunk.length;
    const copy = Buffer.from(chunk);
    this.chunks.push(copy);
    this.#onWrite(copy);
    // Glued bytes come from several writes: the writer must not wait.
    const glued = this.#shape === 'glued' && this.#bytesPerTurn === Number.POSITIVE_INFINITY;
    this.#queue.push({ rest: copy, done: glued ? () => {} : done });
    if (glued) done();
    this.#schedule();
  }

  /** @internal Forgets what waits. */
  discard(): void {
    this.#queue = [];
  }

  /** @internal */
  end(done: () => void): void {
    this.ended = true;
    this.#finish = done;
    this.#schedule();
  }

  /** @internal */
  onRead(): void {
    if (!this.#readerIsFull) return;
    this.#readerIsFull = false;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#stalled || this.#readerIsFull) return;
    if (this.#queue.length === 0 && this.#finish === null) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (!this.#stalled) this.#deliverTurn(this.#bytesPerTurn);
    });
  }

  #deliverTurn(budget: number): void {
    const taken: Buffer[] = [];
    const done: (() => void)[] = [];
    for (let left = budget; left > 0; ) {
      const [first] = this.#queue;
      if (first === undefined) break;
      const piece = first.rest.subarray(0, left);
      taken.push(piece);
      left -= piece.length;
      first.rest = first.rest.subarray(piece.length);
      if (first.rest.length > 0) break;
      this.#queue.shift();
      done.push(first.done);
      if (this.#shape === 'asWritten') break;
    }
    this.#push(Buffer.concat(taken));
    for (const each of done) each();
    if (this.#queue.length === 0 && this.#finish !== null) this.#pushEnd();
    this.#schedule();
  }

  #pushEnd(): void {
    const finish = this.#finish;
    this.#finish = null;
    this.cut();
    finish?.();
  }

  #push(bytes: Buffer): void {
    const altered = this.alter?.(bytes, this.delivered) ?? bytes;
    this.delivered += bytes.length;
    for (const piece of this.#pieces(altered)) {
      if (this.#isCut || this.#receiver.destroyed) return;
      if (!this.#receiver.push(piece)) this.#readerIsFull = true;
    }
  }

  *#pieces(bytes: Buffer): Generator<Buffer> {
    const shape = this.#shape;
    if (typeof shape === 'string' && shape !== 'bytes') {
      if (bytes.length > 0) yield bytes;
      return;
    }
    for (let at = 0; at < bytes.length; ) {
      const size = shape === 'bytes' ? 1 : this.#random.between(1, this.#random.between(1, 4096));
      yield bytes.subarray(at, at + size);
      at += size;
    }
  }
}

export class PipeEnd extends Duplex {
  readonly #out: Lane;
  readonly #in: Lane;

  constructor(out: Lane, into: Lane, highWaterMark: number) {
    super({ highWaterMark });
    this.#out = out;
    this.#in = into;
    into.attach(this);
  }

  override _read(): void {
    this.#in.onRead();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#out.accept(chunk, done);
  }

  override _final(done: () => void): void {
    this.#out.end(done);
  }

  /** As with a socket, the other end sees the stream end; what had not been handed over is lost. */
  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#out.discard();
    if (!this.#out.ended) this.#out.end(() => {});
    done(error);
  }
}

export interface Flight {
  direction: Direction;
  bytes: number;
}

export class Pipe {
  /** From `a` to `b`. */
  readonly up: Lane;
  /** From `b` to `a`. */
  readonly down: Lane;
  readonly a: PipeEnd;
  readonly b: PipeEnd;
  /** Writes, those that follow each other in one direction added up. */
  readonly flights: Flight[] = [];

  constructor(options: PipeOptions = {}) {
    const { up, down, highWaterMark = 16 * 1024, ...both } = options;
    this.up = new Lane({ ...both, ...up }, (bytes) => this.#record('up', bytes));
    this.down = new Lane({ ...both, ...down }, (bytes) => this.#record('down', bytes));
    this.a = new PipeEnd(this.up, this.down, highWaterMark);
    this.b = new PipeEnd(this.down, this.up, highWaterMark);
  }

  #record(direction: Direction, bytes: Buffer): void {
    const last = this.flights.at(-1);
    if (last?.direction === direction) last.bytes += bytes.length;
    else this.flights.push({ direction, bytes: bytes.length });
  }
}

/** Flips all bits of one byte. */
export function corruptByte(at: number): (bytes: Buffer, offset: number) => Buffer {
  return (bytes, offset) => {
    const index = at - offset;
    if (index < 0 || index >= bytes.length) return bytes;
    const altered = Buffer.from(bytes);
    altered[index] = ~(altered[index] as number) & 0xff;
    return altered;
  };
}
