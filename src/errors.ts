/**
 * All errors of the package. Each has a `code`: Node's own where Node has one (`ERR_SSL_…`, `ERR_OSSL_…`, the codes of
 * certificate verification), so that handlers written for `node:tls` work; `ERR_ONION_…` otherwise.
 */
import { types } from 'node:util';
import { describeFirstBytes, looksLikeHandshake } from './first-bytes';
import type { NativeErrorEntry, NativeFailure, NativeThrown, NativeVerifyResult } from './native';
import { codeOfConnection, codeOfEntry, isWordless } from './openssl-codes';

/** A fatal alert (RFC 8446 §6) that came from the peer or was sent to it. */
export interface AlertInfo {
  readonly code: number;
  /** OpenSSL's description, such as `handshake failure`. */
  readonly name: string;
  readonly direction: 'received' | 'sent';
}

export interface TLSErrorDetails {
  code: string;
  layer?: number | undefined;
  library?: string | undefined;
  function?: string | undefined;
  reason?: string | undefined;
  opensslErrorStack?: string[] | undefined;
  alert?: AlertInfo | undefined;
  cause?: unknown;
}

const DETAILS = ['layer', 'library', 'function', 'reason', 'opensslErrorStack', 'alert'] as const;

/** Base of all errors of this package but those about wrong arguments (`TypeError`, `RangeError`). */
export class TLSError<Code extends string = string> extends Error {
  /** Such as `ERR_SSL_NO_SHARED_CIPHER`. */
  declare readonly code: Code;
  /** The number of the layer, 1 is the outermost. Absent when the error is not about one layer. */
  declare layer?: number;
  /** The OpenSSL library that reported the error, such as `SSL routines`. */
  declare readonly library?: string;
  /** The OpenSSL function. */
  declare readonly function?: string;
  /** OpenSSL's words, or those of the verification of a certificate. */
  declare readonly reason?: string;
  /** The other entries of OpenSSL's error queue, the latest first. Absent when there was one only. */
  declare readonly opensslErrorStack?: string[];
  declare readonly alert?: AlertInfo;

  constructor(message: string, details: TLSErrorDetails & { code: Code }) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = details.code;
    for (const name of DETAILS) {
      // Absent details are no properties at all: they would only clutter what is printed.
      if (details[name] !== undefined) Object.assign(this, { [name]: details[name] });
    }
  }

  /** @internal how the peer was told, which comes after the error */
  addAlert(alert: AlertInfo): void {
    if (this.alert === undefined) Object.assign(this, { alert });
  }

  static {
    named(TLSError, 'TLSError');
  }
}

/** Sets `name` on the prototype, where `Error` has it too: it is not printed as a property then. */
function named(errorClass: { prototype: Error }, name: string): void {
  Object.defineProperty(errorClass.prototype, 'name', {
    value: name,
    writable: true,
    configurable: true,
  });
}

/** A handshake that failed on this side. The peer has been told by `alert`, where there is one. */
export class HandshakeError extends TLSError {
  static {
    named(HandshakeError, 'HandshakeError');
  }
}

/**
 * The peer's first bytes in a layer are not TLS. Most often the two ends disagree on whether a layer starts here, or the
 * peer is no TLS server at all.
 */
export class UnknownProtocolError extends HandshakeError {
  /** What the peer sent, 32 bytes at most. */
  declare readonly received: Buffer;

  constructor(message: string, details: TLSErrorDetails & { received: Buffer }) {
    super(message, details);
    // Kept off what is printed: the message says what they look like.
    Object.defineProperty(this, 'received', { value: details.received, enumerable: false });
  }

  static {
    named(UnknownProtocolError, 'UnknownProtocolError');
  }
}

/**
 * The peer's certificate was refused. `code` is Node's, such as `DEPTH_ZERO_SELF_SIGNED_CERT`, `CERT_HAS_EXPIRED` or
 * `ERR_TLS_CERT_ALTNAME_INVALID`; with the last one `host` and `cert` are there too.
 */
export class CertificateError extends HandshakeError {
  declare readonly host?: string;
  declare readonly cert?: object;

  /** @internal The chain did not verify: code and message are those of Node. */
  static fromVerify(
    verify: NativeVerifyResult,
    layer?: number,
    details: Partial<TLSErrorDetails> = {},
  ): CertificateError {
    const { code, reason } = verify;
    return new CertificateError(reason, { ...details, code, reason, layer });
  }

