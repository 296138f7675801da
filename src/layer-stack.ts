/**
 * Theory of operation
 *
 * A LayerStack is the list of layers of one connection with the native chain that runs them. It does no I/O and knows no
 * timer: bytes go in, an {@link Outcome} comes out, and whoever owns the stack (OnionSocket, TLSEngine) carries it out.
 *
 *   wire ──► receive() ──► Outcome { plaintext, event }        one native call per chunk, whatever the depth
 *   plaintext ──► send() ──► Outcome { sealed }
 *
 * What the layers have to say of their own accord (handshakes, alerts) waits in the chain for `takeWire()`.
 *
 * The native chain stops at each event. The stack decides what the event means for its layers and says in the outcome
 * whether there is more to come (`more`): then the owner calls `receive` without bytes, after it has carried out what came before. So
 * nothing that follows an event is ever delivered ahead of it.
 *
 * The two halves of a layer open and close independently. Reading passes over layers whose read half is closed, writing
 * over those whose write half is closed; a layer is removed when both are. A new layer waits until every layer below it is
 * established and none is half closed. That makes the order of start and stop the order in which they were called, in
 * both directions.
 */
import { availableParallelism } from 'node:os';
import { answerClientHello, type ClientHelloAnswer } from './client-hello';
import { errorFromFailure, TLSError, TruncationError } from './errors';
import { LayerChain } from './layer-chain';
import { isReadOpen } from './layer-state';
import { native } from './load-addon';
import { NativeEvent, Status, VerifyMode } from './native';
import type { LayerOptions } from './options';
import { acceptsPeer, verifyFailureOf, weakKeyErrorOf } from './peer-identity';
import { toError } from './rethrow';
import { listWith, listWithout } from './short-list';
import type { Outcome, StackEvent } from './stack-outcome';
import { TLSLayer } from './tls-layer';

export type { CloseReason, LayerNote, Outcome, StackEvent } from './stack-outcome';

/** The plaintext that a record holds at most (RFC 8446 §5.1), in bytes. */
export const FULL_RECORD = 16_384;

const EMPTY = Buffer.alloc(0);
const status = native.status;
/** As libuv reads it. */
const POOL_THREADS = Number(process.env['UV_THREADPOOL_SIZE']) || 4;
/**
 * Handshake steps at a time: as many as there are processors, and one more, as the system does not spread them evenly. More
 * would only keep the event loop from its own.
 */
const MAX_OFFLOADED = Math.min(POOL_THREADS, availableParallelism() + 1);

/**
 * What calls return, of all stacks, where there are only bytes and numbers to tell: it has been read before anything else is
 * called. An event has an object of its own, as it would keep its layer alive here.
 */
const bytesOnly: Outcome = {
  plaintext: 0,
  sealed: 0,
  used: 0,
  event: null,
  notes: null,
  more: false,
  due: false,
  unblocked: false,
};

export class LayerStack extends LayerChain {
  #readEnded = false;
  #destroyed = false;

  get hasEnded(): boolean {
    return this.#readEnded;
  }

  /**
   * Puts a layer on top, which waits until `begin`. While a layer is being stopped the new one stays out of the read path:
   * what is still in flight belongs to the application. Throws a TLSError where OpenSSL refuses the options.
   * @param unread - plaintext that the application has not read: wire bytes of the new layer, after its leftover
   */
  push(options: LayerOptions, unread: readonly Uint8Array[]): TLSLayer {
    const layer = new TLSLayer(this.nextIndex, options, this);
    const behind = this.stopping;
    if (behind.length > 0) this.deferred = listWith(this.deferred, { layer, behind });
    else this.pushEngine(layer, unread);
    return layer;
  }

  /** Starts the handshake of a waiting layer: a client has its ClientHello to send, a server may hold one. */
  begin(layer: TLSLayer): Outcome {
    layer.enter('handshaking');
    const begun = this.#conclude(this.chain.start(this.levelOf(layer)));
    begun.more = begun.more || this.held > 0;
    return begun;
  }

  /**
   * Opens the bytes of `wire` from `start` to `end`, into `plaintext` from `offset` on. Without any it goes on after an
   * event.
   */
  receive(
    wire: Uint8Array,
    start: number,
    end: number,
    plaintext: Uint8Array,
    offset = 0,
  ): Outcome {
    return this.#conclude(native.receive(this.number, wire, start, end, plaintext, offset));
  }

