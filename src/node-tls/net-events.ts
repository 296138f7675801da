/** Errors that `node:tls` gives for connections that end too early, with the codes that programs look for. */
import { CertificateError, HandshakeError, TLSTimeoutError, TruncationError } from '../errors';
import { namedAsInNode } from './names';

export interface ConnectionTarget {
  path?: string | undefined;
  host?: string | undefined;
  port?: number | string | undefined;
  localAddress?: string | undefined;
}

const CLIENT_CUT =
  'Client network socket disconnected before secure TLS connection was established';

/** The connection ended before it was secure: `ECONNRESET`, whatever the end looked like. */
export function disconnectedError(
  isServer: boolean,
  target: ConnectionTarget = {},
): HandshakeError {
  const message = isServer ? 'socket hang up' : CLIENT_CUT;
  const error = namedAsInNode(new HandshakeError(message, { code: 'ECONNRESET', layer: 1 }));
  if (isServer) return error;
  const { path, host, port, localAddress } = target;
  return Object.assign(error, { path, host, port, localAddress });
}

export function handshakeTimeoutError(): TLSTimeoutError {
  return new TLSTimeoutError('TLS handshake timeout', 1);
}

const NO_CERTIFICATE = 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE';

/** Whether a client is sent away because of its certificate, or because it has none. */
export function isAboutCertificate(error: Error & { code?: unknown }): boolean {
  return error instanceof CertificateError || error.code === NO_CERTIFICATE;
}

/** What went wrong before the handshake was done, as programs know it. */
export function inWordsOfNode(error: Error, isServer: boolean, target: ConnectionTarget): Error {
  if (isCut(error)) return disconnectedError(isServer, target);
  if (error instanceof TLSTimeoutError) return handshakeTimeoutError();
  return error instanceof CertificateError ? givenError(error) : error;
}

/** What the application's own `checkServerIdentity` has returned is the error that it gets. */
function givenError(error: CertificateError): Error {
  const { cause, code } = error;
  return cause instanceof Error && code !== 'ERR_TLS_CERT_ALTNAME_INVALID' ? cause : error;
}

/** As `authorizationError` has it. */
export function nameOf(error: Error & { code?: unknown }): string {
  const { code, message } = error;
  return typeof code === 'string' && code !== 'ERR_ONION_IDENTITY' ? code : message;
}

/** Whether the error says no more than that the peer has ended the connection, with or without close_notify. */
export function isCut(error: Error): boolean {
  if (error instanceof TruncationError) return true;
  return error instanceof HandshakeError && error.code === 'ERR_ONION_PROTOCOL' && !error.alert;
}