  /** @internal `checkServerIdentity` returned an error: keeps its code, message, `reason`, `host` and `cert`. */
  static from(cause: Error, layer?: number): CertificateError {
    const { code, reason, ...others } = cause as Error & { code?: unknown; reason?: unknown };
    const error = new CertificateError(cause.message, {
      code: typeof code === 'string' ? code : 'ERR_ONION_IDENTITY',
      reason: typeof reason === 'string' ? reason : undefined,
      layer,
      cause,
    });
    return Object.assign(error, others);
  }

  static {
    named(CertificateError, 'CertificateError');
  }
}

/** The peer sent a fatal alert: it is the peer that refuses, and `alert.name` says why. */
export class AlertError extends TLSError {
  declare readonly alert: AlertInfo;

  static {
    named(AlertError, 'AlertError');
  }
}

/** The peer broke the protocol, or a record was altered on its way, after the handshake. */
export class ProtocolError extends TLSError {
  static {
    named(ProtocolError, 'ProtocolError');
  }
}

/** The number of the layer, or more than that. */
type LayerOrDetails<Code extends string> =
  | number
  | (Omit<TLSErrorDetails, 'code'> & { code?: Code });

function withCode<Code extends string>(
  about: LayerOrDetails<Code> | undefined,
  ifAbsent: Code,
): TLSErrorDetails & { code: Code } {
  const details = typeof about === 'number' ? { layer: about } : about;
  return { ...details, code: details?.code ?? ifAbsent };
}

/** The stream ended without the close_notify that says so (RFC 8446 §6.1): something may have been cut off. */
export class TruncationError extends TLSError<'ERR_ONION_TRUNCATED'> {
  constructor(message: string, about?: LayerOrDetails<'ERR_ONION_TRUNCATED'>) {
    super(message, withCode(about, 'ERR_ONION_TRUNCATED'));
  }

  static {
    named(TruncationError, 'TruncationError');
  }
}

export type TimeoutCode = 'ERR_TLS_HANDSHAKE_TIMEOUT' | 'ERR_ONION_STOP_TIMEOUT';

/**
 * A handshake (`handshakeTimeout`; the code is Node's, `ERR_TLS_HANDSHAKE_TIMEOUT`) or a stop (`timeout` of `stopTLS`;
 * `ERR_ONION_STOP_TIMEOUT`) took too long.
 */
export class TLSTimeoutError extends TLSError<TimeoutCode> {
  constructor(message: string, about?: LayerOrDetails<TimeoutCode>) {
    super(message, withCode(about, 'ERR_TLS_HANDSHAKE_TIMEOUT'));
  }

  static {
    named(TLSTimeoutError, 'TLSTimeoutError');
  }
}

/** One of the bounds was passed, such as `maxHandshakeBytes` or `maxDepth`. */
export class LimitError extends TLSError<'ERR_ONION_LIMIT'> {
  constructor(message: string, about?: LayerOrDetails<'ERR_ONION_LIMIT'>) {
    super(message, withCode(about, 'ERR_ONION_LIMIT'));
  }

  static {
    named(LimitError, 'LimitError');
  }
}

export type StateCode = 'ERR_ONION_STATE' | 'ERR_ONION_DESTROYED' | 'ERR_ONION_UNREAD';

/**
 * A call that makes no sense now, such as `stopTLS` without a layer (`ERR_ONION_STATE`); on a socket that is gone
 * (`ERR_ONION_DESTROYED`); or with bytes that were not read (`ERR_ONION_UNREAD`, see `unread: 'reject'`).
 */
export class StateError extends TLSError<StateCode> {
  constructor(message: string, about?: LayerOrDetails<StateCode>) {
    super(message, withCode(about, 'ERR_ONION_STATE'));
  }

  static {
    named(StateError, 'StateError');
  }
}

export type AddonCode = 'ERR_ONION_RUNTIME' | 'ERR_ONION_NO_BINARY' | 'ERR_ONION_OPENSSL_VERSION';

/** The native part can't run here; the message says what to do. */
export class AddonError extends TLSError<AddonCode> {
  static {
    named(AddonError, 'AddonError');
  }
}

/** Errors whose `code` is known in advance: `switch (error.code)` narrows to the class. */
export type OnionTLSError =
  | TruncationError
  | TLSTimeoutError
  | LimitError
  | StateError
  | AddonError;

