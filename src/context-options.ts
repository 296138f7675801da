/** From the options of `tls.createSecureContext` to those of the native context. */
import { constants, createHash } from 'node:crypto';
import tls, { type SecureContextOptions as NodeContextOptions } from 'node:tls';
import { TLSError } from './errors';
import type { NativeContextOptions } from './native';
import {
  invalidArgType,
  invalidArgValue,
  isBytes,
  toBytes,
  typeErrorWithCode,
  validateBytes,
  validateInteger,
  validateObject,
  validateString,
} from './validate';

/** The options of `tls.createSecureContext`, with the same meaning and defaults. */
export interface SecureContextOptions extends NodeContextOptions {
  /** What a server says to help clients choose a pre-shared key (TLS 1.2). At most 128 bytes. */
  pskIdentityHint?: string | undefined;
}

/** Options that describe a context; with the option `secureContext` none of them can be given. */
export const CONTEXT_OPTION_NAMES = [
  'allowPartialTrustChain',
  'ca',
  'cert',
  'ciphers',
  'clientCertEngine',
  'crl',
  'dhparam',
  'ecdhCurve',
  'honorCipherOrder',
  'key',
  'maxVersion',
  'minVersion',
  'passphrase',
  'pfx',
  'privateKeyEngine',
  'privateKeyIdentifier',
  'pskIdentityHint',
  'secureOptions',
  'secureProtocol',
  'sessionIdContext',
  'sessionTimeout',
  'sigalgs',
  'ticketKeys',
] as const satisfies readonly (keyof SecureContextOptions)[];

const MAX_INT32 = 2 ** 31 - 1;
const MIN_DH_BITS = 1024;
const SAFE_DH_BITS = 2048;

const VERSIONS: ReadonlyMap<unknown, number> = new Map([
  ['TLSv1', 0x0301],
  ['TLSv1.1', 0x0302],
  ['TLSv1.2', 0x0303],
  ['TLSv1.3', 0x0304],
]);

interface VersionRange {
  min: number;
  max: number;
}

function versionOf(value: unknown, ifAbsent: string, which: 'minimum' | 'maximum'): number {
  const version = VERSIONS.get(value ?? ifAbsent);
  if (version !== undefined) return version;
  throw typeErrorWithCode(
    'ERR_TLS_INVALID_PROTOCOL_VERSION',
    `${JSON.stringify(value)} is not a valid ${which} TLS protocol version`,
  );
}

/** The legacy option `secureProtocol`; a role in its name (`_client_`, `_server_`) says nothing about versions. */
function rangeOfProtocol(method: string, defaults: VersionRange): VersionRange {
  const family =
    /^(SSLv2|SSLv3|SSLv23|TLS|TLSv1|TLSv1_1|TLSv1_2)_(?:(?:client|server)_)?method$/.exec(
      method,
    )?.[1];
  switch (family) {
    case 'SSLv23':
      return { min: defaults.min, max: 0x0303 };
    case 'TLS':
      return { min: 0, max: 0x0304 };
    case 'TLSv1':
      return { min: 0x0301, max: 0x0301 };
    case 'TLSv1_1':
      return { min: 0x0302, max: 0x0302 };
    case 'TLSv1_2':
      return { min: 0x0303, max: 0x0303 };
    default: {
      const message =
        family === undefined ? `Unknown method: ${method}` : `${family} methods disabled`;
      throw typeErrorWithCode('ERR_TLS_INVALID_PROTOCOL_METHOD', message);
    }
  }
}

function versionRange(options: SecureContextOptions): VersionRange {
  const { secureProtocol, minVersion, maxVersion } = options;
  if (secureProtocol) {
    const conflict = minVersion ?? maxVersion;
    if (conflict !== undefined && conflict !== null) {
      throw typeErrorWithCode(
        'ERR_TLS_PROTOCOL_VERSION_CONFLICT',
        `TLS protocol version ${JSON.stringify(conflict)} conflicts with secureProtocol ${JSON.stringify(secureProtocol)}`,
      );
    }
  }
  const range = {
    min: versionOf(minVersion, tls.DEFAULT_MIN_VERSION, 'minimum'),
    max: versionOf(maxVersion, tls.DEFAULT_MAX_VERSION, 'maximum'),
  };
  return typeof secureProtocol === 'string' && secureProtocol !== ''
    ? rangeOfProtocol(secureProtocol, range)
    : range;
}

