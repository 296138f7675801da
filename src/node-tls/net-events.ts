/** Errors that `node:tls` gives for connections that end too early, with the codes that programs look for. */
import { HandshakeError, TLSTimeoutError, TruncationError } from '../errors';

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
  const error = new HandshakeError(message, { code: 'ECONNRESET', layer: 1 });
  if (isServer) return error;
  const { path, host, port, localAddress } = target;
  return Object.assign(error, { path, host, port, localAddress });
}

export function handshakeTimeoutError(): TLSTimeoutError {
  return new TLSTimeoutError('TLS handshake timeout', 1);
}

/** Whether the error says no more than that the peer has ended the connection, with or without close_notify. */
export function isCut(error: Error): boolean {
  if (error instanceof TruncationError) return true;
  return error instanceof HandshakeError && error.code === 'ERR_ONION_PROTOCOL' && !error.alert;
}
