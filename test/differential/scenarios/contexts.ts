/** `createSecureContext`: every form of its options, good and bad. */
import type { SecureContextOptions } from 'node:tls';
import { fixtures } from '../support/certificates';
import { attempt, connectPair, only, trusting } from '../support/peers';
import {
  forVersions,
  type Log,
  outcome,
  type Scenario,
  type ScenarioTable,
  type TLS,
} from '../support/scenario';

/** Whether the options make a context, or the error. */
function making(options: () => object): Scenario {
  return (tls, log) => {
    log(
      'context',
      'made',
      outcome(() => {
        const context = tls.createSecureContext(options() as SecureContextOptions);
        return typeof context.context;
      }),
    );
  };
}

/** A server with the options talks to the usual client. */
function serving(server: () => object, client: () => object = () => ({})): Scenario {
  return async (tls, log) => {
    const pair = await connectPair(tls, { server: server(), client: client() });
    log('client', 'subject', pair.client.getPeerCertificate().subject);
    log('client', 'cipher', pair.client.getCipher(), pair.client.getProtocol());
    log('client', 'ephemeral key', pair.client.getEphemeralKeyInfo());
  };
}

function makingEach(table: Record<string, () => object>): ScenarioTable {
  return Object.fromEntries(
    Object.entries(table).map(([title, options]) => [
      `createSecureContext: ${title}`,
      making(options),
    ]),
  );
}

function servingEach(table: Record<string, () => object>): ScenarioTable {
  return Object.fromEntries(
    Object.entries(table).map(([title, options]) => [`server with ${title}`, serving(options)]),
  );
}

async function withCiphers(tls: TLS, log: Log, server: object, client: object): Promise<void> {
  await attempt(tls, log, { server, client });
}

const f = fixtures;

