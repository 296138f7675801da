/**
 * The typed contract of the addon: all that crosses the border between TypeScript and C++.
 * Native code moves bytes and never decides; it stops at an event and waits to be called again.
 */

/** What a call on a chain stopped at. The numbers are those of `tls::Event` in `native/tls/outcome.h`. */
export const NativeEvent = {
  /** All input was used up, nothing to decide. */
  none: 0,
  /** The handshake of the layer is done; nothing above it has been fed yet. */
  established: 1,
  /** The peer's close_notify came; what follows it waits in the layer. */
  peerClosed: 2,
  /** The layer has failed; the alert, if there is one, is among the wire bytes. */
  failed: 3,
  /** A server layer holds a ClientHello and waits for `answerClientHello`. */
  clientHello: 4,
  /** A client layer has verified the peer's chain and waits for `answerVerify`. */
  verify: 5,
  /** A handshake step waits to be run by `offload`. */
  offload: 6,
  /** The plaintext buffer is full; call `receive` again with another. */
  full: 7,
} as const;

export type NativeEvent = (typeof NativeEvent)[keyof typeof NativeEvent];

/** Indexes into {@link NativeAddon.status}, which every call on a chain fills in anew. */
export const Status = {
  event: 0,
  /** The layer that the event is about, counted from 0. */
  layer: 1,
  /** Bytes of plaintext written into the buffer passed to `receive`. */
  plaintext: 2,
  /** Bytes of wire written into the buffer passed to `send`. */
  wire: 3,
  /** Bytes of wire that wait for `takeWire`. */
  queuedWire: 4,
  /** Notes (key log lines, sessions) that wait for `takeNotes`. */
  notes: 5,
  /** Bytes held for layers that can't take them yet. */
  held: 6,
  /** Bytes of the wire passed to `receive` that were taken. */
  used: 7,
  /** Not 0: a layer can't write before it has received more, and keeps what it is given. */
  writesWait: 8,
  /** Of the last `inspectPeer`: the error of the verification, 0 for none. */
  verifyError: 9,
  /** Not 0: the peer has sent a certificate. */
  hasCertificate: 10,
  /** Not 0: the handshake has resumed a session. */
  isReused: 11,
  /** The bits of a server's temporary Diffie-Hellman key; 0: it has another, or none. */
  dhKeyBits: 12,
  /** Of a chain that has just been made: its number for `receive` and `send` of {@link NativeAddon}. */
  chain: 13,
} as const;

/** How a layer treats the peer's certificate chain. */
export const VerifyMode = {
  /** Client: the chain is checked and the result recorded. Server: no certificate is asked for. */
  none: 0,
  /** The result is recorded, the handshake goes on. */
  record: 1,
  /** A chain that does not verify, or none, ends the handshake with an alert. */
  enforce: 2,
} as const;

export type VerifyMode = (typeof VerifyMode)[keyof typeof VerifyMode];

/** What an engine does, as bits: C++ reads each named property through V8's runtime, and each layer has them. */
export const EngineFlag = {
  isServer: 1,
  /** Client: stop with `verify` after the chain was checked, before the handshake goes on. */
  pauseOnVerify: 2,
  /** Client: a certificate that names `name` is accepted without `verify`. */
  findsName: 4,
  /** Client: `name` is told to the server (SNI). */
  sendsName: 8,
  nameIsIP: 16,
  /** Server: stop with `clientHello` before anything is answered. */
  pauseOnClientHello: 32,
  offload: 64,
  renegotiation: 128,
  requestOCSP: 256,
} as const;

/** What only some engines are given. */
export interface NativeEngineExtras {
  /** ALPN protocols in wire format. */
  alpn: Uint8Array | undefined;
  /** A session to resume, as `getSession` returns it. */
  session: Uint8Array | undefined;
  /** Called synchronously inside a native call: it must not touch the chain. */
  psk: NativePskCallback | undefined;
}

/** `identity` is what the client sent (server) or the server's hint or null (client). */
export type NativePskCallback = (
  identity: string | null,
  maxPskLength: number,
  maxIdentityLength: number,
) => { psk: Uint8Array; identity?: string } | null;

export interface NativeClientHello {
  servername: string | undefined;
  protocols: string[];
  sessionId: Buffer;
  /** Whether the client sent a session ticket of TLS 1.2 or a pre-shared key of TLS 1.3. */
  hasTicket: boolean;
  requestsOCSP: boolean;
}

export interface NativeClientHelloAnswer {
  /** The handshake fails, with the alert internal_error: a callback has failed. */
  refused?: boolean | undefined;
  context?: NativeSecureContext | undefined;
  /** The protocol chosen; `null`: refuse with no_application_protocol; `undefined`: by the list. */
  protocol?: string | null | undefined;
  session?: Uint8Array | undefined;
  ocspResponse?: Uint8Array | undefined;
}

