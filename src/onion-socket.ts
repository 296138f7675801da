/**
 * Theory of operation
 *
 *   application   write()                                   push() / 'data'
 *                   │                                           ▲
 *               Writable queue: data and markers            Readable queue
 *                   ▼                                           │
 *              WriteQueue ──► LayerStack.send          LayerStack.receive
 *                   │                                           ▲
 *               WireWriter                                 InboundPump
 *                   ▼                                           │
 *   transport     write()                                    'data'
 *
 * Order. startTLS and stopTLS put a marker into the Writable queue and so take effect behind the writes before them. The
 * read side changes at once on startTLS: what the application has not read is for the new layer.
 *
 * Reading. The native chain stops at each event; the socket carries out what came before it, tells the application, and
 * goes on. After a promise of startTLS or stopTLS has been resolved, nothing is delivered until the code that awaits it
 * has run: it may start another layer, and the bytes at hand are for that one.
 *
 * Backpressure. While a handshake runs the engine is the reader; otherwise the application is, and when it has had enough
 * the transport is paused. A transport that has had enough stops the write queue.
 *
 * Ending.   end():      writes… → close_notify of layer N … 1 → end of the transport → 'finish'
 *           failure:    alert → destroyed → 'error', and end of the transport → the peer's end → 'close'
 */
import type { Duplex } from 'node:stream';
import { StateError, TLSError } from './errors';
import type { InboundPump } from './inbound-pump';
import { LayerOperations } from './layer-operations';
import { type CloseReason, LayerStack } from './layer-stack';
import { LayeredSurface } from './layered-surface';
import type { NativeNote } from './native';
import { Operation } from './operation';
import {
  type LayerOptions,
  type OnionSocketOptions,
  parseSocketOptions,
  parseStartTLSOptions,
  parseStopTLSOptions,
  type StartTLSOptions,
  type StopTLSOptions,
} from './options';
import { bindPsk } from './psk';
import type { TLSLayer } from './tls-layer';
import { trace } from './trace';
import {
  attachTransport,
  closeTransport,
  handBackTransport,
  listenFor,
  type Parting,
} from './transport-link';
import { invalidArgType } from './validate';
import { WireWriter } from './wire-writer';
import { brokenPipe, type WriteQueue } from './write-queue';

type WriteCallback = (error: Error | null | undefined) => void;

export interface StopResult {
  layer: TLSLayer;
  reason: CloseReason;
}

/**
 * A connection that TLS layers can be put on and taken off while it lives. Without a layer, bytes pass through.
 *
 * Events, besides those of `stream.Duplex`: `'layerSecure' (layer)`, `'layerClose' (layer, reason)`, `'keylog' (line,
 * layer)`, `'session' (session, layer)`, `'OCSPResponse' (response, layer)`, and `'timeout'`, `'connect'`, `'ready'`,
 * `'lookup'` of a transport that has them.
 *
 * When `'layerClose'` is emitted, the `readableLength` bytes that were not read yet came through that layer; all that
 * follows comes from below. `'data'` events never hold bytes of both, `read()` may.
 */
export class OnionSocket extends LayeredSurface {
  /** @internal */
  protected readonly stack: LayerStack;
  readonly #wire: WireWriter;
  readonly #operations: LayerOperations;
  readonly #queue: WriteQueue;
  readonly #pump: InboundPump;
  readonly #maxDepth: number;
  #bytesWritten = 0;
  /** How many of them came last from the Writable. */
  #handedOver = 0;
  #detached = false;
  /** All that the application has written is with the transport: only our close_notify is still to be sent. */
  #allIsSent = false;

  /**
   * @param transport - any Duplex of bytes, usually a `net.Socket`; it belongs to the OnionSocket until `detach()`
   * @param options - those of a Duplex and `maxDepth`, `onread`; `allowHalfOpen` is by default that of the transport
   * @throws TypeError `ERR_INVALID_ARG_TYPE` when it is not a Duplex; `ERR_INVALID_ARG_VALUE` when another OnionSocket has it
   */
  constructor(transport: Duplex, options: OnionSocketOptions = {}) {
    const { duplex, maxDepth, onread, dynamicRecordSizing } = parseSocketOptions(
      transport,
      options,
    );
    super(transport, duplex);
    this.#maxDepth = maxDepth;
    this.stack = new LayerStack(this);
    this.#wire = new WireWriter(transport, this.stack, dynamicRecordSizing);
    this.#operations = new LayerOperations(this, transport, this.stack, this.#wire, onread);
    this.#queue = this.#operations.queue;
    this.#pump = this.#operations.pump;
    this.on('newListener', onNewListener);
    attachTransport(transport, this);
  }

