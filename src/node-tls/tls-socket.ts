/**
 * Theory of operation
 *
 * A TLSSocket is an OnionSocket that starts one layer by itself. What `node:tls` does around its handshake is done here:
 *
 *   constructor   the layer is queued behind a cork, so that setServername() and setSession() can still change it
 *   start()       once the transport is connected: uncork, and the ClientHello goes out
 *   'secure'      the first layer is up; connect() and Server then decide about the peer
 *   destroy()     an error of the handshake becomes what node:tls reports: ECONNRESET for a connection that was cut, and
 *                 'tlsClientError' on a server in the place of 'error' on the socket
 *
 * One that is made by hand has no owner: nobody decides about its peer, and its errors are told as '_tlsError' too, so that
 * one which nobody listens to does not end the process.
 */
import * as net from 'node:net';
import { addAbortSignal, type Duplex } from 'node:stream';
import { TLSSocket as NodeSocket } from 'node:tls';
import { StateError, TruncationError } from '../errors';
import type { NativeNote } from '../native';
import type { LayerOptions, OnionSocketOptions } from '../options';
import type { TLSLayer } from '../tls-layer';
import { makeAssignable } from './assignable';
import { logKeys } from './command-line';
import { namedAsInNode } from './names';
import {
  type ConnectionTarget,
  disconnectedError,
  handshakeTimeoutError,
  inWordsOfNode,
  isAboutCertificate,
  isCut,
  nameOf,
} from './net-events';
import { RenegotiationGuard } from './renegotiation';
import { SessionStore } from './session-store';
import { ReadersSetAside } from './set-aside';
import { layerOf, type TLSSocketOptions } from './socket-options';
import { SocketSurface } from './socket-surface';

export type { TLSSocketOptions } from './socket-options';

/** What `connect()` and `Server` have to say about a socket of theirs. */
export interface SocketOwner {
  /** A handshake is done: go on with this peer? The socket's `accept()` or `refuse()` is called. */
  secure(socket: TLSSocket, isFirst: boolean): void;
  /** The socket fails before it was accepted; true: told, so that 'error' is not emitted. */
  failed(socket: TLSSocket, error: Error): boolean;
}

/** A given socket says by itself whether it may be half open, and is read as any other. */
function socketOptions(socket: Duplex | null, options: TLSSocketOptions): OnionSocketOptions {
  const { highWaterMark, maxDepth } = options;
  const result: Record<string, unknown> = { highWaterMark, maxDepth };
  result['onread'] = socket === null ? options.onread : undefined;
  result['allowHalfOpen'] = (socket ?? options).allowHalfOpen ?? false;
  for (const name of Object.keys(result)) if (result[name] === undefined) delete result[name];
  return result;
}

/** As `tls.TLSSocket`, with `startTLS`, `stopTLS` and the rest of {@link OnionSocket}. */
export class TLSSocket extends SocketSurface {
  /** The server that accepted the connection. */
  readonly server: net.Server | undefined;
  protected override readonly firstLayer: TLSLayer;
  readonly #guard = new RenegotiationGuard();
  /** Sessions that came before the peer was accepted. */
  #sessions: Buffer[] | null = [];
  #owner: SocketOwner | null = null;
  /** Made without a transport: `connect()` comes later. */
  readonly #isNew: boolean;
  /** The transport is not connected, and perhaps not even connecting. */
  #waitsForConnect = false;
  readonly #readers: ReadersSetAside;
  #transportHasClosed = false;
  #awaitedForClose = 1;
  #target: ConnectionTarget = {};
  protected override isSecure = false;
  #isAccepted = false;
  #isFailed = false;
  #store: SessionStore | null = null;
  #hadError = false;
  #authorized = false;
  #authorizationError: string | null = null;

  /**
   * @param socket - the transport, any Duplex; without one a new `net.Socket`, to be connected with `connect()`
   * @param options - those of `tls.TLSSocket`; the handshake is a client's unless `isServer` is true
   */
  constructor(socket?: Duplex | null, options?: TLSSocketOptions | null) {
    const given = options ?? {};
    const transport = socket ?? new net.Socket();
    const readers = new ReadersSetAside(transport);
    super(transport, socketOptions(socket ?? null, given));
    this.#readers = readers;
    this.server = given.server;
    this.#isNew = transport !== socket;
    this.on('error', tellTlsError);
    this.cork();
    this.startLayer(layerOf(given, this));
    this.firstLayer = this.layers[0] as TLSLayer;
    this.#prepare(given);
    this.#startWhenConnected();
    if (given.signal !== undefined) addAbortSignal(given.signal, this);
  }

  #prepare({ session }: TLSSocketOptions): void {
    const { isServer } = this.firstLayer;
    if (session && !isServer) this.setSession(session);
    if (isServer && (this.server?.listenerCount('newSession') ?? 0) > 0) this.#keepSessions();
    this.on('layerSecure', this.#onLayerSecure);
    logKeys(this);
  }