/** OpenSSL has one list for TLS 1.3, whose suites all start with `TLS_`, and one for what came before. */
function splitCiphers(value: unknown): { list: string; suites: string } {
  if (value !== undefined && value !== null) validateString(value, 'options.ciphers');
  const parts = (value || tls.DEFAULT_CIPHERS).split(':');
  const names = parts.filter((name) => name !== '');
  const isSuite = (name: string): boolean => /^!?TLS_/.test(name);
  const suites = names.filter(isSuite).join(':');
  const list = names.filter((name) => !isSuite(name)).join(':');
  if (suites === '' && list === '') throw invalidArgValue('options.ciphers', parts);
  return { list, suites };
}

/** Text or bytes that hold PEM or DER. */
function material(value: unknown, name: string): Uint8Array {
  if (typeof value === 'string') return Buffer.from(value);
  if (isBytes(value)) return toBytes(value);
  throw invalidArgType(
    name,
    'of type string or an instance of Buffer, TypedArray, or DataView',
    value,
  );
}

/** One value or an array of them; falsy is absent, as in Node. */
function materials(value: unknown, name: string): Uint8Array[] | undefined {
  if (!value) return undefined;
  return (Array.isArray(value) ? value : [value]).map((one) => material(one, name));
}

interface Secret {
  data: Uint8Array;
  passphrase?: string;
}

/** Keys and PKCS #12: alone, in an array, or in an array as `{ pem, passphrase }` and `{ buf, passphrase }`. */
function secrets(value: unknown, name: 'key' | 'pfx', passphrase: unknown): Secret[] | undefined {
  if (!value) return undefined;
  const field = name === 'key' ? 'pem' : 'buf';
  const inArray = Array.isArray(value);
  return (inArray ? value : [value]).map((one: unknown) => {
    const isPair = inArray && typeof one === 'object' && one !== null && field in one;
    const pair = (isPair ? one : { [field]: one }) as Record<string, unknown>;
    const data = material(pair[field], `options.${name}`);
    const opener = pair['passphrase'] ?? passphrase;
    if (opener === undefined || opener === null) return { data };
    validateString(opener, 'options.passphrase');
    return { data, passphrase: opener };
  });
}

/** The length of the prime in `DH PARAMETERS`: SEQUENCE { INTEGER p, … }. Undefined when it is not to be found. */
function dhBits(pem: Uint8Array): number | undefined {
  const base64 = /DH PARAMETERS-----([^-]+)-----END/.exec(Buffer.from(pem).toString('latin1'))?.[1];
  if (base64 === undefined) return undefined;
  const hex = Buffer.from(base64, 'base64').toString('hex');
  // Lengths below 128 are one byte; 81 and 82 say that one or two bytes follow.
  const prime = /^30(?:82....|81..|[0-7].)02(?:82(....)|81(..)|([0-7].))/.exec(hex);
  const length = prime?.[1] ?? prime?.[2] ?? prime?.[3];
  if (prime === null || length === undefined) return undefined;
  const digits = hex.slice(prime[0].length, prime[0].length + 2 * Number.parseInt(length, 16));
  return BigInt(`0x${digits || '0'}`).toString(2).length;
}

function dhParameters(value: unknown): Uint8Array | 'auto' | undefined {
  if (value === undefined || value === null) return undefined;
  if (value === 'auto') return 'auto';
  const pem = material(value, 'options.dhparam');
  const bits = dhBits(pem);
  if (bits !== undefined && bits < MIN_DH_BITS) {
    throw typeErrorWithCode('ERR_INVALID_ARG_VALUE', 'DH parameter is less than 1024 bits');
  }
  if (bits !== undefined && bits < SAFE_DH_BITS) {
    process.emitWarning('DH parameter is less than 2048 bits', 'SecurityWarning');
  }
  return pem;
}

const ENGINE_OPTIONS = ['clientCertEngine', 'privateKeyEngine', 'privateKeyIdentifier'] as const;

