/**
 * Throw-away certificates for the demo, the `certs` command and the tests:
 * an X.509 v3 (RFC 5280) writer over keys from node:crypto. It is not a
 * certification authority for anything that has to be trusted: private keys
 * come out as unencrypted PEM and nothing can be revoked.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto';
import { isIP, isIPv4 } from 'node:net';
import * as der from './der';

/** The kinds of key that can be generated. */
export type KeyType = 'ec-p256' | 'ec-p384' | 'ec-p521' | 'rsa-2048' | 'rsa-3072' | 'ed25519';

export const KEY_TYPES: readonly KeyType[] = [
  'ec-p256',
  'ec-p384',
  'ec-p521',
  'rsa-2048',
  'rsa-3072',
  'ed25519',
];

/** PEM texts. `cert` holds the intermediates after the certificate, never the root. */
export interface Identity {
  readonly key: string;
  readonly cert: string;
}

export interface IssueOptions {
  /** Common name. Where it is a host name or an address, also the default of `altNames`. */
  readonly name: string;
  /** Host names and IP addresses, without `DNS:` or `IP:` before them. `[]` for none. */
  readonly altNames?: readonly string[];
  /** Default `'ec-p256'`. */
  readonly keyType?: KeyType;
  /** A private key (PEM) to certify; without it a fresh one is generated. */
  readonly key?: string;
  /** Days of validity from `notBefore` when there is no `notAfter`. Default 365. */
  readonly days?: number;
  /** Default: one hour ago, for clocks that are a little behind. */
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** True: good for a TLS client only. Default: good for client and server. */
  readonly isClient?: boolean;
  /** True: the certificate may sign others (an intermediate authority). */
  readonly isAuthority?: boolean;
}

export interface AuthorityOptions extends Omit<IssueOptions, 'name' | 'isAuthority' | 'isClient'> {
  /** Default `'onion-tls throw-away authority'`. */
  readonly name?: string;
}

export interface Authority extends Identity {
  issue(options: IssueOptions & { readonly isAuthority: true }): Authority;
  issue(options: IssueOptions): Identity;
}

/** A self-signed root; pass its `cert` as `ca` to whoever is to trust it. */
export function createAuthority(options: AuthorityOptions = {}): Authority {
  const name = options.name ?? 'onion-tls throw-away authority';
  const subject = createSubject({ altNames: [], ...options, name, isAuthority: true });
  const root = certify(subject, { name, key: subject.key, keyId: subject.keyId });
  return new IssuingAuthority(subject, root, '');
}

class IssuingAuthority implements Authority {
  readonly key: string;
  readonly cert: string;
  readonly #issuer: Issuer;
  /** What a certificate from here is followed by: our own chain, without the root. */
  readonly #chain: string;

  constructor(subject: Subject, cert: string, chain: string) {
    this.key = exportKey(subject.key);
    this.cert = cert;
    this.#issuer = { name: subject.options.name, key: subject.key, keyId: subject.keyId };
    this.#chain = chain;
  }

