/** Waiting for what streams do, without sleeping. */
import type { EventEmitter } from 'node:events';
import type { Duplex, Readable } from 'node:stream';

interface Waiter {
  isMet: () => boolean;
  resolve: () => void;
  reject: (error: Error) => void;
}

/** Collects what a stream delivers. */
export class Inbox {
  ended = false;
  error: Error | null = null;
  closed = false;
  /** Bytes that have come, taken ones included. */
  received = 0;
  #chunks: Buffer[] = [];
  #waiters: Waiter[] = [];

  constructor(stream: Readable) {
    stream.on('data', (chunk: Buffer) => {
      this.received += chunk.length;
      this.#chunks.push(chunk);
      this.#check();
    });
    stream.on('end', () => {
      this.ended = true;
      this.#check();
    });
    stream.on('error', (error: Error) => {
      this.error = error;
      this.#check();
    });
    stream.on('close', () => {
      this.closed = true;
      this.#check();
    });
  }

  /** What has come and was not taken. */
  get waiting(): number {
    return this.#chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  /** Takes the next `length` bytes as soon as they are here; rejects when the stream is over before. */
  async bytes(length: number): Promise<Buffer> {
    await this.#until(() => this.waiting >= length);
    return this.#take(length);
  }

  /** Takes a text of this length, in bytes. */
  async text(length: number): Promise<string> {
    return (await this.bytes(length)).toString('latin1');
  }

  /** Takes all that comes until the stream ends. */
  async rest(): Promise<Buffer> {
    await this.#until(() => this.ended);
    return this.#take(this.waiting);
  }

  /** Takes what is here. */
  now(): Buffer {
    return this.#take(this.waiting);
  }

  #take(length: number): Buffer {
    const all = Buffer.concat(this.#chunks);
    this.#chunks = all.length > length ? [all.subarray(length)] : [];
    return all.subarray(0, length);
  }

  #until(isMet: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ isMet, resolve, reject });
      this.#check();
    });
  }

  #check(): void {
    const over = this.error ?? (this.ended || this.closed ? new Error(this.#describe()) : null);
    this.#waiters = this.#waiters.filter(({ isMet, resolve, reject }) => {
      if (isMet()) resolve();
      else if (over !== null) reject(over);
      else return true;
      return false;
    });
  }

  #describe(): string {
    return `The stream is over after ${this.received} bytes, ${this.waiting} of them not taken`;
  }
}

/** How a stream came to its end. */
export interface Ending {
  readonly errors: Error[];
  /** Names of events in order, of those that end a stream and those that come after 'close'. */
  readonly log: string[];
  /** Resolves with 'close', also after an error. */
  readonly closed: Promise<void>;
}

const ENDING_EVENTS = ['end', 'finish', 'error', 'close'] as const;
const OTHER_EVENTS = ['data', 'drain', 'layerSecure', 'layerClose', 'keylog', 'session'] as const;

/** Takes 'error' off the stream, and records whether anything comes after 'close'. */
export function watch(stream: EventEmitter): Ending {
  const errors: Error[] = [];
  const log: string[] = [];
  const closed = new Promise<void>((resolve) => stream.once('close', () => resolve()));
  for (const name of ENDING_EVENTS) stream.on(name, () => log.push(name));
  stream.on('error', (error: Error) => errors.push(error));
  stream.once('close', () => {
    for (const name of OTHER_EVENTS) stream.on(name, () => log.push(`${name} after close`));
  });
  return { errors, log, closed };
}

/** What a promise is rejected with. */
export function rejectionOf<T extends Error = Error>(promise: Promise<unknown>): Promise<T> {
  return promise.then(
    () => {
      throw new Error('The promise was resolved');
    },
    (error: T) => error,
  );
}

/** Resolves with the first values of an event; does not listen to 'error'. */
export function next<T extends unknown[]>(emitter: EventEmitter, name: string): Promise<T> {
  return new Promise((resolve) =>
    emitter.once(name, (...values: unknown[]) => resolve(values as T)),
  );
}

/** Lets the event loop turn: what is already on its way inside this process arrives meanwhile. */
export async function turns(count = 10): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Writes all chunks, waiting for 'drain' where the stream says so. */
export async function writeAll(stream: Duplex, bytes: Buffer, size = 64 * 1024): Promise<void> {
  for (let at = 0; at < bytes.length; at += size) {
    if (!stream.write(bytes.subarray(at, at + size))) await next(stream, 'drain');
  }
}