function refuseEngines(options: SecureContextOptions): void {
  const given = ENGINE_OPTIONS.filter((name) => (options[name] ?? null) !== null);
  for (const name of given) {
    const value: unknown = options[name];
    if (typeof value !== 'string') {
      throw invalidArgType(`options.${name}`, 'of type string or one of null or undefined', value);
    }
  }
  if (given.length === 0) return;
  throw new TLSError(
    `OpenSSL engines are not supported, so "${given[0]}" can't be used: pass the key itself as "key"`,
    { code: 'ERR_CRYPTO_CUSTOM_ENGINE_NOT_SUPPORTED' },
  );
}

function secureOptionBits({ secureOptions, honorCipherOrder }: SecureContextOptions): number {
  if (secureOptions) validateInteger(secureOptions, 'secureOptions');
  const order = honorCipherOrder ? BigInt(constants.SSL_OP_CIPHER_SERVER_PREFERENCE) : 0n;
  return Number(BigInt(secureOptions || 0) | order);
}

function optionalText(value: unknown, name: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  validateString(value, name);
  return value;
}

function ticketKeys(value: unknown): Uint8Array | undefined {
  if (value === undefined || value === null) return undefined;
  validateTicketKeys(value, 'options.ticketKeys');
  return toBytes(value);
}

export function validateTicketKeys(
  value: unknown,
  name: string,
): asserts value is NodeJS.ArrayBufferView {
  validateBytes(value, name);
  if (value.byteLength !== 48) {
    throw invalidArgValue(name, value.byteLength, 'must be exactly 48 bytes');
  }
}

function sessionTimeout(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  validateInteger(value, 'options.sessionTimeout', 0, MAX_INT32);
  return value;
}

function signatureAlgorithms(value: unknown): string | undefined {
  const list = optionalText(value, 'options.sigalgs');
  if (list === '') throw invalidArgValue('options.sigalgs', list);
  return list;
}

/**
 * A session is resumed only where its context is the same (SSL_CTX_set_session_id_context(3)). So the default stands for
 * how peers are verified: ticket keys that are shared by contexts with different CAs don't carry a client from one to the
 * other.
 */
function defaultSessionIdContext(options: NativeContextOptions): string {
  const hash = createHash('sha256');
  for (const part of [...(options.ca ?? ['default']), 'crl', ...(options.crl ?? [])]) {
    hash.update(createHash('sha256').update(part).digest());
  }
  for (const { data } of options.pfx ?? []) hash.update(data);
  hash.update(options.allowPartialTrustChain === true ? 'partial' : 'full');
  return hash.digest('hex').slice(0, 32);
}

/** @throws TypeError or RangeError as `tls.createSecureContext` does */
export function toNativeContextOptions(options: SecureContextOptions): NativeContextOptions {
  validateObject(options, 'options');
  refuseEngines(options);
  const range = versionRange(options);
  const ciphers = splitCiphers(options.ciphers);
  const ecdhCurve = options.ecdhCurve === undefined ? tls.DEFAULT_ECDH_CURVE : options.ecdhCurve;
  validateString(ecdhCurve, 'options.ecdhCurve');
  const withoutTls12 = ciphers.list === '' && range.min < 0x0304 && range.max > 0x0303;
  const native: NativeContextOptions = {
    ca: materials(options.ca, 'options.ca'),
    cert: materials(options.cert, 'options.cert'),
    key: secrets(options.key, 'key', options.passphrase),
    pfx: secrets(options.pfx, 'pfx', options.passphrase),
    crl: materials(options.crl, 'options.crl'),
    cipherList: ciphers.list,
    cipherSuites: ciphers.suites === '' ? undefined : ciphers.suites,
    ecdhCurve,
    sigalgs: signatureAlgorithms(options.sigalgs),
    dhparam: dhParameters(options.dhparam),
    minVersion: withoutTls12 ? 0x0304 : range.min,
    maxVersion: range.max,
    secureOptions: secureOptionBits(options),
    sessionIdContext: optionalText(options.sessionIdContext, 'options.sessionIdContext'),
    sessionTimeout: sessionTimeout(options.sessionTimeout),
    ticketKeys: ticketKeys(options.ticketKeys),
    allowPartialTrustChain: Boolean(options.allowPartialTrustChain),
    pskIdentityHint: optionalText(options.pskIdentityHint, 'options.pskIdentityHint'),
  };
  native.sessionIdContext ??= defaultSessionIdContext(native);
  return native;
}
