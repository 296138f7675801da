/**
 * The certificates of the scenarios, made by the openssl command into one
 * directory that both sides of a comparison read: the logs can then contain
 * fingerprints and serial numbers.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Identity {
  readonly key: string;
  readonly cert: string;
}

export interface Fixtures {
  readonly directory: string;
  readonly ca: Identity;
  readonly otherCa: Identity;
  readonly intermediate: Identity;
  /** EC P-256, names localhost, 127.0.0.1 and ::1. */
  readonly server: Identity;
  readonly rsa: Identity;
  readonly ed25519: Identity;
  readonly alpha: Identity;
  readonly wildcard: Identity;
  readonly commonNameOnly: Identity;
  readonly expired: Identity;
  readonly notYetValid: Identity;
  readonly selfSigned: Identity;
  readonly revoked: Identity;
  /** Issued by the intermediate; `cert` is the leaf alone. */
  readonly leaf: Identity;
  readonly client: Identity;
  readonly strangerClient: Identity;
  /** The key of `server`, encrypted with the passphrase "secret". */
  readonly encryptedKey: string;
  readonly crl: string;
  /** `server` with its CA, passphrase "secret". */
  readonly pfx: Buffer;
  readonly pfxWithoutPassphrase: Buffer;
  readonly rsaPfx: Buffer;
  readonly pfxWithoutKey: Buffer;
  readonly dhparam: string;
}

type KeyKind = 'ec' | 'rsa' | 'ed25519';

interface Request {
  readonly file: string;
  readonly name: string;
  readonly altNames?: string;
  readonly kind?: KeyKind;
  readonly issuer?: string;
  readonly isAuthority?: boolean;
  readonly from?: string;
  readonly to?: string;
}

const LOCAL_NAMES = 'DNS:localhost,IP:127.0.0.1,IP:::1';
const FROM = '20240101000000Z';
const TO = '20480101000000Z';

const REQUESTS: readonly Request[] = [
  { file: 'ca', name: 'Test CA', isAuthority: true },
  { file: 'otherCa', name: 'Other CA', isAuthority: true },
  { file: 'intermediate', name: 'Intermediate', issuer: 'ca', isAuthority: true },
  { file: 'server', name: 'localhost', altNames: LOCAL_NAMES, issuer: 'ca' },
  { file: 'rsa', name: 'rsa', altNames: LOCAL_NAMES, issuer: 'ca', kind: 'rsa' },
  { file: 'ed25519', name: 'ed25519', altNames: LOCAL_NAMES, issuer: 'ca', kind: 'ed25519' },
  { file: 'alpha', name: 'alpha.test', altNames: 'DNS:alpha.test', issuer: 'ca' },
  { file: 'wildcard', name: '*.beta.test', altNames: 'DNS:*.beta.test', issuer: 'ca' },
  { file: 'commonNameOnly', name: 'localhost', issuer: 'ca' },
  { file: 'expired', name: 'expired', altNames: LOCAL_NAMES, issuer: 'ca', to: '20240201000000Z' },
  {
    file: 'notYetValid',
    name: 'early',
    altNames: LOCAL_NAMES,
    issuer: 'ca',
    from: '20470101000000Z',
  },
  { file: 'selfSigned', name: 'localhost', altNames: LOCAL_NAMES },
  { file: 'revoked', name: 'revoked', altNames: LOCAL_NAMES, issuer: 'ca' },
  { file: 'leaf', name: 'leaf', altNames: LOCAL_NAMES, issuer: 'intermediate' },
  { file: 'client', name: 'client', issuer: 'ca' },
  { file: 'strangerClient', name: 'stranger', issuer: 'otherCa' },
];

const KEY_OPTIONS: Record<KeyKind, readonly string[]> = {
  ec: ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  rsa: ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
  ed25519: ['-algorithm', 'ED25519'],
};

function openssl(directory: string, ...args: readonly string[]): void {
  execFileSync('openssl', args, { cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] });
}

function writeAuthorityConfig(directory: string): void {
  const config = `
[ca]
default_ca = this
[this]
database = index.txt
new_certs_dir = .
serial = serial
default_md = sha256
policy = any
unique_subject = no
default_crl_days = 7000
crlnumber = crlnumber
[any]
commonName = supplied
[req]
distinguished_name = dn
[dn]
`;
  writeFileSync(join(directory, 'ca.cnf'), config);
  writeFileSync(join(directory, 'index.txt'), '');
  writeFileSync(join(directory, 'serial'), '1000\n');
  writeFileSync(join(directory, 'crlnumber'), '01\n');
}