  issue(options: IssueOptions & { readonly isAuthority: true }): Authority;
  issue(options: IssueOptions): Identity;
  issue(options: IssueOptions): Identity {
    const subject = createSubject(options);
    const cert = certify(subject, this.#issuer) + this.#chain;
    if (options.isAuthority === true) return new IssuingAuthority(subject, cert, cert);
    return { key: exportKey(subject.key), cert };
  }
}

interface Issuer {
  readonly name: string;
  readonly key: KeyObject;
  readonly keyId: Buffer;
}

interface Subject {
  readonly options: IssueOptions;
  readonly key: KeyObject;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Buffer;
  readonly keyId: Buffer;
}

function createSubject(options: IssueOptions): Subject {
  const key =
    options.key === undefined
      ? generateKey(options.keyType ?? 'ec-p256')
      : createPrivateKey(options.key);
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' });
  // RFC 5280 §4.2.1.2 leaves the method open as long as it yields unique values.
  const keyId = createHash('sha256').update(publicKey).digest().subarray(0, 20);
  return { options, key, publicKey, keyId };
}

function generateKey(type: KeyType): KeyObject {
  switch (type) {
    case 'ec-p256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    case 'ec-p384':
      return generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
    case 'ec-p521':
      return generateKeyPairSync('ec', { namedCurve: 'P-521' }).privateKey;
    case 'rsa-2048':
      return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    case 'rsa-3072':
      return generateKeyPairSync('rsa', { modulusLength: 3072 }).privateKey;
    case 'ed25519':
      return generateKeyPairSync('ed25519').privateKey;
    default:
      throw new TypeError(`Unknown key type: ${String(type satisfies never)}`);
  }
}

function exportKey(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** One certificate, PEM. RFC 5280 §4.1. */
function certify(subject: Subject, issuer: Issuer): string {
  const algorithm = signatureAlgorithm(issuer.key);
  const toBeSigned = der.sequence(
    der.explicit(0, der.integer(Buffer.of(2))), // version 3
    der.integer(serialNumber()),
    algorithm.identifier,
    distinguishedName(issuer.name),
    validity(subject.options),
    distinguishedName(subject.options.name),
    subject.publicKey,
    der.explicit(3, der.sequence(...extensions(subject, issuer))),
  );
  const signature = sign(algorithm.digest, toBeSigned, issuer.key);
  return toPEM(der.sequence(toBeSigned, algorithm.identifier, der.bitString(signature)));
}

/** 126 random bits: positive, never zero, at most 20 bytes (RFC 5280 §4.1.2.2). */
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes.writeUInt8((bytes.readUInt8(0) & 0x3f) | 0x40, 0);
  return bytes;
}

interface SignatureAlgorithm {
  readonly identifier: Buffer;
  /** Null where the algorithm brings its own digest. */
  readonly digest: string | null;
}

function signatureAlgorithm(key: KeyObject): SignatureAlgorithm {
  const make = (oid: string, digest: string | null, ...parameters: Buffer[]) => ({
    identifier: der.sequence(der.objectIdentifier(oid), ...parameters),
    digest,
  });
  switch (key.asymmetricKeyType) {
    case 'ed25519':
      return make('1.3.101.112', null);
    case 'rsa':
      return make('1.2.840.113549.1.1.11', 'sha256', der.nothing());
    case 'ec':
      break;
    default:
      throw new TypeError(`Unsupported key type: ${key.asymmetricKeyType ?? key.type}`);
  }
  switch (key.asymmetricKeyDetails?.namedCurve) {
    case 'secp384r1':
      return make('1.2.840.10045.4.3.3', 'sha384');
    case 'secp521r1':
      return make('1.2.840.10045.4.3.4', 'sha512');
    default:
      return make('1.2.840.10045.4.3.2', 'sha256');
  }
}

function distinguishedName(commonName: string): Buffer {
  return der.sequence(
    der.set(der.sequence(der.objectIdentifier('2.5.4.3'), der.utf8String(commonName))),
  );
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

function validity(options: IssueOptions): Buffer {
  const notBefore = options.notBefore ?? new Date(Date.now() - HOUR);
  const notAfter = options.notAfter ?? new Date(notBefore.getTime() + (options.days ?? 365) * DAY);
  return der.sequence(der.time(notBefore), der.time(notAfter));
}

/** The bits of KeyUsage, RFC 5280 §4.2.1.3. */
const KEY_USAGE = { digitalSignature: 0, keyEncipherment: 2, keyCertSign: 5, crlSign: 6 } as const;

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';

function extensions(subject: Subject, issuer: Issuer): Buffer[] {
  const { options, key, keyId } = subject;
  const isAuthority = options.isAuthority === true;
  const list = [
    extension('2.5.29.19', isAuthority ? der.sequence(der.boolean(true)) : der.sequence(), true),
    extension('2.5.29.15', der.namedBits(keyUsage(key, isAuthority)), true),
    extension('2.5.29.14', der.octetString(keyId)),
    extension('2.5.29.35', der.sequence(der.implicit(0, issuer.keyId))),
  ];
  if (!isAuthority) {
    const purposes = options.isClient === true ? [CLIENT_AUTH] : [SERVER_AUTH, CLIENT_AUTH];
    list.push(extension('2.5.29.37', der.sequence(...purposes.map(der.objectIdentifier))));
  }
  const altNames = options.altNames ?? (isAuthority ? [] : [options.name].filter(isHost));
  if (altNames.length > 0) {
    list.push(extension('2.5.29.17', der.sequence(...altNames.map(generalName))));
  }
  return list;
}

function extension(oid: string, value: Buffer, critical = false): Buffer {
  const flag = critical ? [der.boolean(true)] : [];
  return der.sequence(der.objectIdentifier(oid), ...flag, der.octetString(value));
}

function keyUsage(key: KeyObject, isAuthority: boolean): number[] {
  if (isAuthority) return [KEY_USAGE.keyCertSign, KEY_USAGE.crlSign];
  // A TLS 1.2 client with a plain RSA cipher encrypts to the key.
  return key.asymmetricKeyType === 'rsa'
    ? [KEY_USAGE.digitalSignature, KEY_USAGE.keyEncipherment]
    : [KEY_USAGE.digitalSignature];
}

export function isHost(name: string): boolean {
  return isIP(name) !== 0 || /^(\*\.)?[\w-]+(\.[\w-]+)*$/.test(name);
}

/** GeneralName, RFC 5280 §4.2.1.6: [2] dNSName, [7] iPAddress. */
function generalName(name: string): Buffer {
  if (!isHost(name)) {
    throw new TypeError(`Not a host name or an IP address: ${JSON.stringify(name)}`);
  }
  if (isIP(name) !== 0) return der.implicit(7, addressBytes(name));
  return der.implicit(2, Buffer.from(name, 'ascii'));
}

function addressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  // The WHATWG URL parser writes every IPv6 address in one canonical form.
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [head = '', tail] = canonical.split('::');
  const words = (part: string) => (part === '' ? [] : part.split(':'));
  const end = tail === undefined ? [] : words(tail);
  const gap = new Array<string>(8 - words(head).length - end.length).fill('0');
  const all = [...words(head), ...gap, ...end].map((word) => Number.parseInt(word, 16));
  return Buffer.from(all.flatMap((word) => [word >> 8, word & 0xff]));
}

function toPEM(certificate: Buffer): string {
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
