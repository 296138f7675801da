/** `createSecureContext` with the defaults of the module object. */
import {
  SecureContext as LayerContext,
  type SecureContextOptions as LayerContextOptions,
} from '../secure-context';
import { typeErrorWithCode, validateObject } from '../validate';
import { defaults } from './defaults';

export type SecureContextOptions = LayerContextOptions;

/** What `node:tls` calls by this name: `context` is the object that it keeps its methods on. */
export class SecureContext extends LayerContext {}

/** The versions that apply where the caller names none; `secureProtocol` is a range of its own. */
function defaultVersions(options: SecureContextOptions): SecureContextOptions {
  if (options.secureProtocol) return {};
  return {
    minVersion: options.minVersion ?? defaults().DEFAULT_MIN_VERSION,
    maxVersion: options.maxVersion ?? defaults().DEFAULT_MAX_VERSION,
  };
}

/**
 * As `tls.createSecureContext()`.
 *
 * @throws TypeError, RangeError with Node's codes for options of a wrong type or value
 * @throws TLSError for a key, a certificate or a list that OpenSSL refuses
 */
export function createSecureContext(options?: SecureContextOptions | null): SecureContext {
  const given = options ?? {};
  validateObject(given, 'options');
  return new SecureContext({
    ...given,
    ...defaultVersions(given),
    ciphers: given.ciphers || defaults().DEFAULT_CIPHERS,
    ecdhCurve: given.ecdhCurve === undefined ? defaults().DEFAULT_ECDH_CURVE : given.ecdhCurve,
  });
}

/** Accepts contexts of this package only: those of `node:tls` can't be used by its layers. */
export function isSecureContext(value: unknown): value is LayerContext {
  return value instanceof LayerContext;
}

/** @throws TypeError `ERR_TLS_INVALID_CONTEXT` */
export function requireSecureContext(value: unknown, name: string): LayerContext {
  if (isSecureContext(value)) return value;
  throw typeErrorWithCode('ERR_TLS_INVALID_CONTEXT', `${name} must be a SecureContext`);
}
