/** The options of the package, as users write them and as the layers take them, with their defaults. */
import type { Duplex, DuplexOptions } from 'node:stream';
import type * as tls from 'node:tls';
import type { NativeClientHello, NativePskCallback, VerifyMode } from './native';
import type { SecureContext } from './secure-context';
import {
  encodingOf,
  invalidArgType,
  invalidArgValue,
  isBytes,
  optionalBoolean,
  optionalChoice,
  optionalInteger,
  optionalSignal,
  outOfRange,
  toBytes,
  typeErrorWithCode,
  validateObject,
} from './validate';

export const DEFAULT_HANDSHAKE_TIMEOUT = 120_000;
export const DEFAULT_STOP_TIMEOUT = 30_000;
export const DEFAULT_MAX_HANDSHAKE_BYTES = 128 * 1024;
export const DEFAULT_MIN_DH_SIZE = 1024;
export const DEFAULT_MAX_DEPTH = 16;
/** What the native chain can seal through. */
export const MAX_DEPTH = 64;

/** The largest delay of a timer. */
export const MAX_INT32 = 2 ** 31 - 1;

export type SNICallbackResult = (error: Error | null, context?: SecureContext | undefined) => void;

/** Options of one layer besides those of its context. */
export interface LayerBehaviour {
  /** Accepts the handshake instead of asking for it. Default `false`. */
  isServer?: boolean | undefined;
  /** Bytes that the application has read and that belong to the new layer. At most `maxHandshakeBytes` in all. */
  leftover?: Uint8Array | readonly Uint8Array[] | undefined;
  /**
   * What becomes of bytes that have arrived and that the application has not read when it calls `startTLS`. `'feed'`
   * (the default): they are the first bytes of the new layer. `'reject'`: the call fails. Either way they never show up
   * as application data (CVE-2011-0411).
   */
  unread?: 'feed' | 'reject' | undefined;
  /**
   * Lets the peer end this layer alone: the connection goes on in the layer below. Default `false`: the stream ends, as
   * what follows the peer's close_notify is not authenticated by this layer.
   */
  allowPeerStop?: boolean | undefined;
  /** Fails with a `TruncationError` when the stream ends without close_notify. Default `true`. */
  requireCloseNotify?: boolean | undefined;
  /** Milliseconds, default 120 000. It can't be turned off. */
  handshakeTimeout?: number | undefined;
  /**
   * How many bytes a peer may make this side read in a handshake, and of messages after it (key updates, session tickets)
   * without any data between them. Default 131 072.
   */
  maxHandshakeBytes?: number | undefined;
  /** Runs handshake steps on the thread pool. Default `false`. */
  offloadHandshake?: boolean | undefined;
  /** Gives up the handshake. */
  signal?: AbortSignal | undefined;
  /**
   * Client: the name that the peer has to prove and, unless it is an IP address, the one it is told (SNI). There is no
   * default.
   */
  servername?: string | undefined;
  ALPNProtocols?: readonly string[] | NodeJS.ArrayBufferView | undefined;
  /** Server: chooses a protocol; `undefined` refuses the handshake with an alert. Not together with `ALPNProtocols`. */
  ALPNCallback?:
    | ((hello: { servername: string; protocols: string[] }) => string | undefined)
    | undefined;
  /** Server: gives the context for a name; without one (`null`, `undefined`) the layer keeps its own. */
  SNICallback?: ((servername: string, callback: SNICallbackResult) => void) | undefined;
  /** Server: asks clients for a certificate. Default `false`. */
  requestCert?: boolean | undefined;
  /** Refuses a peer whose certificate does not verify. Default `true`. */
  rejectUnauthorized?: boolean | undefined;
  /** Client: checks that the verified certificate is that of the host. Default `tls.checkServerIdentity`. */
  checkServerIdentity?: typeof tls.checkServerIdentity | undefined;
  /**
   * Client: a session to resume, from `getSession()` or the event `'session'`. One that can't be read, or that was made
   * for another host, is not offered: the handshake is a full one then.
   */
  session?: NodeJS.ArrayBufferView | undefined;
  /** Client: asks for an OCSP response (event `'OCSPResponse'`). Default `false`. */
  requestOCSP?: boolean | undefined;
  /** Called as `(hint)` on a client and as `(socket, identity)` on a server. */
  pskCallback?: ClientPskCallback | ServerPskCallback | undefined;
  /** Client: the smallest Diffie-Hellman key in bits that is accepted. Default 1024. */
  minDHSize?: number | undefined;
  /** Writes handshake messages to stderr. Default `false`. */
  enableTrace?: boolean | undefined;
}

export type ClientPskCallback = (
  hint: string | null,
) => tls.PSKCallbackNegotation | null | undefined;
export type ServerPskCallback = (
  socket: never,
  identity: string,
) => NodeJS.ArrayBufferView | { psk: NodeJS.ArrayBufferView } | null | undefined;