  /** The layers, the outermost first. */
  get layers(): readonly TLSLayer[] {
    return this.stack.visible;
  }

  /** How many layers there are. */
  get depth(): number {
    return this.stack.visible.length;
  }

  /** Bytes delivered to the application. */
  get bytesRead(): number {
    return this.#pump.bytesRead;
  }

  /** Bytes that the application has written, queued ones included. */
  get bytesWritten(): number {
    // Programs look at prototypes to find out what a socket has.
    if (!(#queue in this)) return undefined as never;
    // What the Writable has handed over counts as its own until it is told that this is done.
    const counted = this.#queue.isOwed ? this.#handedOver : 0;
    return this.#bytesWritten - counted + this.writableLength;
  }

  protected override get innermost(): TLSLayer | undefined {
    return this.stack.innermost;
  }

  /**
   * Puts a TLS layer on the connection: writes before the call go out under the layers before it, writes after it under the
   * new one. May be called again before the layer below is established.
   *
   * @returns the layer, once its handshake is done and the peer verified
   * @throws TypeError or RangeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE` for options that
   *   can't be used
   * @throws TLSError `ERR_OSSL_…` or `ERR_SSL_…` for a key, certificate or cipher list that OpenSSL refuses
   */
  startTLS(options: StartTLSOptions): Promise<TLSLayer> {
    const started = this.startLayer(parseStartTLSOptions(options));
    return started instanceof Error ? rejected(started) : started.promise;
  }

  /** @internal `startTLS` with options that were parsed before; an error: why it is refused */
  startLayer(parsed: LayerOptions): Operation<TLSLayer> | Error {
    const refusal =
      this.#operations.refuse('startTLS()', parsed.signal) ??
      this.#operations.refuseStart(parsed.unread, this.#maxDepth);
    if (refusal !== null) return refusal;
    const unread = this.stack.isStopping ? [] : this.#pump.takeUnread();
    const operation = new Operation<TLSLayer>(
      'start',
      this.stack.push(bindPsk(parsed, this), unread),
    );
    this.#operations.enqueue(operation, parsed.signal);
    this.#pump.kick();
    return operation;
  }

  /** @internal `startTLS` of all the layers that a socket begins with: one that is refused is the end of it */
  startLayers(layers: readonly LayerOptions[]): void {
    for (const layer of layers) {
      const started = this.startLayer(layer);
      if (started instanceof Error) this.destroy(started);
    }
  }

  /**
   * Takes the innermost layer off: writes before the call go out in it, then close_notify, and writes after it go to the
   * layer below. Reading goes on in the layer until the peer's close_notify; then the promise is resolved.
   *
   * @returns the layer, and `reason`: `'clean'`, the peer has closed too; `'timeout'`, it did not and `onTimeout` is
   *   `'abandon'`; `'abandoned'`, dropped by `notify: false`
   * @throws TypeError or RangeError for options that can't be used
   */
  stopTLS(options: StopTLSOptions = {}): Promise<StopResult> {
    const parsed = parseStopTLSOptions(options);
    const refusal = this.#operations.refuse('stopTLS()', parsed.signal);
    if (refusal !== null) return rejected(refusal);
    const layer = this.stack.lastToStop;
    if (layer === undefined) return rejected(new StateError('stopTLS() needs a layer to stop'));
    layer.stopRequested = true;
    const operation = new Operation<StopResult>('stop', layer, parsed);
    this.#operations.enqueue(operation, parsed.signal);
    return operation.promise;
  }

  /**
   * Gives the transport back when there are no layers: bytes that were not read are unshifted onto it, and this socket is
   * done with. The transport is left neither flowing nor paused, as a new one is.
   *
   * @throws StateError `ERR_ONION_STATE` while there are layers or writes on their way, and after the end of the transport;
   *   `ERR_ONION_UNREAD` for bytes that `setEncoding` has turned into text
   */
  detach(): Duplex {
    const refusal = this.#operations.refuse('detach()');
    if (refusal !== null) throw refusal;
    if (!this.stack.isBare || this.#operations.arePending)
      throw new StateError('detach() while there are layers');
    this.#queue.flush();
    if (this.writableLength > 0 || this.#queue.isBusy)
      throw new StateError('detach() while writes are on their way');
    // Nothing can be put back onto it; all of it can be read from this socket.
    if (this.transport.readableEnded) throw new StateError('detach() after the peer has ended');
    const decoded = this.#operations.refuseDecoded('detach()');
    if (decoded !== null) throw decoded;
    const unread = Buffer.concat([...this.#pump.takeUnread(), ...this.#pump.takeRest()]);
    handBackTransport(this.transport, unread);
    this.#detached = true;
    this.destroy();
    return this.transport;
  }

  override write(chunk: unknown, callback?: WriteCallback): boolean;
  override write(chunk: unknown, encoding?: BufferEncoding, callback?: WriteCallback): boolean;
  override write(
    chunk: unknown,
    encoding?: BufferEncoding | WriteCallback,
    callback?: WriteCallback,
  ): boolean {
    const done = typeof encoding === 'function' ? encoding : callback;
    if (!this.#canAnswer(chunk)) {
      if (this.#isEndedByPeer) return this.#refuseWrite(done);
      return super.write(chunk, encoding as BufferEncoding, callback);
    }
    this.active();
    this.#bytesWritten += chunk.length;
    this.#pump.hasNews = false;
    this.#queue.answer(chunk);
    if (typeof done === 'function') process.nextTick(done, this.errored);
    return true;
  }

  /**
   * Whether a write can go past the Writable: the first small one after something has come in, while nothing else is on
   * its way. An answer leaves at once then, together with what the layers have to say; those behind it are gathered.
   */
  #canAnswer(chunk: unknown): chunk is Uint8Array {
    return (
      this.#pump.hasNews &&
      chunk instanceof Uint8Array &&
      !this.#queue.isBusy &&
      this.writable &&
      this.writableCorked === 0 &&
      this.#queue.canAnswer(chunk.length)
    );
  }

  override _write(
    chunk: Buffer,
    _encoding: BufferEncoding,
    done: (error?: Error | null) => void,
  ): void {
    this.#count(chunk.length);
    this.#queue.add(chunk, done);
  }

  override _writev(
    chunks: { chunk: Buffer; encoding: BufferEncoding }[],
    done: (error?: Error | null) => void,
  ): void {
    const list = chunks.map(({ chunk }) => chunk);
    let bytes = 0;
    for (const chunk of list) bytes += chunk.length;
    this.#count(bytes);
    this.#queue.addAll(list, done);
  }

  override uncork(): void {
    super.uncork();
    this.#queue.goOn();
  }

  /** As `net.Socket` has it: its writable side has ended because that of the peer has. */
  get #isEndedByPeer(): boolean {
    return this.writableEnded && this.readableEnded && !this.allowHalfOpen && !this.destroyed;
  }

  #refuseWrite(done: WriteCallback | undefined): boolean {
    const error = brokenPipe();
    if (typeof done === 'function') process.nextTick(done, error);
    this.destroy(error);
    return false;
  }

  #count(bytes: number): void {
    this.active();
    this.#handedOver = bytes;
    this.#bytesWritten += bytes;
  }

  override _read(): void {
    this.#pump.demand();
  }

  override resume(): this {
    super.resume();
    this.#pump.want();
    return this;
  }

  override pause(): this {
    super.pause();
    this.#pump.pause();
    return this;
  }

  /**
   * Ends the writable side once all has been written: close_notify of all layers, and the end of the transport. While a
   * handshake runs this waits for it; a peer that is silent for a second is told by the end of the transport that nothing
   * will come, unless something was written.
   */
  override end(...values: unknown[]): this {
    const isFirst = !this.writableEnded;
    super.end(...(values as []));
    if (isFirst) this.#operations.boundEnd(() => this.#endTransport(() => {}));
    return this;
  }

  override destroySoon(): void {
    if (this.#operations.isIdleHandshake) this.destroy();
    else super.destroySoon();
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#queue.flush();
    this.#queue.end(() => this.#endTransport(done));
  }

  #endTransport(done: () => void): void {
    this.#allIsSent = this.transport.writableLength === 0 && this.transport.errored === null;
    this.stack.closeAll();
    this.#wire.release();
    if (this.transport.writableEnded || this.transport.destroyed) return done();
    this.transport.end(() => done());
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#pump.stop();
    this.#queue.close(error);
    this.#wire.release();
    const parting = this.#partingAfter(error);
    this.stack.destroy();
    this.#operations.failAll(error);
    // An error is told at once: how long the transport takes to close is up to the peer.
    done(error);
    if (this.#detached) this.tellClose();
    else closeTransport(this.transport, parting, () => this.tellClose());
  }

  /** The transport is let go. */
  protected tellClose(): void {
    process.nextTick(emitClose, this);
  }

  #partingAfter(error: Error | null): Parting {
    if (error !== null) return sentAlert(error) ? 'after the peer' : 'when all has left';
    const bothHaveEnded = this.readableEnded && this.writableFinished;
    // The peer still has the layers below the innermost to close.
    return bothHaveEnded && this.depth > 1 ? 'after the peer' : 'at once';
  }

  /** @internal */
  onData(chunk: Buffer | string): void {
    this.active();
    if (typeof chunk !== 'string') return this.#pump.accept(chunk);
    this.destroy(
      invalidArgType('chunk', 'bytes: the transport must not have setEncoding()', chunk),
    );
  }

  /** @internal */
  onBorrowed(buffer: Buffer, length: number): void {
    this.#pump.acceptBorrowed(buffer, length);
  }

  /** @internal */
  onEnd(): void {
    this.#pump.end();
  }

  /** @internal */
  onDrain(): void {
    this.#wire.drained();
    this.#queue.work();
    this.#pump.kick();
  }

  /** @internal */
  onPause(): void {
    this.#pump.keepFlowing();
  }

  /** @internal */
  flushWire(): void {
    this.#wire.flush();
  }

  /** @internal */
  onTransportError(error: Error & { code?: unknown }): void {
    const isGone = error.code === 'EPIPE' || error.code === 'ECONNRESET';
    // Nothing is lost where the peer has ended cleanly and then does not wait for our close_notify.
    if (isGone && this.#allIsSent && this.readableEnded) this.destroy();
    else this.destroy(error);
  }

  /** @internal */
  onTransportClose(): void {
    if (this.destroyed) return;
    if (!this.transport.readableEnded && !this.#operations.hasEnded) {
      this.destroy(this.transport.errored ?? this.stack.transportEnded() ?? undefined);
    } else if (this.readableEnded) {
      this.destroy();
    } else {
      // What has come before the end is still to be read.
      this.once('end', () => this.destroy());
    }
  }

  /** @internal Sends nothing, not even of a handshake, until `releaseWire()`. */
  protected holdWire(): void {
    this.#wire.hold();
  }

  /** @internal */
  protected releaseWire(): void {
    this.#wire.release();
    this.#queue.work();
  }

  /** @internal */
  noted(note: NativeNote, layer: TLSLayer): void {
    if (note.kind === 'keylog') this.emit('keylog', note.data, layer);
    else if (note.kind === 'session') this.tellSession(note.data, layer);
    else trace(note, layer);
  }

  /** @internal */
  protected tellSession(session: Buffer, layer: TLSLayer): void {
    layer.tellSession(session, () => this.emit('session', session, layer));
  }

  /** @internal */
  collect(event: string | symbol): void {
    if (event === 'keylog' || event === 'session') this.stack.collect(event);
  }
}

function onNewListener(this: OnionSocket, event: string | symbol): void {
  this.collect(event);
  listenFor(this.transport, event);
}

function sentAlert(error: Error): boolean {
  return error instanceof TLSError && error.alert?.direction === 'sent';
}

function rejected(error: Error): Promise<never> {
  const promise = Promise.reject(error);
  promise.catch(() => {});
  return promise;
}

function emitClose(socket: OnionSocket): void {
  socket.emit('close');
}
