/** `Server` and `createServer`. */
import { captureRejectionSymbol } from 'node:events';
import * as net from 'node:net';
import type { Duplex } from 'node:stream';
import type { TlsOptions } from 'node:tls';
import { deprecate } from 'node:util';
import { CONTEXT_OPTION_NAMES } from '../context-options';
import { refuseTwoWaysOfAlpn } from '../option-types';
import type { SecureContext as LayerContext } from '../secure-context';
import {
  invalidArgType,
  typeErrorWithCode,
  validateNumber,
  validateObject,
  validateString,
} from '../validate';
import { protocolsOf } from './alpn';
import { adopting } from './callable';
import { moduleObject } from './module-object';
import { nodeError } from './names';
import { isSecureContext, type SecureContext, type SecureContextOptions } from './secure-context';
import { ContextsByName } from './server-contexts';
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

/** What `setSecureContext` makes a context of; each is a property of the server too, as the last call had it. */
type ContextProperties = Partial<Pick<SecureContextOptions, (typeof CONTEXT_OPTION_NAMES)[number]>>;

/** These stay as they are where a later call does not name them. */
const LASTING = ['sessionTimeout', 'ticketKeys'] as const;

const warnOfSetOptions = deprecate(
  () => undefined,
  'Server.prototype.setOptions() is deprecated',
  'DEP0122',
);

export interface Server extends ContextProperties {}

