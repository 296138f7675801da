import { X509Certificate } from 'node:crypto';
import type {
  CipherNameAndProtocol,
  DetailedPeerCertificate,
  EphemeralKeyInfo,
  PeerCertificate,
} from 'node:tls';
import { StateError } from './errors';
import { type LayerState, transition } from './layer-state';
import type { NativeChain } from './native';
import type { LayerOptions } from './options';
import { legacyPeerCertificate, linkedPeerCertificate } from './peer-certificate';
import { toBytes, validateBytes, validateInteger, validateString } from './validate';

/** Far more than any use; what native code is asked for it also allocates. */
const MAX_KEYING_MATERIAL = 1024 * 1024;

/** What native code fills in of a layer that leaves. */
const numbers = new Float64Array(6);

/** The name of a number, asked for once: few are in use, and each layer that leaves has one. */
class Names<T> {
  readonly #known = new Map<number, T>();
  readonly #ask: (chain: NativeChain, level: number) => T;

  constructor(ask: (chain: NativeChain, level: number) => T) {
    this.#ask = ask;
  }

  get(number: number, chain: NativeChain, level: number): T {
    const known = this.#known.get(number);
    if (known !== undefined) return known;
    const name = this.#ask(chain, level);
    this.#known.set(number, name);
    return name;
  }
}

const protocols = new Names((chain, level) => chain.protocol(level));
const ciphers = new Names((chain, level) => chain.cipher(level));

/** What a layer has moved, in bytes, and how long its handshake took. */
export interface LayerStats {
  /** Plaintext delivered by this layer to the layer above it. */
  readonly bytesRead: number;
  /** Plaintext sealed by this layer. */
  readonly bytesWritten: number;
  /** What this layer took from the layer below it, handshake included. */
  readonly wireBytesRead: number;
  /** What this layer gave to the layer below it, handshake included. */
  readonly wireBytesWritten: number;
  /** From the start of the handshake to its end, in milliseconds; 0 until then. */
  readonly handshakeMs: number;
}

/** Where a layer is found: the chain that runs it and its place in it, or null once it has left. */
export interface LayerPlace {
  readonly chain: NativeChain;
  levelOf(layer: TLSLayer): number;
  keyUpdate(layer: TLSLayer, requestPeer: boolean): void;
}

/**
 * One TLS session of a connection. Its getters are those of `tls.TLSSocket`, answered for this layer; after the layer has
 * gone they return `null` (or `undefined` where `node:tls` does), but for what is kept: state, statistics, protocol,
 * cipher, ALPN and server name.
 */
export class TLSLayer {
  /** 1 is the outermost layer, the one next to the transport. */
  readonly index: number;
  readonly isServer: boolean;
  /** @internal */
  readonly options: LayerOptions;
  /** Whether the peer's certificate was verified and, on a client, belongs to the host asked for. */
  authorized = false;
  /** Why the peer is not authorized; `null` when it is or when nothing was to be checked. */
  authorizationError: Error | null = null;
  /** @internal set when stopTLS is called, not when its turn comes. */
  stopRequested = false;
  /** @internal the peer's close_notify has been told of as `closing`. */
  closeSeen = false;
  /** @internal why a callback that the handshake waited for refuses the peer: what it has returned or thrown. */
  refusal: Error | null = null;
  /** @internal the name of the ClientHello, where the handshake stopped there: OpenSSL tells it only later. */
  requestedName: string | undefined = undefined;

  #state: LayerState = 'waiting';
  #place: LayerPlace | null;
  #handshakeStart = 0;
  #handshakeMs = 0;
  #left: LeftBehind | null = null;
  #sessionTold: Buffer | null = null;

  /** @internal */
  constructor(index: number, options: LayerOptions, place: LayerPlace) {
    this.index = index;
    this.isServer = options.isServer;
    this.options = options;
    this.#place = place;
  }

  /** `waiting`, `handshaking`, `established`, `readClosed`, `writeClosed`, `closed` or `failed`. */
  get state(): LayerState {
    return this.#state;
  }

  /** @internal */
  enter(state: LayerState): void {
    this.#state = transition(this.#state, state);
    if (state === 'handshaking') this.#handshakeStart = performance.now();
    if (state === 'established') this.#handshakeMs = performance.now() - this.#handshakeStart;
  }