  /** Seals under every layer whose write half is open, into `wire` from `offset` on. */
  send(
    chunks: Uint8Array | readonly Uint8Array[],
    wire: Uint8Array,
    offset = 0,
    largestRecord = FULL_RECORD,
  ): Outcome {
    return this.#conclude(native.send(this.number, chunks, wire, offset, largestRecord), false);
  }

  /** Sends close_notify: writes go to the layer below from here on. */
  closeWrite(layer: TLSLayer): void {
    this.#conclude(this.chain.closeWrite(this.levelOf(layer)), false);
    layer.enter(layer.state === 'readClosed' ? 'closed' : 'writeClosed');
    if (layer.state === 'closed') this.remove(layer);
  }

  /** Takes a layer away in both directions, without telling the peer. */
  drop(layer: TLSLayer): void {
    const level = this.levelOf(layer);
    this.chain.dropWrite(level);
    this.chain.closeRead(level);
    layer.enter('closed');
    this.remove(layer);
    // Perhaps for another layer, which then keeps what it is given.
    this.writesWait = false;
    this.#pushDeferred();
  }

  /** Sends close_notify on every layer that can, the innermost first. */
  closeAll(): Outcome {
    for (let level = this.layers.length - 1; level >= 0; level--) {
      const layer = this.layers[level] as TLSLayer;
      if (layer.state !== 'established' && layer.state !== 'readClosed') continue;
      this.chain.closeWrite(level);
      layer.enter(layer.state === 'readClosed' ? 'closed' : 'writeClosed');
    }
    return this.send([], EMPTY);
  }

  /** The transport has ended. Which layer has not (RFC 8446 §6.1), unless it is one that does not care? */
  transportEnded(): TruncationError | null {
    if (this.#readEnded) return null;
    const open = this.known.filter((layer) => isReadOpen(layer.state));
    const cut = open.find(
      (layer) =>
        layer.options.requireCloseNotify ||
        layer.state === 'waiting' ||
        layer.state === 'handshaking',
    );
    if (cut !== undefined) return this.#truncated(cut, 'The transport ended');
    this.#readEnded = true;
    return null;
  }

  #pushDeferred(): void {
    for (let next = this.deferred[0]; next !== undefined; next = this.deferred[0]) {
      if (next.behind.some((layer) => isReadOpen(layer.state))) return;
      this.deferred = listWithout(this.deferred, next);
      this.pushEngine(next.layer, []);
    }
  }

  /** Every layer ends here: gone for good, or failed where it was not closed. */
  destroy(): void {
    this.#destroyed = true;
    for (const layer of this.known) {
      layer.leave();
      if (this.#readEnded && layer.state === 'writeClosed') layer.enter('closed');
      if (layer.state !== 'closed' && layer.state !== 'failed') layer.enter('failed');
    }
    this.chain.destroy();
  }

  /** Reads the status block, and does what the event asks for. */
  #conclude(event: NativeEvent, takesNotes = true): Outcome {
    const plaintext = status[Status.plaintext] as number;
    const sealed = status[Status.wire] as number;
    const used = status[Status.used] as number;
    const level = status[Status.layer] as number;
    this.held = status[Status.held] as number;
    const unblocked = this.noteWrites() && !this.writesWait;
    const notes = takesNotes && (status[Status.notes] as number) > 0 ? this.takeNotes() : null;
    // A handshake that is done leaves nothing to go on with, unless something is held.
    let more = event !== NativeEvent.none && (event !== NativeEvent.established || this.held > 0);
    let due = false;
    let decided: StackEvent | null = null;
    if (event !== NativeEvent.none && event !== NativeEvent.full) {
      if (plaintext > 0) {
        // The application gets these bytes while its layers are as they were when the bytes came, and may change them. The
        // chain then stops at the same event again, if it is still there.
        due = true;
        more = true;
      } else if (this.#readEnded && event !== NativeEvent.failed) {
        more = false;
      } else {
        decided = this.#destroyed ? null : this.#decideSafely(event, level);
        // A callback may have destroyed the connection that it was asked about.
        if (this.#destroyed || decided?.type === 'end' || decided?.type === 'failed') more = false;
      }
    }
    if (decided !== null || notes !== null) {
      return { plaintext, sealed, used, event: decided, notes, more, due, unblocked };
    }
    // Not before: callbacks may run other stacks.
    bytesOnly.plaintext = plaintext;
    bytesOnly.sealed = sealed;
    bytesOnly.used = used;
    bytesOnly.more = more;
    bytesOnly.due = due;
    bytesOnly.unblocked = unblocked;
    return bytesOnly;
  }

  /** What an application's callback throws ends the connection, not the process. */
  #decideSafely(event: NativeEvent, level: number): StackEvent | null {
    try {
      return this.#decide(event, level);
    } catch (thrown) {
      return this.#fail(this.layers[level] as TLSLayer, toError(thrown));
    }
  }