/**
 * As `tls.Server`: a `net.Server` whose connections start with a layer of TLS. `'connection'` may be emitted by hand with
 * any Duplex. Its properties can be assigned, for connections that come from then on.
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: its properties are assigned in a loop
export class Server extends adopting(net.Server) {
  requestCert: boolean;
  rejectUnauthorized: boolean;
  ALPNProtocols: Buffer | undefined;
  ALPNCallback: ServerOptions['ALPNCallback'];
  readonly #options: ServerOptions;
  readonly #contexts = new ContextsByName();
  #shared: LayerContext;

  constructor(options?: ServerOptions | ConnectionListener | null, listener?: ConnectionListener) {
    const given = typeof options === 'function' ? {} : (options ?? {});
    validateObject(given, 'options');
    validate(given);
    super(given as net.ServerOpts);
    this.#options = given;
    this.requestCert = given.requestCert === true;
    this.rejectUnauthorized = given.rejectUnauthorized !== false;
    this.ALPNProtocols = protocolsOf(given.ALPNProtocols);
    this.ALPNCallback = given.ALPNCallback;
    this.#shared = given.secureContext ?? this.#contextOf(given);
    const listens = typeof options === 'function' ? options : listener;
    if (listens !== undefined) this.on('secureConnection', listens);
    this.on('connection', this.#accept);
  }

  /** The context of clients that ask for this name; `*` stands for one label. */
  addContext(servername: string, context: SecureContext | SecureContextOptions): void {
    if (!servername) {
      const message = '"servername" is required parameter for Server.addContext';
      throw nodeError(message, 'ERR_TLS_REQUIRED_SERVER_NAME');
    }
    const made = isSecureContext(context) ? context : moduleObject().createSecureContext(context);
    this.#contexts.add(servername, made);
  }

  /** Replaces key, certificate and the rest for connections that come from now on. */
  setSecureContext(options: SecureContextOptions): void {
    validateObject(options, 'options');
    this.#shared = this.#contextOf(options);
  }

  /** A server prefers its own order of ciphers unless it is told otherwise. */
  #contextOf(options: SecureContextOptions): LayerContext {
    const properties: Record<string, unknown> = {};
    for (const name of CONTEXT_OPTION_NAMES) properties[name] = options[name] || undefined;
    for (const name of LASTING) properties[name] ??= this[name];
    properties['honorCipherOrder'] = Boolean(options.honorCipherOrder ?? true);
    // Not falsy values only: these are refused where they are empty.
    properties['ecdhCurve'] = options.ecdhCurve;
    properties['sigalgs'] = options.sigalgs;
    Object.assign(this, properties);
    return moduleObject().createSecureContext(properties as SecureContextOptions);
  }

  /** Sets the properties; those of the context are of no effect before the next `setSecureContext()`. */
  setOptions(options: ServerOptions): void {
    warnOfSetOptions();
    this.requestCert = options.requestCert === true;
    this.rejectUnauthorized = options.rejectUnauthorized !== false;
    if (options.ALPNProtocols) this.ALPNProtocols = protocolsOf(options.ALPNProtocols);
    for (const name of CONTEXT_OPTION_NAMES) {
      if (options[name]) Object.assign(this, { [name]: options[name] });
    }
  }

  getTicketKeys(): Buffer {
    return this.#shared.getTicketKeys();
  }

  /** @param keys - 48 bytes; sessions sealed with the keys before get a full handshake */
  setTicketKeys(keys: NodeJS.ArrayBufferView): void {
    if (!ArrayBuffer.isView(keys)) {
      throw invalidArgType('buffer', 'an instance of Buffer, TypedArray, or DataView', keys);
    }
    if (keys.byteLength !== 48) {
      const message = 'Session ticket keys must be a 48-byte buffer';
      throw typeErrorWithCode('ERR_INVALID_ARG_VALUE', message);
    }
    this.#shared.setTicketKeys(keys);
  }

  /** @internal What `node:cluster` gives to the other workers, so that each resumes the sessions of all. */
  _getServerData(): { ticketKeys: string } {
    return { ticketKeys: this.getTicketKeys().toString('hex') };
  }

  /** @internal */
  _setServerData({ ticketKeys }: { ticketKeys: string }): void {
    this.setTicketKeys(Buffer.from(ticketKeys, 'hex'));
  }

  #accept(transport: Duplex): void {
    const socket = new TLSSocket(transport, this.#socketOptions());
    if (this.listenerCount('keylog') > 0) {
      socket.on('keylog', (line: Buffer) => this.emit('keylog', line, socket));
    }
    socket.ownedBy(this);
    if ((this as { pauseOnConnect?: boolean }).pauseOnConnect) socket.pause();
  }

  #socketOptions(): TLSSocketOptions {
    const { highWaterMark } = this.#options as TLSSocketOptions;
    const { SNICallback, handshakeTimeout, pskCallback, enableTrace } = this.#options;
    const { offloadHandshake, maxHandshakeBytes } = this.#options;
    const byName = this.#contexts.isEmpty ? undefined : this.#contexts.callback;
    return {
      isServer: true,
      server: this,
      requestCert: this.requestCert,
      rejectUnauthorized: this.rejectUnauthorized,
      ALPNProtocols: this.ALPNProtocols,
      ALPNCallback: this.ALPNCallback,
      pskCallback,
      enableTrace,
      offloadHandshake,
      maxHandshakeBytes,
      secureContext: this.#shared,
      SNICallback: SNICallback ?? byName,
      handshakeTimeout: handshakeTimeout || DEFAULT_HANDSHAKE_TIMEOUT_MS,
      highWaterMark,
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
  secure(socket: TLSSocket, isFirst: boolean): void {
    const { requestCert, rejectUnauthorized } = socket.layerOptions;
    const error = requestCert ? socket.verifyError : null;
    if (error !== null && rejectUnauthorized) return socket.refuse(error);
    socket.accept(requestCert && error === null, error, null);
    if (isFirst) this.emit('secureConnection', socket);
  }

  /** @internal */
  failed(socket: TLSSocket, error: Error): boolean {
    this.emit('tlsClientError', error, socket);
    return true;
  }
}

/** As `tls.createServer()`. */
export function createServer(
  options?: ServerOptions | ConnectionListener,
  listener?: ConnectionListener,
): Server {
  return new Server(options, listener);
}
