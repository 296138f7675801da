import type { AddressInfo, Socket, SocketReadyState } from 'node:net';
import { Duplex, type DuplexOptions } from 'node:stream';
import { invalidArgType, validateNumber } from './validate';

/** The largest delay of a timer. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** What `setTimeout()` has set, in milliseconds. */
interface Silence {
  readonly limit: number;
  readonly timer: NodeJS.Timeout | undefined;
}

/**
 * The part of `net.Socket` that concerns the transport and not the bytes. A transport that lacks a method (it may be any
 * Duplex) makes the call do nothing, and a property `undefined`; the timeout works over any.
 */
export abstract class NetSurface extends Duplex {
  /** The Duplex under everything, usually a `net.Socket`. */
  readonly transport: Duplex;
  #silence: Silence | null = null;

  constructor(transport: Duplex, options: DuplexOptions) {
    super(options);
    this.transport = transport;
  }

  get #net(): Partial<Socket> {
    return this.transport as Partial<Socket>;
  }

  get connecting(): boolean {
    return this.#net.connecting ?? false;
  }
  get pending(): boolean {
    return this.destroyed || (this.#net.pending ?? false);
  }
  get readyState(): SocketReadyState {
    if (this.connecting) return 'opening';
    if (this.readable) return this.writable ? 'open' : 'readOnly';
    return this.writable ? 'writeOnly' : 'closed';
  }
  get remoteAddress(): string | undefined {
    return this.#net.remoteAddress;
  }
  get remotePort(): number | undefined {
    return this.#net.remotePort;
  }
  get remoteFamily(): string | undefined {
    return this.#net.remoteFamily;
  }
  get localAddress(): string | undefined {
    return this.#net.localAddress;
  }
  get localPort(): number | undefined {
    return this.#net.localPort;
  }
  get localFamily(): string | undefined {
    return this.#net.localFamily;
  }
  get timeout(): number | undefined {
    return this.#net.setTimeout === undefined ? this.#silence?.limit : this.#net.timeout;
  }

  get autoSelectFamilyAttemptedAddresses(): string[] {
    return this.#net.autoSelectFamilyAttemptedAddresses ?? [];
  }
  /** As `writableLength`, for programs that know it by its old name; `undefined` once the socket is destroyed. */
  get bufferSize(): number | undefined {
    return this.destroyed ? undefined : this.writableLength;
  }

  address(): AddressInfo | object {
    return this.#net.address?.() ?? {};
  }

  /** See `net.Socket#setNoDelay()`. */
  setNoDelay(noDelay?: boolean): this {
    this.#net.setNoDelay?.(noDelay);
    return this;
  }

  /** See `net.Socket#setKeepAlive()`; the delay is in milliseconds. */
  setKeepAlive(
    enable?: boolean | object,
    initialDelay?: number,
    interval?: number,
    count?: number,
  ): this {
    // What comes after the delay, and an object, is for the versions of Node that know it.
    const set = this.#net.setKeepAlive as ((...values: unknown[]) => unknown) | undefined;
    set?.call(this.transport, enable, initialDelay, interval, count);
    return this;
  }

  /** See `net.Socket#setTimeout()`: the event `'timeout'` after so many milliseconds without traffic; 0 turns it off. */
  setTimeout(timeout: number, callback?: () => void): this {
    if (callback !== undefined && typeof callback !== 'function') {
      throw invalidArgType('callback', 'of type function', callback);
    }
    if (this.#net.setTimeout !== undefined) this.#net.setTimeout(timeout);
    else this.#watchForSilence(timeout);
    if (callback !== undefined) {
      if (timeout === 0) this.removeListener('timeout', callback);
      else this.once('timeout', callback);
    }
    return this;
  }

  /** For a transport that has no timeout of its own. */
  #watchForSilence(limit: number): void {
    validateNumber(limit, 'msecs', 0, Number.MAX_VALUE);
    clearTimeout(this.#silence?.timer);
    const tell = (): void => {
      if (!this.destroyed) this.emit('timeout');
    };
    const timer = limit > 0 ? setTimeout(tell, Math.min(limit, MAX_DELAY_MS)).unref() : undefined;
    this.#silence = { limit, timer };
  }

  /** @internal Bytes were read or written. */
  protected active(): void {
    this.#silence?.timer?.refresh();
  }

  /** See `net.Socket#getTypeOfService()`: 0 where the transport does not know. */
  getTypeOfService(): number {
    return this.#net.getTypeOfService?.() ?? 0;
  }

  /** See `net.Socket#setTypeOfService()`. */
  setTypeOfService(tos: number): this {
    this.#net.setTypeOfService?.(tos);
    return this;
  }

  /** See `net.Socket#ref()`. */
  ref(): this {
    this.#net.ref?.();
    return this;
  }

  /** See `net.Socket#unref()`. */
  unref(): this {
    this.#net.unref?.();
    return this;
  }

  /** See `net.Socket#resetAndDestroy()`: the peer sees a reset. Another transport is only destroyed. */
  resetAndDestroy(): this {
    const reset = this.#net.resetAndDestroy;
    if (reset === undefined) this.destroy();
    else reset.call(this.transport);
    return this;
  }

  /** Ends the writable side and destroys the socket once everything has been written. */
  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', () => this.destroy());
  }
}
