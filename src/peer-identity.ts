import { inspect } from 'node:util';
import { CertificateError, HandshakeError } from './errors';
import { type NativeVerifyResult, VerifyMode } from './native';
import { isError, toError } from './rethrow';
import type { TLSLayer } from './tls-layer';

/**
 * Asks `checkServerIdentity` whether the certificate belongs to the host, while the handshake waits. Done before the own
 * Finished is sent, so that neither a client certificate nor a byte of the application reaches the wrong host.
 */
function identityErrorOf(layer: TLSLayer): Error | null {
  const check = layer.options.checkIdentity;
  if (check === null) return null;
  // Making the legacy object costs as much as the rest of a handshake. What OpenSSL refuses is decided by Node's rules.
  const { hostToFind } = layer.options;
  if (hostToFind !== null && layer.peerMatches(hostToFind)) return null;
  const error: unknown = check(layer.getPeerCertificate(true));
  if (error === undefined || error === null) return null;
  return CertificateError.from(isError(error) ? error : noAnswer(error), layer.index);
}

/**
 * Whether the handshake may go on, as far as `checkServerIdentity` knows. What it throws refuses the peer as well; the
 * reason is left with the layer.
 */
export function acceptsPeer(layer: TLSLayer): boolean {
  try {
    layer.refusal = identityErrorOf(layer);
  } catch (thrown) {
    layer.refusal = toError(thrown);
  }
  return layer.refusal === null;
}

/** Such as a boolean or a promise: whatever it is meant to say, the peer is not taken for the right one. */
function noAnswer(value: unknown): Error {
  const text = inspect(value, { depth: -1 });
  return new Error(`checkServerIdentity returned neither an Error nor undefined: ${text}`);
}

/** Why the peer of an established layer is not authorized; `null` when it is, or when nobody asked. */
export function verifyFailureOf(layer: TLSLayer, result: NativeVerifyResult | null): Error | null {
  const { isServer, verify, rejectUnauthorized } = layer.options;
  if (isServer && verify === VerifyMode.none) return null;
  if (result !== null) return CertificateError.fromVerify(result, layer.index);
  if (!layer.hasPeerCertificate) return withoutCertificate(layer);
  // A resumed session brings its certificate along and no handshake that could have waited for the check.
  const unchecked = layer.isSessionReused() || !rejectUnauthorized;
  return !isServer && unchecked ? identityErrorOf(layer) : null;
}

/** No certificate is fine where a pre-shared key stands for it, and never with an anonymous cipher suite. */
function withoutCertificate(layer: TLSLayer): Error | null {
  if (layer.options.psk !== undefined) return null;
  const result = { code: 'UNABLE_TO_GET_ISSUER_CERT', reason: 'unable to get issuer certificate' };
  return CertificateError.fromVerify(result, layer.index);
}

/** A server's Diffie-Hellman key that is smaller than `minDHSize` allows. */
export function weakKeyErrorOf(layer: TLSLayer): HandshakeError | null {
  if (layer.isServer) return null;
  const bits = layer.dhKeyBits;
  if (bits === 0 || bits >= layer.options.minDHSize) return null;
  return new HandshakeError(`DH parameter size ${bits} is less than ${layer.options.minDHSize}`, {
    code: 'ERR_TLS_DH_PARAM_SIZE',
    layer: layer.index,
  });
}
