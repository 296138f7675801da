import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { createAuthority } from '../../src/cli/certificates';
import { TLSError } from '../../src/errors';
import { native } from '../../src/load-addon';
import {
  createSecureContext,
  SecureContext,
  type SecureContextOptions,
  toSecureContext,
} from '../../src/secure-context';

const authority = createAuthority({ keyType: 'ec-p256' });
const ec = authority.issue({ name: 'ec.example' });
const rsa = authority.issue({ name: 'rsa.example', keyType: 'rsa-2048' });
const ecDer = new X509Certificate(ec.cert).raw;

const folder = mkdtempSync(join(tmpdir(), 'onion-tls-context-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Files that only the command of OpenSSL can make. */
function openssl(args: string[], inputs: Record<string, string>): Buffer {
  for (const [name, text] of Object.entries(inputs)) writeFileSync(join(folder, name), text);
  const [command = '', ...others] = args;
  execFileSync('openssl', [command, '-out', 'out', ...others], { cwd: folder, stdio: 'pipe' });
  return readFileSync(join(folder, 'out'));
}

const encryptedKey = openssl(['pkcs8', '-topk8', '-in', 'key', '-passout', 'pass:open'], {
  key: ec.key,
});
const pfx = openssl(
  ['pkcs12', '-export', '-inkey', 'key', '-in', 'cert', '-certfile', 'ca', '-passout', 'pass:open'],
  { key: ec.key, cert: ec.cert, ca: authority.cert },
);
const dhparam = openssl(['dhparam', '-dsaparam', '2048'], {});

function ownCertificate(options: SecureContextOptions): Buffer | null {
  return createSecureContext(options).getCertificate();
}

describe('an identity', () => {
  test.each<[string, SecureContextOptions]>([
    ['PEM strings', { key: ec.key, cert: ec.cert }],
    ['buffers', { key: Buffer.from(ec.key), cert: Buffer.from(ec.cert) }],
    ['arrays', { key: [ec.key], cert: [ec.cert] }],
    ['objects', { key: [{ pem: ec.key }], cert: ec.cert }],
    ['an encrypted key', { key: encryptedKey, passphrase: 'open', cert: ec.cert }],
    ['a passphrase per key', { key: [{ pem: encryptedKey, passphrase: 'open' }], cert: ec.cert }],
    ['DER', { key: ec.key, cert: ecDer }],
    ['PKCS #12', { pfx, passphrase: 'open' }],
    ['PKCS #12 objects', { pfx: [{ buf: pfx, passphrase: 'open' }] }],
  ])('is taken as %s', (_name, options) => {
    expect(ownCertificate(options)).toEqual(ecDer);
  });

  test('may come twice, with different types of key', () => {
    const context = createSecureContext({ key: [ec.key, rsa.key], cert: [ec.cert, rsa.cert] });
    expect(context.getCertificate()).not.toBeNull();
  });

  test('knows its issuer from the certificates that are trusted', () => {
    const context = createSecureContext({ key: ec.key, cert: ec.cert, ca: authority.cert });
    expect(context.getIssuer()).toEqual(new X509Certificate(authority.cert).raw);
  });

  test('knows its issuer from the chain', () => {
    const middle = authority.issue({ name: 'middle', isAuthority: true });
    const leaf = middle.issue({ name: 'leaf' });
    const context = createSecureContext({ key: leaf.key, cert: leaf.cert, ca: authority.cert });
    expect(context.getIssuer()).toEqual(new X509Certificate(middle.cert).raw);
  });

  test('may be missing', () => {
    expect(createSecureContext().getCertificate()).toBeNull();
    expect(createSecureContext().getIssuer()).toBeNull();
  });
});

/** What a call threw; messages that hold addresses and source lines differ by nature. */
function errorOf(call: () => unknown): { type: string; code: unknown; message: string } | 'none' {
  try {
    call();
    return 'none';
  } catch (error) {
    // By name: errors of Node and of the addon are not of Jest's realm.
    const { name, message, code } = error as Error & { code?: unknown };
    const type = name === 'TypeError' || name === 'RangeError' ? name : 'Error';
    return { type, code, message };
  }
}

describe('bad input fails as in node:tls', () => {
  test.each<[string, unknown]>([
    ['ciphers that do not exist', { ciphers: 'zzz' }],
    ['TLS 1.3 suites that do not exist', { ciphers: 'TLS_NONE' }],
    ['empty ciphers', { ciphers: '' }],
    ['only a colon', { ciphers: ':' }],
    ['ciphers of a wrong type', { ciphers: 5 }],
    ['an unknown method', { secureProtocol: 'x' }],
    ['SSL 3.0', { secureProtocol: 'SSLv3_method' }],
    ['SSL 2.0', { secureProtocol: 'SSLv2_method' }],
    ['a method that is no string', { secureProtocol: 5 }],
    ['a method and a minimum', { secureProtocol: 'TLS_method', minVersion: 'TLSv1.2' }],
    ['a method and a maximum', { secureProtocol: 'TLS_method', maxVersion: 'TLSv1.2' }],
    ['an unknown minimum', { minVersion: 'x' }],
    ['an unknown maximum', { maxVersion: 3 }],
    ['an unknown curve', { ecdhCurve: 'zz' }],
    ['a curve of a wrong type', { ecdhCurve: 5 }],
    ['empty sigalgs', { sigalgs: '' }],
    ['sigalgs of a wrong type', { sigalgs: 5 }],
    ['dhparam of a wrong type', { dhparam: 5 }],
    ['ca of a wrong type', { ca: 5 }],
    ['ca of a wrong type in an array', { ca: [5] }],
    ['cert of a wrong type', { cert: 5 }],
    ['no certificate', { cert: 'zz' }],
    ['key of a wrong type', { key: 5 }],
    ['key of a wrong type in an object', { key: [{ pem: 5 }] }],
    ['no key', { key: 'zz' }],
    ['a key that is not that of the certificate', { cert: ec.cert, key: authority.key }],
    ['a passphrase of a wrong type', { key: ec.key, passphrase: 5 }],
    ['no passphrase', { key: encryptedKey }],
    ['a wrong passphrase', { key: encryptedKey, passphrase: 'x' }],
    ['crl of a wrong type', { crl: 5 }],
    ['no crl', { crl: 'zz' }],
    ['sessionIdContext of a wrong type', { sessionIdContext: 5 }],
    ['sessionTimeout of a wrong type', { sessionTimeout: 'x' }],
    ['sessionTimeout below 0', { sessionTimeout: -1 }],
    ['ticketKeys of a wrong type', { ticketKeys: 5 }],
    ['ticketKeys of a wrong length', { ticketKeys: Buffer.alloc(3) }],
    ['clientCertEngine of a wrong type', { clientCertEngine: 5 }],
    ['secureOptions of a wrong type', { secureOptions: 'x' }],
    ['secureOptions that are no integer', { secureOptions: 1.5 }],
    ['options that are none', 5],
    ['nothing but TLS 1.3 suites', { ciphers: 'TLS_AES_128_GCM_SHA256' }],
    ['a minimum above the maximum', { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.2' }],
  ])('%s', (_name, options) => {
    const ours = errorOf(() => createSecureContext(options as SecureContextOptions));
    expect(ours).toEqual(errorOf(() => tls.createSecureContext(options as SecureContextOptions)));
  });

  test.each<[string, SecureContextOptions, string]>([
    ['a wrong passphrase of a PKCS #12 file', { pfx, passphrase: 'x' }, 'mac verify failure'],
    ['no PKCS #12 file', { pfx: 'garbage' }, 'not enough data'],
  ])('%s, with a code that node:tls lacks', (_name, options, message) => {
    const ours = errorOf(() => createSecureContext(options));
    expect(ours).toMatchObject({ type: 'Error', message: expect.stringContaining(message) });
    expect(ours).toMatchObject({ code: expect.stringMatching(/^ERR_OSSL_/) });
    expect(errorOf(() => tls.createSecureContext(options))).toMatchObject({ message });
  });
});

describe('bad input that node:tls takes without a word', () => {
  test.each<[string, SecureContextOptions]>([
    ['ca without a certificate', { ca: 'zz' }],
    ['ca with a certificate that is cut', { ca: authority.cert.slice(0, -60) }],
    ['ca with a second certificate that is cut', { ca: authority.cert + ec.cert.slice(0, -60) }],
    ['dhparam without parameters', { dhparam: 'zz' }],
    ['sigalgs that do not exist', { sigalgs: 'zz' }],
  ])('%s throws a TLSError', (_name, options) => {
    expect(() => createSecureContext(options)).toThrow(TLSError);
    expect(errorOf(() => createSecureContext(options))).toMatchObject({
      code: expect.stringMatching(/^ERR_(OSSL|CRYPTO)_/),
    });
  });

  test.each(['clientCertEngine', 'privateKeyEngine', 'privateKeyIdentifier'])(
    '%s is refused with what to do instead',
    (name) => {
      const error = errorOf(() => createSecureContext({ [name]: 'x' }));
      expect(error).toMatchObject({
        code: 'ERR_CRYPTO_CUSTOM_ENGINE_NOT_SUPPORTED',
        message: expect.stringContaining('pass the key itself'),
      });
    },
  );
});

describe('options that are taken', () => {
  test.each<[string, SecureContextOptions]>([
    ['curves', { ecdhCurve: 'P-256:X25519' }],
    ['any curve', { ecdhCurve: 'auto' }],
    ['signature algorithms', { sigalgs: 'ecdsa_secp256r1_sha256:RSA-PSS+SHA256' }],
    ['Diffie-Hellman parameters', { dhparam }],
    ['Diffie-Hellman parameters of OpenSSL', { dhparam: 'auto' }],
    ['only TLS 1.2', { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' }],
    ['the security level', { ciphers: 'DEFAULT@SECLEVEL=0', minVersion: 'TLSv1' }],
    ['a legacy method', { secureProtocol: 'TLSv1_2_server_method' }],
    ['several authorities', { ca: [authority.cert, ec.cert] }],
    ['authorities in one value', { ca: `${authority.cert}\n${ec.cert}` }],
    ['authorities as DER', { ca: ecDer }],
    ['a session timeout', { sessionTimeout: 10, sessionIdContext: 'x' }],
    ['options of OpenSSL', { secureOptions: 0x80000000, honorCipherOrder: true }],
    ['a partial chain', { allowPartialTrustChain: true, ca: authority.cert }],
    ['a hint', { pskIdentityHint: 'hint' }],
  ])('%s', (_name, options) => {
    expect(createSecureContext(options)).toBeInstanceOf(SecureContext);
  });
});

describe('Diffie-Hellman parameters', () => {
  // RFC 2409 §6.2: a prime of 1024 bits; half of it stands for a shorter one.
  const parameters = (bytes: number): string => {
    const prime = Buffer.alloc(bytes, 0xff);
    const integer = Buffer.concat([Buffer.of(0x02, 0x81, bytes + 1, 0), prime]);
    const rest = Buffer.concat([integer, Buffer.of(0x02, 0x01, 0x02)]);
    const der = Buffer.concat([Buffer.of(0x30, 0x81, rest.length), rest]);
    return `-----BEGIN DH PARAMETERS-----\n${der.toString('base64')}\n-----END DH PARAMETERS-----\n`;
  };

  test('below 1024 bits are refused as in node:tls', () => {
    const options = { dhparam: parameters(64) };
    expect(errorOf(() => createSecureContext(options))).toEqual(
      errorOf(() => tls.createSecureContext(options)),
    );
  });

  test('below 2048 bits give a warning', () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    createSecureContext({ dhparam });
    expect(warn).not.toHaveBeenCalled();
    // From OpenSSL 3.2 on, the default security level would refuse them.
    const ciphers = 'DEFAULT@SECLEVEL=0';
    createSecureContext({ ciphers, dhparam: openssl(['dhparam', '-dsaparam', '1024'], {}) });
    expect(warn).toHaveBeenCalledWith('DH parameter is less than 2048 bits', 'SecurityWarning');
    warn.mockRestore();
  });
});

describe('ticket keys', () => {
  test('are random', () => {
    const keys = createSecureContext().getTicketKeys();
    expect(keys).toHaveLength(48);
    expect(createSecureContext().getTicketKeys()).not.toEqual(keys);
  });

  test('are taken from the options and can be replaced', () => {
    const ticketKeys = Buffer.from(Array.from({ length: 48 }, (_, i) => i));
    const context = createSecureContext({ ticketKeys });
    expect(context.getTicketKeys()).toEqual(ticketKeys);
    const others = Buffer.alloc(48, 7);
    context.setTicketKeys(others);
    expect(context.getTicketKeys()).toEqual(others);
  });

  test.each([[Buffer.alloc(47)], ['x'.repeat(48)], [undefined]])('are not %p', (keys) => {
    const context = createSecureContext();
    expect(() => context.setTicketKeys(keys as Buffer)).toThrow(TypeError);
  });
});

describe('the default certificates', () => {
  test('are loaded when something is to be verified, and once', () => {
    const load = jest.spyOn(native, 'setDefaultCACertificates');
    jest.isolateModules(() => {
      const fresh: typeof import('../../src/secure-context') = require('../../src/secure-context');
      const context = fresh.createSecureContext();
      fresh.createSecureContext({ ca: authority.cert }).prepareToVerify();
      expect(load).toHaveBeenCalledTimes(0);
      context.prepareToVerify();
      context.prepareToVerify();
      fresh.createSecureContext().prepareToVerify();
      expect(load).toHaveBeenCalledTimes(1);
    });
    expect(load.mock.calls[0]?.[0].length).toBeGreaterThanOrEqual(tls.rootCertificates.length);
    load.mockRestore();
  });

  test('stay when a certificate is added to a context that trusts them', () => {
    const context = createSecureContext();
    context.addCACert(authority.cert);
    expect(native.hasDefaultCACertificates()).toBe(true);
    expect(() => context.addCACert('zz')).toThrow(TLSError);
    expect(() => context.addCACert(5 as never)).toThrow(TypeError);
  });
});

describe('a context', () => {
  test('has itself where Node has its native object', () => {
    const context = createSecureContext();
    expect(context.context).toBe(context);
  });

  test('is told from anything else', () => {
    const context = createSecureContext();
    expect(toSecureContext(context)).toBe(context);
    expect(errorOf(() => toSecureContext(tls.createSecureContext()))).toEqual({
      type: 'TypeError',
      code: 'ERR_TLS_INVALID_CONTEXT',
      message: 'Invalid SNI context',
    });
  });

  test('refuses to work on foreign objects', () => {
    const { getTicketKeys } = native.SecureContext.prototype;
    expect(errorOf(() => getTicketKeys.call({} as never))).toMatchObject({ type: 'TypeError' });
  });
});
