/** The names that errors have in `node:tls`, which programs compare and print. */
import { TLSError, type TLSErrorDetails } from '../errors';

const TYPE_ERRORS: ReadonlySet<string> = new Set(['ERR_TLS_ALPN_CALLBACK_INVALID_RESULT']);

/** By its class it is still one of ours. */
export function namedAsInNode<T>(error: T): T {
  if (error instanceof TLSError) {
    const value = TYPE_ERRORS.has(error.code) ? 'TypeError' : 'Error';
    Object.defineProperty(error, 'name', { value, writable: true, configurable: true });
  }
  return error;
}

export function nodeError(
  message: string,
  code: string,
  details: Omit<TLSErrorDetails, 'code'> = {},
): TLSError {
  return namedAsInNode(new TLSError(message, { ...details, code }));
}
