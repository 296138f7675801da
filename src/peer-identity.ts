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

/** What the native side knows about the peer after a handshake. */
export interface PeerFacts {
  /** Null: the chain has been verified, or nobody asked for it. */
  readonly verifyResult: NativeVerifyResult | null;
  readonly hasCertificate: boolean;
  readonly isReused: boolean;
  /** 0: the server has no temporary key of Diffie-Hellman over a prime field. */
  readonly dhKeyBits: number;
}

/** Why the peer of an established layer is not authorized; `null` when it is, or when nobody asked. */
export function verifyFailureOf(layer: TLSLayer, peer: PeerFacts): Error | null {
  const { isServer, verify, rejectUnauthorized } = layer.options;
  if (isServer && verify === VerifyMode.none) return null;
  if (peer.verifyResult !== null) {
    return CertificateError.fromVerify(peer.verifyResult, layer.index);
  }
  if (!peer.hasCertificate) return withoutCertificate(layer);
  // A resumed session brings its certificate along and no handshake that could have waited for the check.
  const unchecked = peer.isReused || !rejectUnauthorized;
  return !isServer && unchecked ? identityErrorOf(layer) : null;
}

/** No certificate is fine where a pre-shared key stands for it, and never with an anonymous cipher suite. */
function withoutCertificate(layer: TLSLayer): Error | null {
  if (layer.options.psk !== undefined) return null;
  const result = { code: 'UNABLE_TO_GET_ISSUER_CERT', reason: 'unable to get issuer certificate' };
  return CertificateError.fromVerify(result, layer.index);
}

/** A server's Diffie-Hellman key that is smaller than `minDHSize` allows. */
export function weakKeyErrorOf(layer: TLSLayer, peer: PeerFacts): HandshakeError | null {
  if (layer.isServer) return null;
  const bits = peer.dhKeyBits;
  if (bits === 0 || bits >= layer.options.minDHSize) return null;
  return new HandshakeError(`DH parameter size ${bits} is less than ${layer.options.minDHSize}`, {
    code: 'ERR_TLS_DH_PARAM_SIZE',
    layer: layer.index,
  });
}