/** The cause is the oldest entry; Node lists the others with the latest first. */
function detailsOf(entries: readonly NativeErrorEntry[]): Omit<TLSErrorDetails, 'code'> {
  const [first, ...others] = entries;
  if (first === undefined) return {};
  return {
    library: first.library || undefined,
    function: first.function || undefined,
    reason: first.reason || undefined,
    opensslErrorStack: others.length > 0 ? others.map((entry) => entry.text).reverse() : undefined,
  };
}

/** A certificate that does not verify may have been accepted all the same: not all that fails later is about that. */
function isRefusal({ entries }: NativeFailure): boolean {
  return entries.some(({ reason }) => reason === 'certificate verify failed');
}

/** The error that a failed layer is reported by. */
export function errorFromFailure(failure: NativeFailure, layer?: number): TLSError {
  const [first] = failure.entries;
  const details: TLSErrorDetails = {
    ...detailsOf(failure.entries),
    code: first === undefined ? 'ERR_ONION_PROTOCOL' : codeOfConnection(first),
    layer,
    alert: failure.alert,
  };
  const message = first === undefined || isWordless(first) ? ownWords(failure) : first.text;
  if (failure.limit !== undefined) {
    return new LimitError(limitMessage(failure.limit, layer), {
      ...details,
      code: 'ERR_ONION_LIMIT',
    });
  }
  if (failure.alert?.direction === 'received') return new AlertError(message, details);
  if (failure.verify !== undefined && isRefusal(failure)) {
    return CertificateError.fromVerify(failure.verify, layer, details);
  }
  if (!failure.handshaking) return new ProtocolError(message, details);
  if (!looksLikeHandshake(failure.received))
    return unknownProtocol(failure.received, details, first?.text);
  return new HandshakeError(message, details);
}

/** What is left to say where OpenSSL says nothing. */
function ownWords({ alert, handshaking, peerClosed }: NativeFailure): string {
  if (alert?.direction === 'received') {
    return `The peer sent the fatal alert ${alert.code} (${alert.name})`;
  }
  if (peerClosed) return 'The peer has closed the layer before the TLS handshake was done';
  const sent = alert === undefined ? '' : `: alert ${alert.name}`;
  return (handshaking ? 'The TLS handshake failed' : 'The TLS layer failed') + sent;
}

function limitMessage(limit: string, layer: number | undefined): string {
  const where = layer === undefined ? '' : ` in layer ${layer}`;
  return `The peer sent more ${limit} than are allowed${where}`;
}

function unknownProtocol(
  received: Buffer,
  details: TLSErrorDetails,
  text: string | undefined,
): UnknownProtocolError {
  const where = details.layer === undefined ? '' : ` in layer ${details.layer}`;
  const message = `The peer does not speak TLS${where}: it sent ${describeFirstBytes(received)}`;
  // Programs look for OpenSSL's words.
  const whole = text === undefined ? message : `${message} (${text})`;
  return new UnknownProtocolError(whole, { ...details, received });
}

/** What the native side says of PFX files. Node gives OpenSSL's reason alone then, which programs compare with. */
const FAILED_PFX = 'PKCS12: failed to load';
/** Said where OpenSSL's "unsupported" would tell nothing, as Node does. */
const UNSUPPORTED_PFX = 'Unsupported PKCS12 PFX data';

/** What a native constructor or setter threw, as the error for the application; anything else as it is. */
export function errorFromThrown(thrown: unknown): unknown {
  if (!isNativeThrown(thrown)) return thrown;
  const [first] = thrown.entries;
  if (first === undefined) {
    return new TLSError(thrown.message, { code: 'ERR_CRYPTO_OPERATION_FAILED' });
  }
  const details = detailsOf(thrown.entries);
  if (thrown.message === UNSUPPORTED_PFX) {
    return new TLSError(UNSUPPORTED_PFX, { ...details, code: 'ERR_CRYPTO_UNSUPPORTED_OPERATION' });
  }
  const message = thrown.message === FAILED_PFX ? first.reason : first.text;
  return new TLSError(message, { ...details, code: codeOfEntry(first) });
}

/** Calls a native constructor or setter; what OpenSSL refuses is thrown as a TLSError. */
export function callNative<T>(call: () => T): T {
  try {
    return call();
  } catch (thrown) {
    throw errorFromThrown(thrown);
  }
}

function isNativeThrown(thrown: unknown): thrown is NativeThrown {
  // Not `instanceof`: the addon's errors are of Node's realm, which with Jest or node:vm is not that of this module.
  return types.isNativeError(thrown) && 'entries' in thrown && Array.isArray(thrown.entries);
}