  #decide(event: NativeEvent, level: number): StackEvent | null {
    const layer = this.layers[level] as TLSLayer;
    switch (event) {
      case NativeEvent.established:
        return this.#established(layer);
      case NativeEvent.peerClosed:
        return this.#peerClosed(layer);
      case NativeEvent.verify: {
        const accepts = acceptsPeer(layer);
        if (!this.#destroyed) this.chain.answerVerify(level, accepts);
        return null;
      }
      case NativeEvent.clientHello:
        return this.#clientHello(layer);
      case NativeEvent.offload:
        return { type: 'pending', done: this.#offload(level) };
      case NativeEvent.failed:
        return this.#failed(layer);
      default:
        return null;
    }
  }

  #offload(level: number): Promise<void> {
    return new Promise((resolve) => {
      this.chain.offload(level, MAX_OFFLOADED, () => {
        this.collectAgain();
        resolve();
      });
    });
  }

  #established(layer: TLSLayer): StackEvent {
    layer.enter('established');
    const failure = this.verify(layer);
    return failure === null ? { type: 'secure', layer } : this.#fail(layer, failure);
  }

  /** Finds out about the peer after a handshake, the first or another: why the layer has to end, if it has to. */
  verify(layer: TLSLayer): Error | null {
    const peer = this.inspectPeer(layer);
    const weakness = weakKeyErrorOf(layer, peer);
    if (weakness !== null) return weakness;
    const failure = verifyFailureOf(layer, peer);
    layer.authorized =
      failure === null && (!layer.isServer || layer.options.verify !== VerifyMode.none);
    layer.authorizationError = failure;
    return layer.options.rejectUnauthorized ? failure : null;
  }

  #peerClosed(layer: TLSLayer): StackEvent {
    const level = this.levelOf(layer);
    const above = this.layers.slice(level + 1).find((other) => isReadOpen(other.state));
    if (above !== undefined) {
      return this.#fail(
        above,
        this.#truncated(above, `Layer ${layer.index} was closed by the peer`),
      );
    }
    if (!layer.stopRequested && !layer.closeSeen) {
      layer.closeSeen = true;
      return { type: 'closing', layer };
    }
    if (!layer.stopRequested && !layer.options.allowPeerStop) {
      this.#readEnded = true;
      this.isMute = this.writesWait;
      this.writesWait = false;
      return { type: 'end' };
    }
    this.chain.closeRead(level);
    const answer = !layer.stopRequested;
    layer.stopRequested = true;
    layer.enter(layer.state === 'writeClosed' ? 'closed' : 'readClosed');
    if (layer.state === 'closed') this.remove(layer);
    this.#pushDeferred();
    return { type: 'layerClose', layer, reason: 'clean', answer };
  }

  #clientHello(layer: TLSLayer): StackEvent | null {
    const hello = this.chain.clientHello(this.levelOf(layer));
    layer.requestedName = hello.servername;
    const answer = answerClientHello(layer, hello);
    const apply = (given: ClientHelloAnswer): void => {
      if (!this.#destroyed) this.chain.answerClientHello(this.levelOf(layer), given);
    };
    if (answer instanceof Promise) return { type: 'pending', done: answer.then(apply) };
    apply(answer);
    return null;
  }

  #failed(layer: TLSLayer): StackEvent {
    const failure = this.chain.failure(this.levelOf(layer));
    const own = layer.refusal ?? layer.options.pskError;
    // The application's own reason, and what the peer was told.
    if (own instanceof TLSError && failure.alert !== undefined) own.addAlert(failure.alert);
    return this.#fail(layer, own ?? errorFromFailure(failure, layer.index));
  }

  #fail(layer: TLSLayer, error: Error): StackEvent {
    if (error instanceof TLSError && error.layer === undefined) error.layer = layer.index;
    if (!this.#destroyed && layer.state !== 'failed') layer.enter('failed');
    return { type: 'failed', error };
  }

  #truncated(layer: TLSLayer, what: string): TruncationError {
    return new TruncationError(`${what} without close_notify on layer ${layer.index}`, layer.index);
  }
}