export interface NativeErrorEntry {
  library: string;
  function: string;
  reason: string;
  /** OpenSSL's number of the reason within the library. */
  reasonCode: number;
  /** The whole line as OpenSSL prints it. */
  text: string;
}

export interface NativeFailure {
  /** OpenSSL's error queue, the oldest entry (the cause) first. */
  entries: NativeErrorEntry[];
  handshaking: boolean;
  /** The peer sent close_notify in the middle of the handshake. */
  peerClosed?: boolean;
  /** The fatal alert that was received or sent. */
  alert?: { code: number; name: string; direction: 'received' | 'sent' };
  /** Set when the peer's certificate chain was refused. */
  verify?: NativeVerifyResult;
  /** A bound of ours that was passed: 'handshake bytes' or 'post-handshake bytes'. */
  limit?: string;
  /** The first bytes that the peer sent to the layer, at most 32. */
  received: Buffer;
}

export interface NativeVerifyResult {
  /** The name of the error in Node's spelling, such as `CERT_HAS_EXPIRED`. */
  code: string;
  reason: string;
}

export type NativeNote =
  | { kind: 'keylog'; layer: number; data: Buffer }
  | { kind: 'session'; layer: number; data: Buffer; id: Buffer }
  /** A renegotiation (TLS 1.2) starts and is done. */
  | { kind: 'handshakeStart'; layer: number }
  | { kind: 'handshakeDone'; layer: number }
  /** A message of a layer that is traced; `id` is its content type (RFC 8446 §5.1), one byte. */
  | { kind: 'sent' | 'received'; layer: number; data: Buffer; id: Buffer };

export interface NativeCipher {
  name: string;
  standardName: string;
  version: string;
}

export interface NativeEphemeralKey {
  type: string;
  name?: string;
  size: number;
}

export interface NativeChain {
  /**
   * Puts a layer on top, which waits until `start`. Its number is the count of layers before.
   * @param flags - bits of {@link EngineFlag}
   * @param name - the host name or address that a client expects
   */
  push(
    context: NativeSecureContext,
    flags: number,
    verify: VerifyMode,
    maxHandshakeBytes: number,
    name: string | undefined,
    extras: NativeEngineExtras | null,
  ): void;
  start(layer: number): NativeEvent;
  /** Sends close_notify on one layer; nothing is sealed by it any more. */
  closeWrite(layer: number): NativeEvent;
  /** Drops the write half without telling the peer. */
  dropWrite(layer: number): void;
  /** Takes a layer out of the read path: what it still holds belongs to the layer below. */
  closeRead(layer: number): void;
  /** Forgets a layer whose halves are both closed. */
  remove(layer: number): void;
  /** Feeds bytes that the layer has to see before all others. */
  feed(layer: number, bytes: Uint8Array): void;
  /** Moves wire bytes that wait into a buffer; returns how many, which is 0 once the chain has been destroyed. */
  takeWire(into: Uint8Array): number;
  takeNotes(): NativeNote[];
  /** Bytes that wait for a layer or for the application, taken out; null where there are none. */
  takeHeld(layer: number): Buffer | null;
  /** Whether a layer has decrypted more than there was room for. */
  hasPlaintext(): boolean;
  collect(what: { keylog: boolean; sessions: boolean }): void;
  failure(layer: number): NativeFailure;

  clientHello(layer: number): NativeClientHello;
  answerClientHello(layer: number, answer: NativeClientHelloAnswer): void;
  /** `null`: go on; otherwise the handshake is refused with an alert. */
  answerVerify(layer: number, accept: boolean): void;
  /**
   * Runs the pending handshake step on the thread pool; `done` is called once on this thread.
   * @param limit - how many steps of all chains may run at a time
   */
  offload(layer: number, limit: number, done: () => void): void;

