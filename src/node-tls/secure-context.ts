/** `createSecureContext` with the defaults of the module object. */
import { X509Certificate } from 'node:crypto';
import { TLSError } from '../errors';
import {
  type ContextMethods,
  SecureContext as LayerContext,
  type SecureContextOptions as LayerContextOptions,
} from '../secure-context';
import { isBytes, toBytes, typeErrorWithCode, validateObject } from '../validate';
import { moduleObject } from './module-object';
import { namedAsInNode } from './names';
import { nodeContextFor } from './node-context';

export type SecureContextOptions = LayerContextOptions;

/** What `node:tls` calls by this name. */
export class SecureContext extends LayerContext {
  readonly #options: SecureContextOptions;
  #nodeContext: ContextMethods | null = null;

  constructor(options: SecureContextOptions = {}) {
    super(options);
    this.#options = options;
  }

  /** Node's own, so that this can be given to what has the TLS of Node inside. */
  override get context(): ContextMethods {
    this.#nodeContext ??= nodeContextFor(this, this.#options);
    return this.#nodeContext;
  }
}

/** The versions that apply where the caller names none; `secureProtocol` is a range of its own. */
function defaultVersions(options: SecureContextOptions): SecureContextOptions {
  if (options.secureProtocol) return {};
  return {
    minVersion: options.minVersion ?? moduleObject().DEFAULT_MIN_VERSION,
    maxVersion: options.maxVersion ?? moduleObject().DEFAULT_MAX_VERSION,
  };
}

/**
 * As `tls.createSecureContext()`.
 *
 * @throws TypeError, RangeError with Node's codes for options of a wrong type or value
 * @throws TLSError for a key, a certificate or a list that OpenSSL refuses
 */
export function createSecureContext(options?: SecureContextOptions | null): SecureContext {
  const given = options || {};
  validateObject(given, 'options');
  const complete = {
    ...given,
    ...defaultVersions(given),
    ciphers: given.ciphers || moduleObject().DEFAULT_CIPHERS,
    ecdhCurve: given.ecdhCurve === undefined ? moduleObject().DEFAULT_ECDH_CURVE : given.ecdhCurve,
  };
  try {
    return new SecureContext(complete);
  } catch (error) {
    if (!given.ca || !(error instanceof TLSError)) throw namedAsInNode(error);
  }
  try {
    return new SecureContext({ ...complete, ca: readableAuthorities(given.ca) });
  } catch (error) {
    throw namedAsInNode(error);
  }
}

const PEM = /-----BEGIN [A-Z0-9 ]*CERTIFICATE-----[\s\S]*?-----END [A-Z0-9 ]*CERTIFICATE-----/g;

/**
 * What `node:tls` takes of certificates that can't be read: of each file those before the first bad one. A program gets
 * along without the others when it has no use for them; a peer that needs them is refused.
 */
function readableAuthorities(given: NonNullable<SecureContextOptions['ca']>): string[] {
  const files: readonly unknown[] = Array.isArray(given) ? given : [given];
  return files
    .map((file) => {
      const text = isBytes(file) ? Buffer.from(toBytes(file)).toString('latin1') : String(file);
      const certificates = text.match(PEM) ?? [];
      const bad = certificates.findIndex((pem) => !isCertificate(pem));
      return certificates.slice(0, bad < 0 ? undefined : bad).join('\n');
    })
    .filter((readable) => readable !== '');
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem) !== undefined;
  } catch {
    return false;
  }
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