function issue(directory: string, request: Request): void {
  const { file, name, altNames, kind = 'ec', issuer = file } = request;
  openssl(directory, 'genpkey', ...KEY_OPTIONS[kind], '-out', `${file}.key`);
  openssl(
    directory,
    'req',
    '-new',
    '-key',
    `${file}.key`,
    '-subj',
    `/CN=${name}`,
    '-config',
    'ca.cnf',
    '-out',
    `${file}.csr`,
  );
  const extensions = [`basicConstraints=critical,CA:${request.isAuthority ? 'TRUE' : 'FALSE'}`];
  if (altNames !== undefined) extensions.push(`subjectAltName=${altNames}`);
  writeFileSync(join(directory, `${file}.ext`), `${extensions.join('\n')}\n`);
  const signer =
    issuer === file
      ? ['-selfsign', '-keyfile', `${file}.key`]
      : ['-cert', `${issuer}.crt`, '-keyfile', `${issuer}.key`];
  openssl(
    directory,
    'ca',
    '-batch',
    '-notext',
    '-config',
    'ca.cnf',
    ...signer,
    '-in',
    `${file}.csr`,
    '-out',
    `${file}.crt`,
    '-extfile',
    `${file}.ext`,
    '-startdate',
    request.from ?? FROM,
    '-enddate',
    request.to ?? TO,
  );
}

function makePfx(
  directory: string,
  file: string,
  output: string,
  passphrase: string,
  more: readonly string[] = [],
): void {
  openssl(
    directory,
    'pkcs12',
    '-export',
    '-inkey',
    `${file}.key`,
    '-in',
    `${file}.crt`,
    '-certfile',
    'ca.crt',
    '-passout',
    `pass:${passphrase}`,
    '-out',
    output,
    ...more,
  );
}

/** Fills `directory` unless a former call has. */
export function makeFixtures(directory: string): void {
  if (existsSync(join(directory, 'done'))) return;
  mkdirSync(directory, { recursive: true });
  writeAuthorityConfig(directory);
  for (const request of REQUESTS) issue(directory, request);
  const authority = ['-config', 'ca.cnf', '-cert', 'ca.crt', '-keyfile', 'ca.key'];
  openssl(directory, 'ca', ...authority, '-revoke', 'revoked.crt');
  openssl(directory, 'ca', ...authority, '-gencrl', '-out', 'crl.pem');
  openssl(
    directory,
    'pkcs8',
    '-topk8',
    '-in',
    'server.key',
    '-v2',
    'aes-128-cbc',
    '-passout',
    'pass:secret',
    '-out',
    'encrypted.key',
  );
  makePfx(directory, 'server', 'server.pfx', 'secret');
  makePfx(directory, 'server', 'bare.pfx', '');
  makePfx(directory, 'rsa', 'rsa.pfx', 'secret');
  makePfx(directory, 'rsa', 'nokey.pfx', 'secret', ['-nokeys']);
  openssl(
    directory,
    'genpkey',
    '-genparam',
    '-algorithm',
    'DH',
    '-pkeyopt',
    'group:ffdhe2048',
    '-out',
    'ffdhe.pem',
  );
  openssl(directory, 'pkeyparam', '-in', 'ffdhe.pem', '-out', 'dhparam.pem');
  writeFileSync(join(directory, 'done'), '');
}

function load(directory: string): Fixtures {
  const read = (file: string): string => readFileSync(join(directory, file), 'utf8');
  const identity = (file: string): Identity => ({
    key: read(`${file}.key`),
    cert: read(`${file}.crt`),
  });
  return {
    directory,
    ca: identity('ca'),
    otherCa: identity('otherCa'),
    intermediate: identity('intermediate'),
    server: identity('server'),
    rsa: identity('rsa'),
    ed25519: identity('ed25519'),
    alpha: identity('alpha'),
    wildcard: identity('wildcard'),
    commonNameOnly: identity('commonNameOnly'),
    expired: identity('expired'),
    notYetValid: identity('notYetValid'),
    selfSigned: identity('selfSigned'),
    revoked: identity('revoked'),
    leaf: identity('leaf'),
    client: identity('client'),
    strangerClient: identity('strangerClient'),
    encryptedKey: read('encrypted.key'),
    crl: read('crl.pem'),
    pfx: readFileSync(join(directory, 'server.pfx')),
    pfxWithoutPassphrase: readFileSync(join(directory, 'bare.pfx')),
    rsaPfx: readFileSync(join(directory, 'rsa.pfx')),
    pfxWithoutKey: readFileSync(join(directory, 'nokey.pfx')),
    dhparam: read('dhparam.pem'),
  };
}

let loaded: Fixtures | undefined;

/** The fixtures of this process; the directory comes from the parent. */
export function fixtures(): Fixtures {
  loaded ??= load(process.env['ONION_TLS_FIXTURES'] ?? '');
  return loaded;
}
