/** `Server` and `createServer`. */
import { captureRejectionSymbol } from 'node:events';
import * as net from 'node:net';
import type { Duplex } from 'node:stream';
import type { TlsOptions } from 'node:tls';
import { TLSError } from '../errors';
import type { NativeClientHello, NativeClientHelloAnswer } from '../native';
import { refuseTwoWaysOfAlpn } from '../option-types';
import type { SecureContext as LayerContext } from '../secure-context';
import { invalidArgType, validateNumber, validateObject, validateString } from '../validate';
import { protocolsOf } from './alpn';
import {
  createSecureContext,
  isSecureContext,
  type SecureContext,
  type SecureContextOptions,
} from './secure-context';
import { ContextsByName } from './server-contexts';
import { answerFromListeners, hasHelloListeners } from './server-hello';
import type { TLSSocketOptions } from './socket-options';
import { TLSSocket } from './tls-socket';

export type ServerOptions = net.ServerOpts &
  Omit<TlsOptions, keyof TLSSocketOptions> &
  TLSSocketOptions;
export type ConnectionListener = (socket: TLSSocket) => void;

const DEFAULT_HANDSHAKE_TIMEOUT_MS = 120_000;

function validate(options: ServerOptions): void {
  const { SNICallback, handshakeTimeout, pskCallback, pskIdentityHint } = options;
  for (const [name, value] of Object.entries({ SNICallback, pskCallback })) {
    if (value && typeof value !== 'function') {
      throw invalidArgType(`options.${name}`, 'of type function', value);
    }
  }
  if (pskIdentityHint) validateString(pskIdentityHint, 'options.pskIdentityHint');
  if (handshakeTimeout) {
    validateNumber(handshakeTimeout, 'options.handshakeTimeout', 0, Number.MAX_SAFE_INTEGER);
  }
  refuseTwoWaysOfAlpn(options.ALPNProtocols, options.ALPNCallback);
}

/** A server prefers its own order of ciphers unless it is told otherwise. */
function contextOf(options: SecureContextOptions): SecureContext {
  return createSecureContext({ ...options, honorCipherOrder: options.honorCipherOrder ?? true });
}

/**
 * As `tls.Server`: a `net.Server` whose connections start with a layer of TLS. `'connection'` may be emitted by hand with
 * any Duplex.
 */
export class Server extends net.Server {
  readonly #options: ServerOptions;
  readonly #contexts = new ContextsByName();
  #shared: LayerContext;

  constructor(options?: ServerOptions | ConnectionListener, listener?: ConnectionListener) {
    const given = typeof options === 'function' ? {} : (options ?? {});
    validateObject(given, 'options');
    validate(given);
    // The transport stays open for our close_notify after the peer's end; allowHalfOpen is up to the TLSSocket.
    super({ ...given, allowHalfOpen: true, pauseOnConnect: false } as net.ServerOpts);
    this.#options = { ...given, ALPNProtocols: protocolsOf(given.ALPNProtocols) };
    this.#shared = given.secureContext ?? contextOf(given);
    const listens = typeof options === 'function' ? options : listener;
    if (listens !== undefined) this.on('secureConnection', listens);
    this.on('connection', this.#accept);
  }

  /** The context of clients that ask for this name; `*` stands for one label. */
  addContext(servername: string, context: SecureContext | SecureContextOptions): void {
    if (!servername) {
      throw new TLSError('"servername" is required parameter for Server.addContext', {
        code: 'ERR_TLS_REQUIRED_SERVER_NAME',
      });
    }
    this.#contexts.add(servername, isSecureContext(context) ? context : contextOf(context));
  }

  /** Replaces key, certificate and the rest for connections that come from now on. */
  setSecureContext(options: SecureContextOptions): void {
    validateObject(options, 'options');
    this.#shared = contextOf(options);
  }

  getTicketKeys(): Buffer {
    return this.#shared.getTicketKeys();
  }

  /** @param keys - 48 bytes; sessions sealed with the keys before get a full handshake */
  setTicketKeys(keys: NodeJS.ArrayBufferView): void {
    if (!ArrayBuffer.isView(keys)) {
      throw invalidArgType('buffer', 'an instance of Buffer, TypedArray, or DataView', keys);
    }
    this.#shared.setTicketKeys(keys);
  }

  #accept(transport: Duplex): void {
    const socket = new TLSSocket(transport, this.#socketOptions());
    if (this.listenerCount('keylog') > 0) {
      socket.on('keylog', (line: Buffer) => this.emit('keylog', line, socket));
    }
    if (this.listenerCount('newSession') > 0) socket.collect('session');
    socket.ownedBy(this);
    if (this.#options.pauseOnConnect) socket.pause();
  }

  #socketOptions(): TLSSocketOptions {
    const { highWaterMark, onread, allowHalfOpen } = this.#options as TLSSocketOptions;
    const { SNICallback, handshakeTimeout } = this.#options;
    const byName = this.#contexts.isEmpty ? undefined : this.#contexts.callback;
    const shared = this.#shared;
    const hello = hasHelloListeners(this)
      ? (asked: NativeClientHello): Promise<NativeClientHelloAnswer> =>
          answerFromListeners(this, shared, asked)
      : undefined;
    return {
      ...this.#layerOptions(),
      secureContext: shared,
      SNICallback: SNICallback ?? byName,
      handshakeTimeout: handshakeTimeout || DEFAULT_HANDSHAKE_TIMEOUT_MS,
      onClientHello: hello,
      highWaterMark,
      onread,
      allowHalfOpen: allowHalfOpen ?? false,
    };
  }

  #layerOptions(): TLSSocketOptions {
    const { requestCert, rejectUnauthorized, ALPNProtocols, ALPNCallback } = this.#options;
    const { pskCallback, enableTrace, offloadHandshake, maxHandshakeBytes } = this.#options;
    return {
      isServer: true,
      server: this,
      requestCert,
      rejectUnauthorized,
      ALPNProtocols,
      ALPNCallback,
      pskCallback,
      enableTrace,
      offloadHandshake,
      maxHandshakeBytes,
    };
  }

  /** A listener of 'secureConnection' that is async and rejects ends its connection. */
  override [captureRejectionSymbol](
    error: Error,
    event: string | symbol,
    ...values: unknown[]
  ): void {
    const [socket] = values;
    if (event === 'secureConnection' && socket instanceof TLSSocket) socket.destroy(error);
    else this.emit('error', error);
  }

  /** @internal what SocketOwner says, as are the next two */
  secure(socket: TLSSocket): void {
    const { requestCert, rejectUnauthorized } = this.#options;
    const error = requestCert === true ? socket.verifyError : null;
    const authorized = requestCert === true && error === null;
    if (error !== null && rejectUnauthorized !== false) return socket.refuse(error);
    socket.accept(authorized, error, null);
    this.emit('secureConnection', socket);
  }

  /** @internal */
  failed(socket: TLSSocket, error: Error): boolean {
    this.emit('tlsClientError', error, socket);
    return true;
  }

  /** @internal The handshake does not wait for the answer. */
  session(id: Buffer, session: Buffer): void {
    this.emit('newSession', id, session, () => undefined);
  }
}

/** As `tls.createServer()`. */
export function createServer(
  options?: ServerOptions | ConnectionListener,
  listener?: ConnectionListener,
): Server {
  return new Server(options, listener);
}