  stats(
    layer: number,
  ): [bytesRead: number, bytesWritten: number, wireRead: number, wireWritten: number];
  /**
   * Fills in what `stats` says, and the numbers of the protocol version and the cipher suite (0: none yet).
   * @param into - six numbers
   * @returns bits: 1, there is an `alpnProtocol`; 2, there is a `servername`
   */
  summarize(layer: number, into: Float64Array): number;
  /** Fills in the last fields of {@link Status}: what decides about the peer after a handshake. */
  inspectPeer(layer: number): void;
  /** Null: the chain has been verified, or nobody asked for it. */
  verifyResult(layer: number): NativeVerifyResult | null;
  /** DER: as the peer sent them, leaf first; and the chain that was built, leaf first. */
  peerCertificates(layer: number): { sent: Buffer[]; verified: Buffer[] };
  /** Whether a subjectAltName of the peer's certificate is the host; stricter than `tls.checkServerIdentity`. */
  peerMatches(layer: number, host: string, isIP: boolean): boolean;
  ownCertificate(layer: number): Buffer | null;
  protocol(layer: number): string;
  cipher(layer: number): NativeCipher | null;
  alpnProtocol(layer: number): string | null;
  servername(layer: number): string | null;
  ephemeralKey(layer: number): NativeEphemeralKey | null;
  session(layer: number): Buffer | null;
  ticket(layer: number): Buffer | null;
  isSessionReused(layer: number): boolean;
  finished(layer: number): Buffer | null;
  peerFinished(layer: number): Buffer | null;
  sharedSigalgs(layer: number): string[];
  ocspResponse(layer: number): Buffer | null;
  exportKeyingMaterial(
    layer: number,
    length: number,
    label: string,
    context: Uint8Array | null,
  ): Buffer | null;
  setMaxSendFragment(layer: number, size: number): boolean;
  setServername(layer: number, name: string): void;
  /** @param context - the layer's: a session of another is not offered */
  setSession(layer: number, session: Uint8Array, context: NativeSecureContext): void;
  setContext(layer: number, context: NativeSecureContext): void;
  setVerify(layer: number, verify: VerifyMode): void;
  /** Notes the layer's messages from now on. */
  trace(layer: number): void;
  /** Starts a renegotiation (TLS 1.2); the bytes are queued. */
  renegotiate(layer: number): boolean;
  keyUpdate(layer: number, requestPeer: boolean): NativeEvent;
  /** Frees every layer at once; calls after it do nothing. */
  destroy(): void;
}

/** One identity (private key with its certificate chain), PEM or DER. */
export interface NativeContextOptions {
  cert?: Uint8Array[] | undefined;
  key?: { data: Uint8Array; passphrase?: string | undefined }[] | undefined;
  pfx?: { data: Uint8Array; passphrase?: string | undefined }[] | undefined;
  /** Absent: the default set given to `setDefaultCACertificates`. */
  ca?: Uint8Array[] | undefined;
  crl?: Uint8Array[] | undefined;
  /** TLS 1.2 and below. */
  cipherList?: string | undefined;
  /** TLS 1.3. */
  cipherSuites?: string | undefined;
  ecdhCurve?: string | undefined;
  sigalgs?: string | undefined;
  /** PEM, or 'auto'. */
  dhparam?: Uint8Array | 'auto' | undefined;
  minVersion: number;
  maxVersion: number;
  secureOptions: number;
  sessionIdContext?: string | undefined;
  sessionTimeout?: number | undefined;
  /** 48 bytes: name, HMAC key, AES key. */
  ticketKeys?: Uint8Array | undefined;
  allowPartialTrustChain?: boolean | undefined;
  pskIdentityHint?: string | undefined;
}

export interface NativeSecureContext {
  getTicketKeys(): Buffer;
  setTicketKeys(keys: Uint8Array): void;
  addCACert(pem: Uint8Array): void;
  /** DER of the own certificate and of its issuer, where they are known. */
  getCertificate(): Buffer | null;
  getIssuer(): Buffer | null;
}

/** What a constructor or setter that meets an OpenSSL error throws: a plain object, made a `TLSError` by TypeScript. */
export interface NativeThrown {
  message: string;
  entries: NativeErrorEntry[];
}

export interface NativeAddon {
  /** Filled in by each call on a chain; see {@link Status}. */
  readonly status: Uint32Array;
  readonly opensslVersion: string;
  /** The major version of the headers that the addon was compiled against. */
  readonly opensslCompiledMajor: number;
  readonly opensslMajor: number;
  Chain: new () => NativeChain;
  /**
   * Opens the bytes of `wire` from `start` to `end`, into `plaintext` from `offset` on. Numbers and not views, as a view
   * costs as much as a small record; a chain by its number, as finding it by its object costs as much again. What has not
   * been taken (`Status.used`) is to be passed again.
   */
  receive(
    chain: number,
    wire: Uint8Array,
    start: number,
    end: number,
    plaintext: Uint8Array,
    offset: number,
  ): NativeEvent;
  /**
   * Seals one chunk or several under all layers whose write half is open: into `wire` from `offset` on, and what exceeds it
   * into the queue.
   */
  send(
    chain: number,
    chunks: Uint8Array | readonly Uint8Array[],
    wire: Uint8Array,
    offset: number,
    largestRecord: number,
  ): NativeEvent;
  /**
   * Has the kernel take the first bytes of a buffer for a socket, without waiting: `send(2)`. Returns how many it has
   * taken; none also where it refuses, or on Windows.
   */
  transmit(descriptor: number, bytes: Uint8Array, length: number): number;
  SecureContext: new (options: NativeContextOptions) => NativeSecureContext;
  /** The PEM certificates that verify peers of contexts without `ca`; kept as one store per environment. */
  setDefaultCACertificates(pem: Uint8Array[]): void;
  hasDefaultCACertificates(): boolean;
  /** Has the allocator keep up to 32 MiB that were freed for what is allocated next; glibc's alone needs to be told. */
  keepFreedMemory(): void;
  /** Native objects of this environment that are alive: for tests of leaks. */
  liveObjects(): { chains: number; engines: number; contexts: number };
}
