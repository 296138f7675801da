/**
 * Theory of operation
 *
 * What happens between the calls of the application and the layers, in order. A start or a stop is an {@link Operation}: it
 * waits in the write queue for its turn, is performed, and settles when the stack reports the event it waits for.
 *
 *   start    turn: all layers below established  ──► ClientHello ──► 'secure'              ──► settled
 *   stop     turn: no stop above on its way      ──► close_notify ──► peer's close_notify  ──► settled
 *   answer   the peer has stopped and we allow it: close_notify behind the writes so far   ──► settled
 *
 * A start blocks the writes behind it until it has settled, a stop only until its close_notify is sent.
 *
 * Whoever awaits a promise may start another layer when it resolves, and the bytes at hand are for that one: so once an
 * operation has settled, the pump delivers nothing until that code has run. The same when the peer closes a layer right
 * behind a message, which the application may answer by a stop of its own.
 */
import type { Duplex } from 'node:stream';
import { LimitError, StateError, TLSTimeoutError } from './errors';
import { InboundPump } from './inbound-pump';
import type { CloseReason, LayerNote, LayerStack, StackEvent } from './layer-stack';
import { isReadOpen } from './layer-state';
import type { NativeNote } from './native';
import { Operation } from './operation';
import type { OnRead, StopOptions } from './options';
import { rethrowLater } from './rethrow';
import { emptyList, listWith, listWithout } from './short-list';
import type { TLSLayer } from './tls-layer';
import { MAX_WAIT_MS } from './transport-link';
import type { WireWriter } from './wire-writer';
import { brokenPipe, WriteQueue } from './write-queue';

/** Where events and plaintext go, and what a failure destroys. */
export interface OperationsOwner extends Duplex {
  readonly connecting: boolean;
  /** Something that a layer tells and that stops nothing. */
  noted(note: NativeNote, layer: TLSLayer): void;
}

export class LayerOperations {
  readonly queue: WriteQueue;
  readonly pump: InboundPump;
  readonly #socket: OperationsOwner;
  readonly #stack: LayerStack;
  readonly #wire: WireWriter;
  #pending: readonly Operation[] = emptyList();
  #endPushed = false;

  constructor(
    socket: OperationsOwner,
    transport: Duplex,
    stack: LayerStack,
    wire: WireWriter,
    onread: OnRead | null,
  ) {
    this.#socket = socket;
    this.#stack = stack;
    this.#wire = wire;
    this.queue = new WriteQueue(stack, wire, this);
    this.pump = new InboundPump(socket, transport, stack, wire, onread, this);
  }

  /** Whether a start or a stop has not settled. */
  get arePending(): boolean {
    return this.#pending.length > 0;
  }

  /** Whether the reader has been told that there is no more. */
  get hasEnded(): boolean {
    return this.#endPushed;
  }

