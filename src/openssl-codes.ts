/** How Node makes `code` out of an entry of OpenSSL's error queue. */
import type { NativeErrorEntry } from './native';

/** Node's names of the libraries, by the number in `error:LLRRRRRR` (openssl/err.h). */
const LIBRARY_NAMES: ReadonlyMap<number, string> = new Map([
  [2, 'SYS'],
  [3, 'BN'],
  [4, 'RSA'],
  [5, 'DH'],
  [6, 'EVP'],
  [7, 'BUF'],
  [8, 'OBJ'],
  [9, 'PEM'],
  [10, 'DSA'],
  [11, 'X509'],
  [13, 'ASN1'],
  [14, 'CONF'],
  [15, 'CRYPTO'],
  [16, 'EC'],
  [20, 'SSL'],
  [32, 'BIO'],
  [33, 'PKCS7'],
  [34, 'X509V3'],
  [35, 'PKCS12'],
  [36, 'RAND'],
  [37, 'DSO'],
  [38, 'ENGINE'],
  [39, 'OCSP'],
  [40, 'UI'],
  [41, 'COMP'],
  [42, 'ECDSA'],
  [43, 'ECDH'],
  [44, 'OSSL_STORE'],
  [45, 'FIPS'],
  [46, 'CMS'],
  [47, 'TS'],
  [48, 'HMAC'],
  [50, 'CT'],
  [51, 'ASYNC'],
  [52, 'KDF'],
  [53, 'SM2'],
]);

export function macroCase(reason: string): string {
  return reason.replaceAll(' ', '_').toUpperCase();
}

/** `ERR_SSL_…` and `ERR_OSSL_…`, as Node's crypto functions and `tls.createSecureContext` have it. */
export function codeOfEntry(entry: NativeErrorEntry): string {
  const packed = Number.parseInt(/^error:([0-9A-F]{8}):/i.exec(entry.text)?.[1] ?? '0', 16);
  // ERR_GET_LIB: bits 23 to 30.
  const library = LIBRARY_NAMES.get((packed >>> 23) & 0xff);
  const reason = macroCase(entry.reason);
  if (library === 'SSL') return `ERR_SSL_${reason}`;
  return library === undefined ? `ERR_OSSL_${reason}` : `ERR_OSSL_${library}_${reason}`;
}

/** Whether OpenSSL has no words for the reason, such as for an alert that is newer than itself. */
export function isWordless(entry: NativeErrorEntry): boolean {
  return entry.reason === '';
}

/** As Node's TLSSocket has it: `ERR_SSL_…`, whatever the library. A reason without words has its number there. */
export function codeOfConnection(entry: NativeErrorEntry): string {
  return `ERR_SSL_${isWordless(entry) ? `REASON_${entry.reasonCode}` : macroCase(entry.reason)}`;
}
