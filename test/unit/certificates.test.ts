import { execFileSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Authority,
  createAuthority,
  type Identity,
  KEY_TYPES,
  type KeyType,
} from '../../src/cli/certificates';

/** RSA keys take long to make: one authority for each kind of key serves all tests. */
const authorities = new Map<KeyType, Authority>();

function authorityOf(keyType: KeyType): Authority {
  const known = authorities.get(keyType);
  if (known !== undefined) return known;
  const made = createAuthority({ keyType, name: `${keyType} root` });
  authorities.set(keyType, made);
  return made;
}

/** What `openssl verify -x509_strict` says about a chain, which knows RFC 5280 better than we do. */
function opensslVerify(root: Identity, leaf: Identity, purpose: 'sslserver' | 'sslclient'): string {
  const folder = mkdtempSync(join(tmpdir(), 'onion-tls-certificates-'));
  try {
    const [ca, chain] = [join(folder, 'ca.pem'), join(folder, 'chain.pem')];
    writeFileSync(ca, root.cert);
    writeFileSync(chain, leaf.cert);
    const flags = ['-x509_strict', '-check_ss_sig', '-purpose', purpose];
    const args = ['verify', ...flags, '-CAfile', ca, '-untrusted', chain, chain];
    return execFileSync('openssl', args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function pemBlocks(pem: string): string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/g) ?? [];
}

describe('createAuthority', () => {
  test.each(KEY_TYPES)(
    'issues certificates with and under %s keys that OpenSSL accepts strictly',
    (keyType) => {
      const root = authorityOf(keyType);
      const leaf = root.issue({ name: 'localhost', keyType, key: root.key });

      expect(opensslVerify(root, leaf, 'sslserver')).toMatch(/: OK$/);
      expect(opensslVerify(root, leaf, 'sslclient')).toMatch(/: OK$/);
    },
  );

  test('makes a key of the type asked for, which fits the certificate', () => {
    const leaf = authorityOf('ec-p256').issue({ name: 'localhost', keyType: 'ec-p384' });
    const certificate = new X509Certificate(leaf.cert);

    expect(certificate.publicKey.asymmetricKeyDetails?.namedCurve).toBe('secp384r1');
    expect(certificate.checkPrivateKey(createPrivateKey(leaf.key))).toBe(true);
  });

  test('signs with the key of the authority', () => {
    const root = new X509Certificate(authorityOf('ed25519').cert);
    const leaf = new X509Certificate(authorityOf('ed25519').issue({ name: 'localhost' }).cert);

    expect(leaf.verify(root.publicKey)).toBe(true);
    expect(leaf.checkIssued(root)).toBe(true);
    expect(root.ca).toBe(true);
    expect(leaf.ca).toBe(false);
  });

  test('sends the intermediates after the certificate, and not the root', () => {
    const root = authorityOf('ec-p256');
    const middle = root.issue({ name: 'middle', isAuthority: true });
    const lower = middle.issue({ name: 'lower', isAuthority: true, keyType: 'ed25519' });
    const leaf = lower.issue({ name: 'localhost' });

    const subjects = pemBlocks(leaf.cert).map((pem) => new X509Certificate(pem).subject);
    expect(subjects).toEqual(['CN=localhost', 'CN=lower', 'CN=middle']);
    expect(opensslVerify(root, leaf, 'sslserver')).toMatch(/: OK$/);
  });

  test('writes host names and addresses as subject alternative names', () => {
    const altNames = [
      'a.test',
      '*.b.test',
      '127.0.0.1',
      '::1',
      '2001:db8::5:0:1',
      '1:2:3:4:5:6:7:8',
    ];
    const leaf = new X509Certificate(authorityOf('ec-p256').issue({ name: 'any', altNames }).cert);

    expect(leaf.checkHost('a.test')).toBe('a.test');
    expect(leaf.checkHost('c.b.test')).toBe('*.b.test');
    expect(leaf.checkHost('any')).toBeUndefined();
    for (const address of altNames.slice(2)) expect(leaf.checkIP(address)).toBe(address);
  });

  test('takes the name for the alternative name when it is a host name', () => {
    const authority = authorityOf('ec-p256');

    expect(new X509Certificate(authority.issue({ name: 'a.test' }).cert).subjectAltName).toBe(
      'DNS:a.test',
    );
    expect(
      new X509Certificate(authority.issue({ name: 'Client One' }).cert).subjectAltName,
    ).toBeUndefined();
  });

  test('limits a client certificate to clients', () => {
    const root = authorityOf('ec-p256');
    const client = root.issue({ name: 'client', isClient: true });

    expect(opensslVerify(root, client, 'sslclient')).toMatch(/: OK$/);
    expect(() => opensslVerify(root, client, 'sslserver')).toThrow(/purpose/);
  });

  test('writes dates on both sides of the year 2050', () => {
    const notBefore = new Date('2001-02-03T04:05:06Z');
    const notAfter = new Date('2055-12-31T23:59:59Z');
    const { cert } = authorityOf('ec-p256').issue({ name: 'a.test', notBefore, notAfter });
    const certificate = new X509Certificate(cert);

    expect(new Date(certificate.validFrom)).toEqual(notBefore);
    expect(new Date(certificate.validTo)).toEqual(notAfter);
  });

  test('counts the days of validity from notBefore', () => {
    const notBefore = new Date('2030-01-01T00:00:00Z');
    const { cert } = authorityOf('ec-p256').issue({ name: 'a.test', notBefore, days: 2 });

    expect(new Date(new X509Certificate(cert).validTo)).toEqual(new Date('2030-01-03T00:00:00Z'));
  });

  test('gives every certificate a serial number of its own', () => {
    const authority = authorityOf('ec-p256');
    const serials = Array.from({ length: 50 }, () => {
      return new X509Certificate(authority.issue({ name: 'a.test', key: authority.key }).cert)
        .serialNumber;
    });

    expect(new Set(serials).size).toBe(50);
    for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9A-F]{31}$/);
  });

  test('refuses an alternative name that is neither a host name nor an address', () => {
    const authority = authorityOf('ec-p256');

    expect(() => authority.issue({ name: 'a', altNames: ['DNS:a.test'] })).toThrow(TypeError);
    expect(() => authority.issue({ name: 'a', altNames: ['a b'] })).toThrow('"a b"');
  });
});