  /** Why a call can't be carried out, if it can't. */
  refuse(what: string, signal?: AbortSignal): Error | null {
    const socket = this.#socket;
    if (socket.destroyed) {
      return new StateError(`${what} on a destroyed socket`, { code: 'ERR_ONION_DESTROYED' });
    }
    if (socket.writableEnded) return new StateError(`${what} after end()`);
    if (this.#endPushed) return new StateError(`${what} after the peer has ended the connection`);
    return signal?.aborted ? abortError(signal) : null;
  }

  /** Why a layer can't be put on, if it can't. */
  refuseStart(unread: 'feed' | 'reject', maxDepth: number): Error | null {
    if (this.#stack.nextIndex > maxDepth) {
      return new LimitError(`There can't be more than ${maxDepth} layers (maxDepth)`, {
        layer: this.#stack.nextIndex,
      });
    }
    // While a layer is being stopped, what was not read is still its plaintext.
    if (this.#stack.isStopping) return null;
    if (unread === 'reject' && !this.#isAllRead) {
      return new StateError('There are bytes that were not read before startTLS()', {
        code: 'ERR_ONION_UNREAD',
      });
    }
    return this.refuseDecoded('startTLS()');
  }

  get #isAllRead(): boolean {
    const { readableLength } = this.#socket;
    return readableLength === 0 && this.pump.partialBytes === 0 && !this.pump.holdsBytes;
  }

  /** Bytes that were not read, and can't be got back from the text that a Readable with an encoding has made of them. */
  refuseDecoded(what: string): StateError | null {
    const { readableLength, readableEncoding } = this.#socket;
    if (readableLength === 0 || isLossless(readableEncoding)) return null;
    const text = `Bytes that were not read before ${what} were decoded as ${readableEncoding}`;
    return new StateError(`${text}, and can't be had back`, { code: 'ERR_ONION_UNREAD' });
  }

  /** Gives an operation its place behind the writes that came before it. */
  enqueue(operation: Operation, signal?: AbortSignal): void {
    this.#pending = listWith(this.#pending, operation);
    if (signal !== undefined)
      operation.watch(signal, () => void this.#socket.destroy(abortError(signal)));
    this.queue.mark(operation);
    this.#socket.write(operation.marker);
    if (operation.kind !== 'answer' && !operation.begun && !operation.settled)
      this.#boundWait(operation);
  }

  /** A start or a stop whose turn does not come, because the writes before it can't be sent. */
  #boundWait(operation: Operation): void {
    const { layer, stop } = operation;
    const timeout = stop?.timeout ?? layer.options.handshakeTimeout;
    const before = this.#wire.drains;
    operation.startTimer(timeout, () => {
      const isHeldUp = this.#wire.isFull || this.#stack.writesWait;
      if (!isHeldUp || this.#wire.drains > before) return this.#boundWait(operation);
      const message = `Nothing could be sent for ${timeout} ms, so that`;
      if (stop !== null)
        return this.fail(stopTimeout(`${message} close_notify could not be sent`, layer));
      this.fail(new TLSTimeoutError(`${message} the handshake could not start`, layer.index));
    });
  }

  /** Whether a handshake runs that nothing waits for: nothing was written behind it. */
  get isIdleHandshake(): boolean {
    const { writableLength, destroyed } = this.#socket;
    return this.#stack.isHandshaking && writableLength === 0 && !destroyed;
  }

  /** The socket has been ended. Calls back when only a handshake is waited for, and the peer is silent. */
  boundEnd(giveUp: () => void): void {
    if (!this.isIdleHandshake) return;
    this.pump.hasNews = false;
    const timer = setTimeout(() => {
      if (this.#socket.connecting || this.pump.hasNews) this.boundEnd(giveUp);
      else if (this.isIdleHandshake) giveUp();
    }, MAX_WAIT_MS);
    timer.unref();
  }

  /** @param error - what the socket was destroyed with, if anything */
  failAll(error: Error | null): void {
    // An error costs a stack trace: most sockets are destroyed with nothing pending.
    if (this.#pending.length === 0) return;
    const reason =
      error ?? new StateError('The socket was destroyed', { code: 'ERR_ONION_DESTROYED' });
    for (const operation of this.#pending) operation.fail(reason);
    this.#pending = emptyList();
  }

  /** Carries an operation out whose turn has come; false: it has to wait, and the writes behind it. */
  perform(operation: Operation): boolean {
    if (operation.settled) return true;
    switch (operation.kind) {
      case 'start':
        return this.#performStart(operation);
      case 'stop':
        return this.#performStop(operation);
      case 'answer':
        return this.#performAnswer(operation);
    }
  }

  unblocked(): void {
    this.queue.work();
  }

  hasMoreThan(bytes: number): boolean {
    return this.#socket.writableLength > bytes && this.#socket.writableCorked === 0;
  }

  fail(error: Error): void {
    this.#socket.destroy(error);
  }

  /** What the stack stopped at. */
  event(event: StackEvent): void {
    switch (event.type) {
      case 'secure':
        return this.#onSecure(event.layer);
      case 'closing':
        // Whoever has just read the last message may answer it with stopTLS(), as a client of FTP's CCC does.
        return this.pump.letReaderAnswer();
      case 'layerClose':
        return this.#onLayerClose(event.layer, event.reason, event.answer);
      case 'end':
        return this.#pushEnd();
      case 'failed':
        return this.fail(event.error);
      case 'pending':
        return this.#waitFor(event.done);
    }
  }

  notes(notes: readonly LayerNote[]): void {
    for (const { note, layer } of notes) {
      if (this.#socket.destroyed) return;
      try {
        this.#socket.noted(note, layer);
      } catch (thrown) {
        rethrowLater(thrown);
      }
    }
  }

  /** The transport has ended, and all that came before is dealt with. */
  ended(): void {
    const error = this.#stack.transportEnded();
    if (error !== null) this.fail(error);
    else this.#pushEnd();
  }

  #performStart(operation: Operation): boolean {
    const { layer } = operation;
    if (operation.begun || !this.#stack.canBegin(layer)) return false;
    operation.begun = true;
    if (this.#wire.isReadOnly) {
      this.fail(brokenPipe());
      return false;
    }
    const ms = layer.options.handshakeTimeout;
    operation.startTimer(ms, () => {
      this.fail(new TLSTimeoutError(`The handshake took longer than ${ms} ms`, layer.index));
    });
    const outcome = this.#stack.begin(layer);
    if (outcome.more) this.pump.more();
    this.pump.carryOut(outcome);
    this.pump.kick();
    return operation.settled;
  }

  #performStop(operation: Operation): boolean {
    const { layer } = operation;
    const { notify, timeout } = operation.stop as StopOptions;
    if (operation.begun) return true;
    if (this.#stack.isBelowStopping(layer)) return false;
    operation.begun = true;
    if (!notify) {
      this.#drop(operation, 'abandoned');
      return true;
    }
    this.#closeWrite(layer);
    if (layer.state === 'closed') this.#settleStop(operation, 'clean');
    else operation.startTimer(timeout, () => this.#onStopTimeout(operation));
    return true;
  }

  #performAnswer(operation: Operation): boolean {
    if (this.#stack.isBelowStopping(operation.layer)) return false;
    this.#closeWrite(operation.layer);
    this.#forget(operation);
    operation.succeed(undefined);
    return true;
  }

  #closeWrite(layer: TLSLayer): void {
    this.#stack.closeWrite(layer);
    this.#wire.flush();
  }

  #onStopTimeout(operation: Operation): void {
    const { timeout, onTimeout } = operation.stop as StopOptions;
    // The answer may be behind what the application does not read: it is not the peer that is late.
    if (this.pump.isHeldBack)
      return operation.startTimer(timeout, () => this.#onStopTimeout(operation));
    if (onTimeout === 'abandon') return this.#drop(operation, 'timeout');
    const message = `The peer did not answer close_notify within ${timeout} ms`;
    this.fail(stopTimeout(message, operation.layer));
  }

  #drop(operation: Operation, reason: CloseReason): void {
    // Whether the peer has stopped first, which was told then.
    const isTold = !isReadOpen(operation.layer.state);
    this.#stack.drop(operation.layer);
    if (!isTold) this.#tell('layerClose', operation.layer, reason);
    this.#settleStop(operation, reason);
    this.pump.again();
    this.queue.work();
  }

  #settleStop(operation: Operation, reason: CloseReason): void {
    this.#forget(operation);
    operation.succeed({ layer: operation.layer, reason });
    this.pump.holdForAwaiter();
    if (operation.holdsReader) this.pump.release();
  }

  #onSecure(layer: TLSLayer): void {
    const operation = this.#find('start', layer);
    if (layer.options.requestOCSP && !layer.isServer) {
      this.#tell('OCSPResponse', layer.ocspResponse, layer);
    }
    if (operation !== undefined) this.#forget(operation);
    operation?.succeed(layer);
    this.#tell('layerSecure', layer);
    if (this.#socket.destroyed) return;
    this.queue.work();
    if (!this.#stack.isHandshaking) this.pump.holdForAwaiter();
  }

  #onLayerClose(layer: TLSLayer, reason: CloseReason, answer: boolean): void {
    if (answer && !this.#socket.writableEnded) this.enqueue(new Operation('answer', layer));
    this.#tell('layerClose', layer, reason);
    if (this.#socket.destroyed) return;
    const operation = this.#find('stop', layer);
    if (operation !== undefined && layer.state === 'closed') {
      this.#settleStop(operation, reason);
    } else if (operation !== undefined) {
      // Our own close_notify is still behind writes; what comes from below waits until the stop has settled.
      operation.holdsReader = true;
      this.pump.hold();
    }
    this.queue.work();
  }

  #tell(event: string, ...values: unknown[]): void {
    try {
      this.#socket.emit(event, ...values);
    } catch (thrown) {
      rethrowLater(thrown);
    }
  }

  #find(kind: Operation['kind'], layer: TLSLayer): Operation | undefined {
    return this.#pending.find((operation) => operation.kind === kind && operation.layer === layer);
  }

  #forget(settled: Operation): void {
    this.#pending = listWithout(this.#pending, settled);
  }

  #waitFor(done: Promise<void>): void {
    this.pump.hold();
    done.then(
      () => {
        this.pump.more();
        this.pump.release();
      },
      (error: Error) => this.fail(error),
    );
  }

  #pushEnd(): void {
    if (this.#endPushed) return;
    this.#endPushed = true;
    this.queue.work();
    this.#socket.push(null);
    // As net.Socket: 'end' comes even where nobody reads, once there is nothing left to be read.
    this.#socket.read(0);
  }
}

function stopTimeout(message: string, layer: TLSLayer): TLSTimeoutError {
  return new TLSTimeoutError(message, { code: 'ERR_ONION_STOP_TIMEOUT', layer: layer.index });
}

/** As Node's own; `cause` is the signal's reason. */
export function abortError(signal: AbortSignal): Error {
  const error = new Error('The operation was aborted', { cause: signal.reason });
  return Object.assign(error, { name: 'AbortError', code: 'ABORT_ERR' });
}

/** Whether bytes can be got back from the text that a Readable with this encoding has made of them. */
function isLossless(encoding: BufferEncoding | null): boolean {
  return encoding === null || ['latin1', 'binary', 'hex', 'base64', 'base64url'].includes(encoding);
}
