import { callNative } from './errors';
import { LayerList } from './layer-list';
import { native } from './load-addon';
import { type NativeChain, Status, VerifyMode } from './native';
import { engineExtrasOf, engineFlagsOf, verifyModeOf } from './options';
import type { PeerFacts } from './peer-identity';
import { listWith, listWithout } from './short-list';
import type { LayerNote } from './stack-outcome';
import type { LayerPlace, TLSLayer } from './tls-layer';

const status = native.status;
const COLLECT_NOTHING = { keylog: false, sessions: false };

export interface StackOwner {
  /** There are wire bytes to take that no call to receive or to send has brought about. */
  flushWire(): void;
}

/** The layers with the native chain that runs them: what is said to it without an event that comes of it. */
export class LayerChain extends LayerList implements LayerPlace {
  readonly chain: NativeChain = new native.Chain();
  /** The number of that chain. */
  protected readonly number = status[Status.chain] as number;
  readonly #owner: StackOwner;
  /** Bytes that the native side keeps for layers that can't take them yet, as of the last call. */
  held = 0;
  /** Bytes of wire that wait for `takeWire`, as of the last call. They come behind what `send` has sealed. */
  wireBytes = 0;
  /**
   * Whether a layer can't write for now, as of the last call: a renegotiation is under way (TLS 1.2), or a message of the
   * peer's that follows the handshake is here in part (TLS 1.3).
   */
  writesWait = false;
  /** Whether writes can't be sent any more: the peer has ended in the middle of what they were waiting for. */
  isMute = false;
  #collect = COLLECT_NOTHING;

  constructor(owner: StackOwner) {
    super();
    this.#owner = owner;
  }

  /** Gives a layer its engine, on top of the others, and what it has to see first. */
  protected pushEngine(layer: TLSLayer, unread: readonly Uint8Array[]): void {
    const options = layer.options;
    const level = this.layers.length;
    const { secureContext, verify, maxHandshakeBytes, servername } = options;
    const flags = engineFlagsOf(options);
    const extras = engineExtrasOf(options);
    callNative(() =>
      this.chain.push(secureContext.native, flags, verify, maxHandshakeBytes, servername, extras),
    );
    this.layers = listWith(this.layers, layer);
    if (this.#collect !== COLLECT_NOTHING) this.collectAgain();
    if (options.enableTrace) this.trace(layer);
    for (const bytes of options.leftover) this.chain.feed(level, bytes);
    for (const bytes of unread) this.chain.feed(level, bytes);
    const held = this.chain.takeHeld(level + 1);
    if (held !== null) this.chain.feed(level, held);
  }

  /** Wire bytes that the layer has to see behind those it has. */
  feed(layer: TLSLayer, bytes: Uint8Array): void {
    this.chain.feed(this.levelOf(layer), bytes);
  }

  /** Tells of the layer's messages in notes from now on. */
  trace(layer: TLSLayer): void {
    const level = this.levelOf(layer);
    if (level >= 0) this.chain.trace(level);
  }

  /** Tells of key log lines, or of sessions, in notes from now on. */
  collect(what: 'keylog' | 'session'): void {
    const { keylog, sessions } = this.#collect;
    this.#collect = {
      keylog: keylog || what === 'keylog',
      sessions: sessions || what === 'session',
    };
    this.collectAgain();
  }

  /** For an engine that is new, or was on the thread pool meanwhile. */
  protected collectAgain(): void {
    this.chain.collect(this.#collect);
  }

  renegotiate(layer: TLSLayer): boolean {
    const started = this.chain.renegotiate(this.levelOf(layer));
    this.noteWrites();
    this.#owner.flushWire();
    return started;
  }

  /** How a layer treats its peer's certificate in the handshakes to come. */
  setVerify(layer: TLSLayer, requestCert: boolean, rejectUnauthorized: boolean): void {
    const verify = verifyModeOf(layer.isServer, requestCert, rejectUnauthorized);
    Object.assign(layer.options, { requestCert, rejectUnauthorized, verify });
    if (verify !== VerifyMode.none) layer.options.secureContext.prepareToVerify();
    this.chain.setVerify(this.levelOf(layer), verify);
  }

  keyUpdate(layer: TLSLayer, requestPeer: boolean): void {
    this.chain.keyUpdate(this.levelOf(layer), requestPeer);
    this.noteWrites();
    this.#owner.flushWire();
  }

  /** Whether a layer has decrypted more than the reader had room for. */
  get hasPlaintext(): boolean {
    return this.chain.hasPlaintext();
  }

  /** Moves wire bytes into a buffer that has room for `wireBytes` of them; returns how many there were. */
  takeWire(into: Uint8Array): number {
    this.wireBytes = 0;
    return this.chain.takeWire(into);
  }

  /** Plaintext below all layers that waits for a reader; null where there is none. */
  takeHeld(): Buffer | null {
    return this.chain.takeHeld(this.layers.length);
  }

  /** What there is to send, and whether writes wait now; returns whether they did before. */
  protected noteWrites(): boolean {
    const before = this.writesWait;
    this.wireBytes = status[Status.queuedWire] as number;
    this.writesWait = status[Status.writesWait] !== 0 && !this.isMute;
    return before;
  }

  /** With the layers that they are about: by the time they are told, places may have changed. */
  protected takeNotes(): LayerNote[] {
    return this.chain
      .takeNotes()
      .map((note) => ({ note, layer: this.layers[note.layer] as TLSLayer }));
  }

  protected inspectPeer(layer: TLSLayer): PeerFacts {
    const level = this.levelOf(layer);
    this.chain.inspectPeer(level);
    const isVerified = status[Status.verifyError] === 0;
    return {
      verifyResult: isVerified ? null : this.chain.verifyResult(level),
      hasCertificate: status[Status.hasCertificate] !== 0,
      isReused: status[Status.isReused] !== 0,
      dhKeyBits: status[Status.dhKeyBits] as number,
    };
  }

  /** Forgets a layer that is closed in both directions. */
  protected remove(layer: TLSLayer): void {
    const level = this.levelOf(layer);
    layer.leave();
    this.chain.remove(level);
    this.layers = listWithout(this.layers, layer);
  }
}