export const scenarios: ScenarioTable = {
  ...makingEach({
    'no options': () => ({}),
    'garbage key': () => ({ key: 'garbage', cert: f().server.cert }),
    'garbage cert': () => ({ key: f().server.key, cert: 'garbage' }),
    'garbage CA': () => ({ ca: 'garbage' }),
    'garbage CRL': () => ({ crl: 'garbage' }),
    'garbage PFX': () => ({ pfx: 'garbage' }),
    'key of a wrong type': () => ({ key: 5, cert: f().server.cert }),
    'cert of a wrong type': () => ({ cert: true }),
    'CA of a wrong type': () => ({ ca: 7 }),
    'key that does not match': () => ({ key: f().client.key, cert: f().server.cert }),
    'encrypted key without passphrase': () => ({ key: f().encryptedKey, cert: f().server.cert }),
    'encrypted key with a wrong passphrase': () => ({
      key: f().encryptedKey,
      cert: f().server.cert,
      passphrase: 'wrong',
    }),
    'passphrase of a wrong type': () => ({
      key: f().encryptedKey,
      cert: f().server.cert,
      passphrase: 5,
    }),
    'PFX with a wrong passphrase': () => ({ pfx: f().pfx, passphrase: 'wrong' }),
    'PFX without passphrase': () => ({ pfx: f().pfx }),
    'unknown cipher': () => ({ ciphers: 'no-such-cipher' }),
    'ciphers of a wrong type': () => ({ ciphers: 5 }),
    'empty ciphers': () => ({ ciphers: '' }),
    'TLS 1.3 suites alone': () => ({ ciphers: 'TLS_AES_128_GCM_SHA256' }),
    'unknown curve': () => ({ ecdhCurve: 'no-such-curve' }),
    'ecdhCurve of a wrong type': () => ({ ecdhCurve: 5 }),
    'list of curves': () => ({ ecdhCurve: 'P-256:X25519' }),
    'unknown sigalgs': () => ({ sigalgs: 'no-such-algorithm' }),
    'empty sigalgs': () => ({ sigalgs: '' }),
    'sigalgs of a wrong type': () => ({ sigalgs: 5 }),
    'minVersion unknown': () => ({ minVersion: 'TLSv9' }),
    'maxVersion unknown': () => ({ maxVersion: 'TLSv9' }),
    'minVersion with secureProtocol': () => ({
      minVersion: 'TLSv1.2',
      secureProtocol: 'TLSv1_2_method',
    }),
    'maxVersion with secureProtocol': () => ({
      maxVersion: 'TLSv1.2',
      secureProtocol: 'TLSv1_2_method',
    }),
    'minVersion above maxVersion': () => ({ minVersion: 'TLSv1.3', maxVersion: 'TLSv1.2' }),
    'secureProtocol unknown': () => ({ secureProtocol: 'blah' }),
    'secureProtocol SSLv2_method': () => ({ secureProtocol: 'SSLv2_method' }),
    'secureProtocol SSLv3_method': () => ({ secureProtocol: 'SSLv3_method' }),
    'secureProtocol TLSv1_2_method': () => ({ secureProtocol: 'TLSv1_2_method' }),
    'secureProtocol of a wrong type': () => ({ secureProtocol: 5 }),
    'secureOptions of a wrong type': () => ({ secureOptions: 'x' }),
    'sessionIdContext of a wrong type': () => ({ sessionIdContext: 5 }),
    'sessionTimeout of a wrong type': () => ({ sessionTimeout: 'x' }),
    'ticketKeys of a wrong type': () => ({ ticketKeys: 'x' }),
    'ticketKeys too short': () => ({ ticketKeys: Buffer.alloc(47) }),
    'dhparam garbage': () => ({ dhparam: 'garbage' }),
    'dhparam of a wrong type': () => ({ dhparam: 5 }),
    'dhparam given': () => ({ dhparam: f().dhparam }),
    'dhparam auto': () => ({ dhparam: 'auto' }),
    'clientCertEngine of a wrong type': () => ({ clientCertEngine: 5 }),
    'privateKeyEngine of a wrong type': () => ({ privateKeyEngine: 5, privateKeyIdentifier: 'x' }),
    'privateKeyIdentifier of a wrong type': () => ({
      privateKeyEngine: 'x',
      privateKeyIdentifier: 5,
    }),
    'privateKeyIdentifier alone': () => ({ privateKeyIdentifier: 'x' }),
    'key as an object that is in no array': () => ({ key: { pem: f().server.key } }),
    'PFX without a key': () => ({ pfx: f().pfxWithoutKey, passphrase: 'secret' }),
    'CA that ends in garbage': () => ({ ca: `${f().ca.cert}-----BEGIN CERTIFICATE-----\nx` }),
    'suites that are refused': () => ({
      ciphers: 'TLS_AES_128_GCM_SHA256:!TLS_AES_256_GCM_SHA384',
    }),
    'key in an array of a wrong type': () => ({ key: [true], cert: f().server.cert }),
  }),
  ...servingEach({
    'key and cert as Buffers': () => ({
      key: Buffer.from(f().server.key),
      cert: Buffer.from(f().server.cert),
    }),
    'key and cert in arrays': () => ({ key: [f().server.key], cert: [f().server.cert] }),
    'key as an object': () => ({ key: [{ pem: f().server.key }] }),
    'encrypted key with passphrase': () => ({ key: f().encryptedKey, passphrase: 'secret' }),
    'encrypted key with its own passphrase': () => ({
      key: [{ pem: f().encryptedKey, passphrase: 'secret' }],
      passphrase: 'wrong',
    }),
    PFX: () => ({ key: undefined, cert: undefined, pfx: f().pfx, passphrase: 'secret' }),
    'PFX without passphrase': () => ({
      key: undefined,
      cert: undefined,
      pfx: f().pfxWithoutPassphrase,
    }),
    'PFX in an array of objects': () => ({
      key: undefined,
      cert: undefined,
      pfx: [{ buf: f().pfx, passphrase: 'secret' }],
    }),
    'PFX in an array of Buffers': () => ({
      key: undefined,
      cert: undefined,
      pfx: [f().pfx],
      passphrase: 'secret',
    }),
    TLSv1_2_method: () => ({ secureProtocol: 'TLSv1_2_method' }),
    TLS_method: () => ({ secureProtocol: 'TLS_method' }),
    SSLv23_server_method: () => ({ secureProtocol: 'SSLv23_server_method' }),
    'curve P-384': () => ({ ecdhCurve: 'P-384' }),
    'curves auto': () => ({ ecdhCurve: 'auto' }),
    sigalgs: () => ({ sigalgs: 'ecdsa_secp256r1_sha256' }),
  }),
  'two identities, an RSA client cipher': serving(
    () => ({ key: [f().server.key, f().rsa.key], cert: [f().server.cert, f().rsa.cert] }),
    () => ({ ciphers: 'ECDHE-RSA-AES128-GCM-SHA256', maxVersion: 'TLSv1.2' }),
  ),
  'two identities, an ECDSA client cipher': serving(
    () => ({ key: [f().server.key, f().rsa.key], cert: [f().server.cert, f().rsa.cert] }),
    () => ({ ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256', maxVersion: 'TLSv1.2' }),
  ),
  'two identities in PFX form': serving(
    () => ({ key: undefined, cert: undefined, pfx: [f().pfx, f().rsaPfx], passphrase: 'secret' }),
    () => ({ ciphers: 'ECDHE-RSA-AES128-GCM-SHA256', maxVersion: 'TLSv1.2' }),
  ),
  'server with DHE and dhparam': serving(
    () => ({ ...f().rsa, dhparam: f().dhparam, ciphers: 'DHE-RSA-AES128-GCM-SHA256' }),
    () => ({ ciphers: 'DHE-RSA-AES128-GCM-SHA256', maxVersion: 'TLSv1.2' }),
  ),
  'server with DHE and dhparam auto': serving(
    () => ({ ...f().rsa, dhparam: 'auto', ciphers: 'DHE-RSA-AES128-GCM-SHA256' }),
    () => ({ ciphers: 'DHE-RSA-AES128-GCM-SHA256', maxVersion: 'TLSv1.2' }),
  ),
  'DHE without dhparam': (tls, log) =>
    withCiphers(
      tls,
      log,
      { ...f().rsa, ciphers: 'DHE-RSA-AES128-GCM-SHA256', maxVersion: 'TLSv1.2' },
      { ciphers: 'DHE-RSA-AES128-GCM-SHA256' },
    ),
  'minDHSize above the size of the group': (tls, log) =>
    attempt(tls, log, {
      server: {
        ...f().rsa,
        dhparam: f().dhparam,
        ciphers: 'DHE-RSA-AES128-GCM-SHA256',
        maxVersion: 'TLSv1.2',
      },
      client: { minDHSize: 4096 },
    }),
  'minDHSize of a wrong type': (tls, log) => {
    log(
      'client',
      'connect',
      outcome(() => {
        tls.connect({ port: 9, minDHSize: 'x' as unknown as number }).on('error', () => undefined);
      }),
    );
  },
  'no shared cipher': (tls, log) =>
    withCiphers(
      tls,
      log,
      { ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384', maxVersion: 'TLSv1.2' },
      { ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' },
    ),
  'no shared TLS 1.3 suite': (tls, log) =>
    withCiphers(
      tls,
      log,
      { ciphers: 'TLS_AES_256_GCM_SHA384', minVersion: 'TLSv1.3' },
      { ciphers: 'TLS_AES_128_GCM_SHA256' },
    ),
  'no shared curve': (tls, log) =>
    attempt(tls, log, {
      server: { ecdhCurve: 'P-384', minVersion: 'TLSv1.3' },
      client: { ecdhCurve: 'P-256' },
    }),
  'no shared version, client newer': (tls, log) =>
    attempt(tls, log, { server: only('TLSv1.2'), client: only('TLSv1.3') }),
  'no shared version, client older': (tls, log) =>
    attempt(tls, log, { server: only('TLSv1.3'), client: only('TLSv1.2') }),
  'server without a certificate': (tls, log) =>
    attempt(tls, log, { server: { key: undefined, cert: undefined } as object }),
  ...forVersions('honorCipherOrder', (version) => async (tls, log) => {
    const first = 'ECDHE-ECDSA-AES256-GCM-SHA384:TLS_AES_256_GCM_SHA384';
    const second = 'ECDHE-ECDSA-AES128-GCM-SHA256:TLS_AES_128_GCM_SHA256';
    for (const honorCipherOrder of [true, false]) {
      const { client } = await connectPair(tls, {
        server: { ciphers: `${first}:${second}`, honorCipherOrder, ...only(version) },
        client: { ciphers: `${second}:${first}` },
      });
      log('client', `honorCipherOrder ${honorCipherOrder}`, client.getCipher());
    }
  }),
  'one secureContext for several connections': async (tls, log) => {
    const secureContext = tls.createSecureContext({ ca: trusting().ca });
    for (let round = 0; round < 3; round += 1) {
      const { client } = await connectPair(tls, { client: { secureContext, ca: undefined } });
      log('client', 'authorized', client.authorized);
    }
  },
  'SecureContext class': (tls, log) => {
    log(
      'context',
      'instance',
      tls.createSecureContext() instanceof
        (tls as unknown as { SecureContext: new () => object }).SecureContext,
    );
  },
};
