import type { StopOptions } from './options';
import type { TLSLayer } from './tls-layer';

/**
 * A start or a stop that waits for its turn among the writes. Its place in the queue is a marker: a chunk of no bytes that
 * goes through the Writable like any write, so that backpressure, cork and buffering keep the order for us.
 */
// biome-ignore lint/suspicious/noExplicitAny: one queue holds operations of every result
export class Operation<T = any> {
  readonly kind: 'start' | 'stop' | 'answer';
  readonly layer: TLSLayer;
  readonly stop: StopOptions | null;
  readonly marker = Buffer.alloc(0);
  /** Its turn has come and what it sends has been handed over. */
  begun = false;
  /** The reader waits until this one has settled. */
  holdsReader = false;
  /** What it asked for has happened, or never will. */
  settled = false;

  #promise: Promise<T> | null = null;
  #resolve: (value: T) => void = ignore;
  #reject: (error: Error) => void = ignore;
  #value: T | undefined;
  #error: Error | null = null;
  #timer: NodeJS.Timeout | null = null;
  #onTimeout: () => void = ignore;
  #signal: AbortSignal | null = null;
  #onAbort: (() => void) | null = null;

  constructor(kind: Operation['kind'], layer: TLSLayer, stop: StopOptions | null = null) {
    this.kind = kind;
    this.layer = layer;
    this.stop = stop;
  }

  /** Made when somebody asks for it: `connect()` and servers tell of their layers by events. */
  get promise(): Promise<T> {
    this.#promise ??= this.#makePromise();
    return this.#promise;
  }

  #makePromise(): Promise<T> {
    const promise = new Promise<T>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // The socket's 'error' event tells of every failure; a promise that nobody awaits must not tell it again.
    promise.catch(ignore);
    if (this.#error !== null) this.#reject(this.#error);
    else if (this.settled) this.#resolve(this.#value as T);
    return promise;
  }

  /** Calls back once when the signal aborts before the operation has settled. */
  watch(signal: AbortSignal | undefined, onAbort: () => void): void {
    if (signal === undefined) return;
    this.#signal = signal;
    this.#onAbort = onAbort;
    signal.addEventListener('abort', onAbort, { once: true });
  }

  /** Of one operation all times are the same: the handshake's, or that of stopping. */
  startTimer(ms: number, onTimeout: () => void): void {
    this.#onTimeout = onTimeout;
    if (this.#timer !== null) this.#timer.refresh();
    // The connection keeps the process alive, if anything does; as in Node, its timers don't.
    else this.#timer = setTimeout(Operation.#expire, ms, this).unref();
  }

  static #expire(operation: Operation): void {
    operation.#onTimeout();
  }

  succeed(value: T): void {
    this.#release();
    this.#value = value;
    this.#resolve(value);
  }

  fail(error: Error): void {
    this.#release();
    this.#error = error;
    this.#reject(error);
  }

  #release(): void {
    this.settled = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#onAbort !== null) this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#timer = null;
    this.#onAbort = null;
    this.#signal = null;
  }
}

function ignore(): void {}