  #keepSessions(): void {
    this.#store = new SessionStore({
      held: () => this.holdWire(),
      released: () => this.releaseWire(),
      stored: () => this.#secured(),
      expired: () => this.destroy(handshakeTimeoutError()),
    });
    this.collect('session');
  }

  /** The layer is queued behind a cork, so that setServername() and setSession() can change it. */
  #startWhenConnected(): void {
    const { connecting, pending, destroyed } = this.transport as Partial<net.Socket>;
    this.#waitsForConnect = connecting === true || (pending === true && !destroyed);
    const start = (): void => {
      this.#waitsForConnect = false;
      this.uncork();
    };
    if (this.#waitsForConnect) this.transport.once('connect', start);
    else process.nextTick(start);
  }

  /** Node's own are instances too: programs ask this to find out whether a connection is encrypted. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore-start lint/complexity/noThisInStatic: a class below this one answers for itself
    if (Function.prototype[Symbol.hasInstance].call(this, value)) return true;
    return this.prototype === TLSSocket.prototype && value instanceof NodeSocket;
    // biome-ignore-end lint/complexity/noThisInStatic: see above
  }

  // ---- connecting

  /** As `net.Socket#connect()`, for a socket that was made without a transport. */
  connect(...values: unknown[]): this {
    const { transport } = this;
    if (!(transport instanceof net.Socket)) throw new StateError('connect() needs a net.Socket');
    const listener = values.at(-1);
    if (typeof listener === 'function') this.once('connect', listener as () => void);
    const address = typeof listener === 'function' ? values.slice(0, -1) : values;
    transport.connect(...(address as [net.SocketConnectOpts]));
    return this;
  }

  /** @internal */
  ownedBy(owner: SocketOwner, target: ConnectionTarget = {}): void {
    this.#owner = owner;
    this.#target = target;
    this.removeListener('error', tellTlsError);
    // The first listener: those that are added by its own listeners are not called for this handshake.
    this.prependListener('secure', () => owner.secure(this, !this.#isAccepted));
  }

  override get connecting(): boolean {
    return super.connecting || (this.#waitsForConnect && !this.destroyed);
  }

  // ---- handshake

  #onLayerSecure(layer: TLSLayer): void {
    if (layer !== this.firstLayer) return;
    if (!this.#store?.delays(layer.options.handshakeTimeout)) this.#secured();
  }

  #secured(): void {
    if (this.destroyed) return;
    this.isSecure = true;
    // Without an owner, nobody decides about the peer but the user of the socket.
    if (this.#owner === null) this.#accepted();
    this.emit('secure');
  }

  /** @internal go on; `authorized` as `node:tls` would set it */
  accept(authorized: boolean, error: Error | null, event: string | null): void {
    this.#authorized = authorized;
    this.#authorizationError = error === null ? null : nameOf(error);
    if (event !== null) this.emit(event);
    if (!this.destroyed) this.#accepted();
  }

  /** @internal */
  refuse(error: Error): void {
    this.#authorizationError = nameOf(error);
    this.destroy(error);
  }

  /** @internal those of the first layer */
  get layerOptions(): LayerOptions {
    return this.firstLayer.options;
  }

  /** @internal why the peer of the first layer is not authorized, `null` when it is */
  get verifyError(): Error | null {
    return this.firstLayer.authorizationError;
  }

  #accepted(): void {
    this.#isAccepted = true;
    const sessions = this.#sessions ?? [];
    this.#sessions = null;
    for (const session of sessions) this.tellSession(session, this.firstLayer);
  }

  // ---- what the layers tell

  override noted(note: NativeNote, layer: TLSLayer): void {
    if (layer !== this.firstLayer || !isOwn(note)) return super.noted(note, layer);
    if (note.kind === 'handshakeStart') return this.#onRenegotiation();
    if (note.kind === 'handshakeDone') return this.#onRenegotiated();
    if (this.firstLayer.isServer) return this.#store?.tell(this.server, note.id, note.data);
    if (this.#sessions !== null) this.#sessions.push(note.data);
    else this.tellSession(note.data, layer);
  }

  #onRenegotiation(): void {
    if (!this.firstLayer.isServer) return;
    const error = this.#guard.started(Date.now());
    if (error !== null) process.nextTick(() => this.destroy(error));
  }

  #onRenegotiated(): void {
    const failure = this.stack.verify(this.firstLayer);
    if (failure !== null) this.destroy(failure);
    else this.emit('secure');
  }

  // ---- ending

  override destroy(error?: Error | null): this {
    if (this.destroyed || !error) return this.#close();
    if (this.#isAccepted ? this.#isRefusal(error) : this.#isAboutTransport(error))
      return this.#close();
    const { isServer } = this.firstLayer;
    if (!this.isSecure && isCut(error)) this.emit('end');
    const reported = namedAsInNode(
      this.isSecure ? error : inWordsOfNode(error, isServer, this.#target),
    );
    this.#hadError = true;
    if (this.#tellFailure(reported)) this.on('error', ignore);
    return super.destroy(reported);
  }

  /** Without an error; a server is told of a client that has not made it to the end of the handshake. */
  #close(): this {
    if (!this.destroyed && !this.#isAccepted) {
      this.#tellFailure(disconnectedError(this.firstLayer.isServer, this.#target));
    }
    return super.destroy();
  }

  /** Once, as a listener may destroy the socket that it is told of. */
  #tellFailure(error: Error): boolean {
    if (this.#isAccepted || this.#isFailed) return false;
    this.#isFailed = true;
    return this.#owner?.failed(this, error) ?? false;
  }

  /** Of a client that was asked for its certificate later: as in node:tls, it is sent away without an error here. */
  #isRefusal(error: Error): boolean {
    const { isServer, rejectUnauthorized } = this.firstLayer.options;
    return isServer && rejectUnauthorized && isAboutCertificate(error);
  }

  /** It was destroyed on this side, by somebody who has chosen to give no error. */
  #isAboutTransport(error: Error): boolean {
    return !this.isSecure && error instanceof TruncationError && !this.transport.readableEnded;
  }

  /** @internal */
  override onTransportClose(): void {
    this.#transportHasClosed = true;
    super.onTransportClose();
  }

  /** 'close' comes after that of a `net.Socket` underneath, which always comes. */
  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (this.transport instanceof net.Socket && !this.#transportHasClosed) {
      this.#awaitedForClose = 2;
      this.transport.once('close', () => this.tellClose());
    }
    super._destroy(error, done);
  }

  protected override tellClose(): void {
    this.#awaitedForClose--;
    if (this.#awaitedForClose === 0) super.tellClose();
  }

  /** 'close' says whether there was an error, as that of `net.Socket`; a given socket was 'ready' before. */
  override emit(event: string | symbol, ...values: unknown[]): boolean {
    if (event === 'close' && values.length === 0) return super.emit(event, this.#hadError);
    if (event === 'ready' && !this.#isNew) return false;
    return super.emit(event, ...values);
  }

  override detach(): Duplex {
    const transport = super.detach();
    this.#readers.putBack(transport);
    return transport;
  }

  /** Renegotiations asked for by the peer end the connection from here on. */
  disableRenegotiation(): void {
    this.#guard.disabled = true;
  }

  // ---- what older programs look for

  /** For `ssl.verifyError()`: why the peer is not authorized, `null` when it is. `null` on a destroyed socket. */
  get ssl(): { verifyError(): Error | null } | null {
    return this.destroyed ? null : { verifyError: () => namedAsInNode(this.verifyError) };
  }

  /** The handshake begins by itself, as soon as the transport is connected. */
  _start(): void {}

  /** Nothing can be read or written after it. */
  _destroySSL(): void {
    this.destroy();
  }

  // ---- what is known of the connection

  /** Always `true`, before and after the handshake. */
  override get encrypted(): true {
    return true;
  }
  override get authorized(): boolean {
    return this.#isSingle ? this.#authorized : super.authorized;
  }
  /** A code as text or `null`, as in `node:tls`, whose types say `Error`; of a layer started later, its error. */
  override get authorizationError(): Error {
    return (this.#isSingle ? this.#authorizationError : super.authorizationError) as Error;
  }
  override get alpnProtocol(): string | false | null {
    return this.isSecure ? this.#innermostOr().alpnProtocol : null;
  }
  override get servername(): string | false | null {
    if (this.isSecure) return this.#innermostOr().servername;
    // A server knows it from the ClientHello on, also where the handshake then fails.
    return this.firstLayer.isServer ? this.firstLayer.servername || null : null;
  }

  get #isSingle(): boolean {
    return this.innermost === undefined || this.innermost === this.firstLayer;
  }

  #innermostOr(): TLSLayer {
    return this.innermost ?? this.firstLayer;
  }
}

makeAssignable(TLSSocket.prototype, [
  'alpnProtocol',
  'authorizationError',
  'authorized',
  'connecting',
  'encrypted',
  'servername',
  'ssl',
]);

type OwnNote = Exclude<NativeNote, { kind: 'keylog' | 'sent' | 'received' }>;

/** What means more to this socket than to any other. */
function isOwn(note: NativeNote): note is OwnNote {
  return note.kind !== 'keylog' && note.kind !== 'sent' && note.kind !== 'received';
}

function ignore(): void {}

function tellTlsError(this: TLSSocket, error: Error): void {
  this.emit('_tlsError', error);
}