  /** @internal keeps what can still be asked for and lets the chain go. */
  leave(): void {
    if (this.#place === null) return;
    try {
      this.#left = this.#ask((chain, level) => this.#summarize(chain, level)) ?? null;
    } catch {
      // Destroyed by its own pskCallback: the chain can't be asked from inside the handshake, and there is nothing to tell.
    }
    this.#place = null;
  }

  #summarize(chain: NativeChain, level: number): LeftBehind {
    const strings = chain.summarize(level, numbers);
    return {
      stats: {
        bytesRead: numbers[0] as number,
        bytesWritten: numbers[1] as number,
        wireBytesRead: numbers[2] as number,
        wireBytesWritten: numbers[3] as number,
        handshakeMs: this.#handshakeMs,
      },
      protocol: protocols.get(numbers[4] as number, chain, level),
      cipher: ciphers.get(numbers[5] as number, chain, level) ?? undefined,
      alpnProtocol: (strings & 1) === 0 ? false : (chain.alpnProtocol(level) ?? false),
      servername: (strings & 2) === 0 ? false : (chain.servername(level) ?? false),
    };
  }

  get stats(): LayerStats {
    if (this.#left !== null) return this.#left.stats;
    const moved = this.#ask((chain, level) => chain.stats(level));
    const [bytesRead = 0, bytesWritten = 0, wireBytesRead = 0, wireBytesWritten = 0] = moved ?? [];
    const handshakeMs = this.#handshakeMs;
    return { bytesRead, bytesWritten, wireBytesRead, wireBytesWritten, handshakeMs };
  }

  /** Always `true`, as on `tls.TLSSocket`. */
  get encrypted(): true {
    return true;
  }

  /** The protocol chosen by ALPN, `false` when there is none. */
  get alpnProtocol(): string | false {
    if (this.#left !== null) return this.#left.alpnProtocol;
    return this.#ask((chain, level) => chain.alpnProtocol(level)) ?? false;
  }

  /** The server name of the handshake (RFC 6066 §3), `false` when there is none. */
  get servername(): string | false {
    if (this.#left !== null) return this.#left.servername;
    const name = this.#ask((chain, level) => chain.servername(level));
    return name ?? this.requestedName ?? false;
  }

  /** Such as `'TLSv1.3'`; `null` before the handshake. */
  getProtocol(): string | null {
    if (this.#left !== null) return this.#left.protocol;
    return this.#ask((chain, level) => chain.protocol(level)) ?? null;
  }

  /** The cipher suite, as `tls.TLSSocket#getCipher()` gives it. */
  getCipher(): CipherNameAndProtocol | undefined {
    if (this.#left !== null) return this.#left.cipher && { ...this.#left.cipher };
    return this.#ask((chain, level) => chain.cipher(level)) ?? undefined;
  }

  /** The server's ephemeral key; empty without one, `null` on a server. */
  getEphemeralKeyInfo(): EphemeralKeyInfo | object | null {
    if (this.isServer) return null;
    return this.#ask((chain, level) => chain.ephemeralKey(level)) ?? {};
  }

  /**
   * The peer's certificate as a legacy object, empty when there is none.
   * @param detailed - with the chain, linked by `issuerCertificate`
   */
  getPeerCertificate(detailed: true): DetailedPeerCertificate;
  getPeerCertificate(detailed?: false): PeerCertificate;
  getPeerCertificate(detailed?: boolean): PeerCertificate | DetailedPeerCertificate;
  getPeerCertificate(detailed = false): PeerCertificate | DetailedPeerCertificate {
    const chains = this.#ask((chain, level) => chain.peerCertificates(level));
    return legacyPeerCertificate(chains ?? { sent: [], verified: [] }, detailed);
  }

  /** The own certificate as a legacy object, empty when there is none. */
  getCertificate(): PeerCertificate | object | null {
    return this.getX509Certificate()?.toLegacyObject() ?? {};
  }

  getX509Certificate(): X509Certificate | undefined {
    const der = this.#ask((chain, level) => chain.ownCertificate(level));
    return der ? new X509Certificate(der) : undefined;
  }

  /** @internal whether a subjectAltName of the peer's certificate is the host, for sure. */
  peerMatches(host: string): boolean {
    const { hostIsIP } = this.options;
    return this.#ask((chain, level) => chain.peerMatches(level, host, hostIsIP)) ?? false;
  }

  getPeerX509Certificate(): X509Certificate | undefined {
    const chains = this.#ask((chain, level) => chain.peerCertificates(level));
    return chains === undefined ? undefined : linkedPeerCertificate(chains);
  }

  /** The session to resume later with the option `session`; with TLS 1.3 wait for the event `'session'`. */
  getSession(): Buffer | undefined {
    return this.#sessionTold ?? this.#ask((chain, level) => chain.session(level)) ?? undefined;
  }

  /** @internal while `tell` runs this is the session, as with `node:tls`: others may be behind it in the same flight. */
  tellSession(session: Buffer, tell: () => void): void {
    this.#sessionTold = session;
    try {
      tell();
    } finally {
      this.#sessionTold = null;
    }
  }

  getTLSTicket(): Buffer | undefined {
    return this.#ask((chain, level) => chain.ticket(level)) ?? undefined;
  }

  isSessionReused(): boolean {
    return this.#ask((chain, level) => chain.isSessionReused(level)) ?? false;
  }

  getFinished(): Buffer | undefined {
    return this.#ask((chain, level) => chain.finished(level)) ?? undefined;
  }

  getPeerFinished(): Buffer | undefined {
    return this.#ask((chain, level) => chain.peerFinished(level)) ?? undefined;
  }

  getSharedSigalgs(): string[] {
    return this.#ask((chain, level) => chain.sharedSigalgs(level)) ?? [];
  }

  /** @internal */
  get ocspResponse(): Buffer | null {
    return this.#ask((chain, level) => chain.ocspResponse(level)) ?? null;
  }

  /**
   * Keying material for use outside TLS (RFC 5705); `undefined` before the handshake is done.
   * @param length - in bytes, at most 1 MiB
   * @throws TypeError `ERR_INVALID_ARG_TYPE`; RangeError `ERR_OUT_OF_RANGE`
   */
  exportKeyingMaterial(
    length: number,
    label: string,
    context?: NodeJS.ArrayBufferView,
  ): Buffer | undefined {
    validateInteger(length, 'length', 1, MAX_KEYING_MATERIAL);
    validateString(label, 'label');
    if (context !== undefined) validateBytes(context, 'context');
    const bytes = context === undefined ? null : toBytes(context);
    if (this.#state === 'waiting' || this.#state === 'handshaking') return undefined;
    const material = this.#ask((chain, level) =>
      chain.exportKeyingMaterial(level, length, label, bytes),
    );
    return material ?? undefined;
  }

  /**
   * Limits the plaintext of a record, in bytes (512 to 16384, the default). Smaller records can be used sooner by the
   * peer and cost more per byte.
   * @returns whether OpenSSL took the size
   */
  setMaxSendFragment(size: number): boolean {
    return this.#ask((chain, level) => chain.setMaxSendFragment(level, size)) ?? false;
  }

  /**
   * Changes the keys that this side sends with (TLS 1.3, RFC 8446 §4.6.3).
   * @param requestPeer - asks the peer to change its keys as well; default `false`
   * @throws StateError `ERR_ONION_STATE` unless the layer is established with TLS 1.3
   */
  keyUpdate(requestPeer = false): void {
    if (this.#place === null || this.#state !== 'established' || this.getProtocol() !== 'TLSv1.3') {
      throw new StateError('keyUpdate() needs an established layer of TLS 1.3', this.index);
    }
    this.#place.keyUpdate(this, requestPeer);
  }

  #ask<T>(question: (chain: NativeChain, level: number) => T): T | undefined {
    if (this.#place === null) return undefined;
    const level = this.#place.levelOf(this);
    return level < 0 ? undefined : question(this.#place.chain, level);
  }
}

interface LeftBehind {
  stats: LayerStats;
  protocol: string | null;
  cipher: CipherNameAndProtocol | undefined;
  alpnProtocol: string | false;
  servername: string | false;
}
