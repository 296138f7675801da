import {
  CONTEXT_OPTION_NAMES,
  type SecureContextOptions,
  toNativeContextOptions,
  validateTicketKeys,
} from './context-options';
import { defaultCertificates, haveDefaultsChanged } from './default-certificates';
import { callNative } from './errors';
import { native } from './load-addon';
import type { NativeContextOptions, NativeSecureContext } from './native';
import { invalidArgType, isBytes, toBytes, typeErrorWithCode } from './validate';

export type { SecureContextOptions } from './context-options';

/** What the default store of this environment was filled with. */
let loadedDefaults: readonly string[] | undefined;

function loadDefaults(): void {
  if (loadedDefaults !== undefined && !haveDefaultsChanged(loadedDefaults)) return;
  const certificates = defaultCertificates();
  callNative(() => native.setDefaultCACertificates(certificates.map((pem) => Buffer.from(pem))));
  loadedDefaults = certificates;
}

/** What programs call on `context` of a `SecureContext`. */
export type ContextMethods = Pick<
  SecureContext,
  'addCACert' | 'getTicketKeys' | 'setTicketKeys' | 'getCertificate' | 'getIssuer'
>;

/**
 * What the layers made with it have in common: key and certificate, trusted certificates, ciphers and versions. Made by
 * {@link createSecureContext}; may be used by any number of layers, on any connections, as client and as server.
 */
export class SecureContext {
  /** @internal */
  readonly native: NativeSecureContext;
  readonly #trustsDefaults: boolean;

  /** Use {@link createSecureContext}. */
  constructor(options: SecureContextOptions = {}) {
    const nativeOptions = toNativeContextOptions(options);
    this.#trustsDefaults = nativeOptions.ca === undefined;
    if (this.#trustsDefaults && (loadedDefaults !== undefined || addsToTrust(nativeOptions))) {
      loadDefaults();
    }
    this.native = callNative(() => new native.SecureContext(nativeOptions));
  }

  /** As on Node's `SecureContext`: an object with the methods of this one. */
  get context(): ContextMethods {
    return this;
  }

  /**
   * Loads the default certificates where this context trusts them and nothing has needed them yet. Parsing them takes
   * some 10 ms once, so it is put off until a layer is about to verify a peer.
   * @internal
   */
  prepareToVerify(): void {
    if (this.#trustsDefaults && loadedDefaults === undefined) loadDefaults();
  }

  /** Trusts one or more certificates (PEM or DER) besides those trusted so far. */
  addCACert(certificate: string | NodeJS.ArrayBufferView): void {
    this.prepareToVerify();
    const bytes = bytesOf(certificate, 'certificate');
    callNative(() => this.native.addCACert(bytes));
  }

  /** The 48 bytes that seal session tickets. Servers with the same keys resume each other's sessions. */
  getTicketKeys(): Buffer {
    return this.native.getTicketKeys();
  }

  /** Replaces the ticket keys: clients that come with an older ticket get a full handshake. */
  setTicketKeys(keys: NodeJS.ArrayBufferView): void {
    validateTicketKeys(keys, 'keys');
    callNative(() => this.native.setTicketKeys(toBytes(keys)));
  }

  /** The own certificate (DER), `null` without one; of several the last. */
  getCertificate(): Buffer | null {
    return this.native.getCertificate();
  }

  /** The certificate (DER) of the issuer of the own one, where it is known. */
  getIssuer(): Buffer | null {
    return this.native.getIssuer();
  }
}

/** Both copy the default store, so it has to be there before. */
function addsToTrust(options: NativeContextOptions): boolean {
  return options.crl !== undefined || options.pfx !== undefined;
}

function bytesOf(value: unknown, name: string): Uint8Array {
  if (typeof value === 'string') return Buffer.from(value);
  if (isBytes(value)) return toBytes(value);
  throw invalidArgType(
    name,
    'of type string or an instance of Buffer, TypedArray, or DataView',
    value,
  );
}

/**
 * Makes a context for the option `secureContext`, which saves reading keys and certificates for each connection. The
 * options are those of `tls.createSecureContext`.
 *
 * @throws TypeError, RangeError with Node's codes for options of a wrong type or value
 * @throws TLSError with Node's `ERR_SSL_…`, `ERR_OSSL_…` or `ERR_CRYPTO_…` for a key, a certificate or a list that
 *   OpenSSL refuses
 */
export function createSecureContext(options?: SecureContextOptions): SecureContext {
  return new SecureContext(options ?? {});
}

/**
 * The answer of an SNICallback.
 * @param verifies - whether the layer asks for a certificate of the peer
 * @throws TypeError `ERR_TLS_INVALID_CONTEXT` for anything that {@link createSecureContext} has not made
 */
export function toSecureContext(value: unknown, verifies = true): SecureContext {
  if (!(value instanceof SecureContext)) {
    throw typeErrorWithCode('ERR_TLS_INVALID_CONTEXT', 'Invalid SNI context');
  }
  if (verifies) value.prepareToVerify();
  return value;
}

type WithoutContextOptions<T> = Omit<T, (typeof CONTEXT_OPTION_NAMES)[number]>;

/**
 * The same options with their context made: for servers, which use one context for all their connections. A server
 * prefers its own order of ciphers unless told otherwise, as with `tls.createServer`.
 */
export function withSharedContext<
  T extends SecureContextOptions & {
    secureContext?: SecureContext | undefined;
    isServer?: boolean | undefined;
  },
>(options: T): WithoutContextOptions<T> & { secureContext: SecureContext } {
  const others: Partial<T> = { ...options };
  for (const name of CONTEXT_OPTION_NAMES) delete others[name];
  const secureContext = options.secureContext ?? contextForRole(options, options.isServer === true);
  // The names that were deleted are those that the type leaves out.
  return { ...others, secureContext } as WithoutContextOptions<T> & {
    secureContext: SecureContext;
  };
}

export function contextForRole(options: SecureContextOptions, isServer: boolean): SecureContext {
  const honorCipherOrder = options.honorCipherOrder ?? isServer;
  return new SecureContext({ ...options, honorCipherOrder });
}