/** Options of `stopTLS`. */
export interface StopTLSOptions {
  /**
   * How long to wait for the peer's close_notify: milliseconds, default 30 000. It comes behind what the peer has in flight,
   * so somebody has to read that; time in which nobody does is not counted against the peer.
   */
  timeout?: number | undefined;
  /**
   * What happens then. `'destroy'` (the default) ends the connection with an error; `'abandon'` goes on in the layer
   * below, which is only right where the peer is known to have gone there too.
   */
  onTimeout?: 'destroy' | 'abandon' | undefined;
  /** `false` drops the layer on this side without a close_notify. Default `true`. */
  notify?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

export interface StopOptions {
  timeout: number;
  onTimeout: 'destroy' | 'abandon';
  notify: boolean;
  signal: AbortSignal | undefined;
}

/** Plaintext into a buffer that is reused, as with `net.Socket`. */
export interface OnRead {
  buffer: Uint8Array | (() => Uint8Array);
  /** Returns `false` to pause. */
  callback(bytesRead: number, buffer: Uint8Array): boolean;
}

export interface OnionSocketOptions extends DuplexOptions {
  /** How many layers may be up at once. Default 16, at most 64. */
  maxDepth?: number | undefined;
  onread?: OnRead | undefined;
  /**
   * Starts with records that fit one TCP segment after the connection has been idle for a second, and goes over to full
   * ones after 64 KiB: the peer can use the first bytes sooner, and bulk costs no more. Default `false`.
   */
  dynamicRecordSizing?: boolean | undefined;
}

/** What a server may know about a client that has said no more than its ClientHello. */
export interface HelloSources {
  /** A session with the id that the client wants to resume. */
  session(hello: NativeClientHello): Promise<Uint8Array | undefined>;
  /** The OCSP response for the certificate of the context, which is the one that was chosen for the client. */
  ocspResponse(hello: NativeClientHello, context: SecureContext): Promise<Uint8Array | undefined>;
}

/** What a layer is made from: all options checked, defaults filled in. */
export interface LayerOptions {
  isServer: boolean;
  secureContext: SecureContext;
  verify: VerifyMode;
  rejectUnauthorized: boolean;
  requestCert: boolean;
  /** The name to check on a client. */
  servername: string | undefined;
  /** The name to send (RFC 6066 §3): none for an IP address. */
  sniName: string | undefined;
  /** The host that Node's own check has to find; null where the application checks. */
  hostToFind: string | null;
  hostIsIP: boolean;
  /** Null: nobody said whom to expect, and `rejectUnauthorized` is false. */
  checkIdentity: ((certificate: tls.PeerCertificate) => Error | undefined) | null;
  /** In wire format. */
  alpn: Buffer | undefined;
  ALPNCallback: NonNullable<LayerBehaviour['ALPNCallback']> | undefined;
  SNICallback: NonNullable<LayerBehaviour['SNICallback']> | undefined;
  /** Whether a server layer has to stop at the ClientHello. */
  asksAboutClientHello: boolean;
  /** Who else is asked about a ClientHello. Set by who needs it. */
  helloSources: HelloSources | undefined;
  session: Uint8Array | undefined;
  requestOCSP: boolean;
  pskCallback: ClientPskCallback | ServerPskCallback | undefined;
  /** What the handshake calls; see `bindPsk`. */
  psk: NativePskCallback | undefined;
  /** What `pskCallback` threw, or why its answer was of no use: the handshake fails with it. */
  pskError: Error | null;
  minDHSize: number;
  leftover: readonly Uint8Array[];
  unread: 'feed' | 'reject';
  allowPeerStop: boolean;
  requireCloseNotify: boolean;
  handshakeTimeout: number;
  maxHandshakeBytes: number;
  offloadHandshake: boolean;
  renegotiation: boolean;
  signal: AbortSignal | undefined;
  enableTrace: boolean;
}

/** @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; RangeError `ERR_OUT_OF_RANGE` */
export function parseStopTLSOptions(options: StopTLSOptions = {}): StopOptions {
  validateObject(options, 'options');
  const { timeout, onTimeout, notify, signal } = options;
  return {
    timeout: optionalInteger(timeout, 'options.timeout', DEFAULT_STOP_TIMEOUT, 1, MAX_INT32),
    onTimeout: optionalChoice(onTimeout, 'options.onTimeout', ['destroy', 'abandon']),
    notify: optionalBoolean(notify, 'options.notify', true),
    signal: optionalSignal(signal, 'options.signal'),
  };
}

/** A transport has to be a stream that reads and writes bytes. */
function validateTransport(value: unknown): asserts value is Duplex {
  const stream = value as Partial<Duplex> | null | undefined;
  if (typeof stream?.pipe !== 'function' || typeof stream.write !== 'function') {
    throw invalidArgType('transport', 'an instance of stream.Duplex', value);
  }
  if (stream.readableObjectMode === true || stream.writableObjectMode === true) {
    throw invalidArgType('transport', 'a stream of bytes, not of objects', value);
  }
  if (encodingOf(stream as Duplex) !== null && stream.readableLength !== 0) {
    throw invalidArgType('transport', 'a stream of bytes: setEncoding() made text of some', value);
  }
}

function onReadOf(onread: OnRead | undefined): OnRead | null {
  if (onread === undefined) return null;
  validateObject(onread, 'options.onread');
  const { buffer, callback }: { buffer: unknown; callback: unknown } = onread;
  if (!(buffer instanceof Uint8Array) && typeof buffer !== 'function') {
    throw invalidArgType('options.onread.buffer', 'a Uint8Array or a function', buffer);
  }
  if (buffer instanceof Uint8Array && buffer.length === 0) {
    throw invalidArgValue('options.onread.buffer', buffer, 'must not be empty');
  }
  if (typeof callback !== 'function') {
    throw invalidArgType('options.onread.callback', 'of type function', callback);
  }
  return onread;
}

/** What an OnionSocket is made from. */
export interface SocketOptions {
  /** For the constructor of Duplex. */
  duplex: DuplexOptions;
  maxDepth: number;
  onread: OnRead | null;
  dynamicRecordSizing: boolean;
}

/** Others would change how the stream works inside, such as `read` and `objectMode`. */
function duplexOptionsOf(transport: Duplex, options: DuplexOptions): DuplexOptions {
  return {
    emitClose: false,
    allowHalfOpen: options.allowHalfOpen ?? transport.allowHalfOpen,
    defaultEncoding: options.defaultEncoding,
    encoding: options.encoding,
    highWaterMark: options.highWaterMark,
    readableHighWaterMark: options.readableHighWaterMark,
    writableHighWaterMark: options.writableHighWaterMark,
    signal: options.signal,
  } as DuplexOptions;
}

/** @throws TypeError `ERR_INVALID_ARG_TYPE`; RangeError `ERR_OUT_OF_RANGE` */
export function parseSocketOptions(
  transport: unknown,
  options: OnionSocketOptions = {},
): SocketOptions {
  validateTransport(transport);
  validateObject(options, 'options');
  return {
    duplex: duplexOptionsOf(transport, options),
    maxDepth: optionalInteger(
      options.maxDepth,
      'options.maxDepth',
      DEFAULT_MAX_DEPTH,
      0,
      MAX_DEPTH,
    ),
    onread: onReadOf(options.onread),
    dynamicRecordSizing: optionalBoolean(
      options.dynamicRecordSizing,
      'options.dynamicRecordSizing',
    ),
  };
}

/**
 * ALPN protocols in wire format (RFC 7301 §3.1), from names or from bytes that are in it already; undefined for none.
 * @throws RangeError `ERR_OUT_OF_RANGE` for a name longer than 255 bytes; TypeError for an empty name or bad bytes
 */
export function wireProtocols(
  protocols: unknown,
  name = 'options.ALPNProtocols',
): Buffer | undefined {
  if (protocols === undefined || protocols === null) return undefined;
  if (!Array.isArray(protocols) && !isBytes(protocols)) {
    throw invalidArgType(
      name,
      'an array of strings or an instance of Buffer, TypedArray, or DataView',
      protocols,
    );
  }
  const wire = isBytes(protocols) ? Buffer.from(toBytes(protocols)) : namesToWire(protocols, name);
  for (let at = 0; at < wire.length; at += 1 + (wire[at] as number)) {
    const length = wire[at] as number;
    if (length === 0 || at + length >= wire.length) {
      throw invalidArgValue(name, protocols, 'must not have an empty or a cut name');
    }
  }
  return wire.length === 0 ? undefined : wire;
}

function namesToWire(names: readonly unknown[], name: string): Buffer {
  const parts: Buffer[] = [];
  for (const [index, protocol] of names.entries()) {
    if (typeof protocol !== 'string') {
      throw invalidArgType(`${name}[${index}]`, 'of type string', protocol);
    }
    const bytes = Buffer.from(protocol);
    if (bytes.length > 255) {
      throw outOfRange(`${name}[${index}]`, 'at most 255 bytes long', bytes.length);
    }
    parts.push(Buffer.of(bytes.length), bytes);
  }
  return Buffer.concat(parts);
}

/** @throws RangeError `ERR_OUT_OF_RANGE` when there is more than a handshake may have */
export function parseLeftover(value: unknown, maxBytes: number): readonly Uint8Array[] {
  if (value === undefined) return [];
  const chunks: readonly unknown[] = Array.isArray(value) ? value : [value];
  let total = 0;
  for (const chunk of chunks) {
    if (!(chunk instanceof Uint8Array)) {
      throw invalidArgType(
        'options.leftover',
        'an instance of Uint8Array or an array of them',
        chunk,
      );
    }
    total += chunk.length;
  }
  if (total > maxBytes) {
    throw outOfRange('options.leftover', `at most maxHandshakeBytes (${maxBytes}) long`, total);
  }
  return chunks as readonly Uint8Array[];
}

/** @throws TypeError `ERR_TLS_ALPN_CALLBACK_WITH_PROTOCOLS`, as Node */
export function refuseTwoWaysOfAlpn(protocols: unknown, callback: unknown): void {
  if (protocols === undefined || protocols === null || callback === undefined) return;
  throw typeErrorWithCode(
    'ERR_TLS_ALPN_CALLBACK_WITH_PROTOCOLS',
    'The ALPNCallback and ALPNProtocols TLS options are mutually exclusive',
  );
}
