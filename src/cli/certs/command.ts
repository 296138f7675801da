/** `onion-tls certs`: a throw-away authority and certificates, as files. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAuthority, type Identity, isHost, KEY_TYPES, type KeyType } from '../certificates';
import {
  COMMON_OPTIONS,
  type CommandLine,
  type CommandSpec,
  runCommand,
  UsageError,
} from '../command-line';

const OPTIONS = {
  names: {
    type: 'string',
    value: 'NAME,…',
    default: 'localhost',
    help: 'a certificate for each host name or IP address',
  },
  'key-type': {
    type: 'string',
    value: 'TYPE',
    default: 'ec-p256',
    help: `the kind of the keys: ${KEY_TYPES.join(', ')}`,
  },
  days: { type: 'string', value: 'N', default: '30', help: 'how long they are valid' },
  force: { type: 'boolean', help: 'replace files that exist' },
  ...COMMON_OPTIONS,
} as const;

const SPEC: CommandSpec<typeof OPTIONS> = {
  usage: 'certs DIR',
  summary:
    'Writes ca.pem with ca-key.pem, and NAME.pem with NAME-key.pem for every name, into DIR.\n' +
    'The certificates are good for servers and clients, and for trying things out only.\n' +
    'The one for localhost is also valid for 127.0.0.1 and ::1.',
  options: OPTIONS,
  positionals: 1,
};

export function run(argv: string[]): Promise<number> {
  return runCommand(SPEC, argv, async ({ values, positionals: [folder = '.'] }) => {
    const files = plan(folder, readNames(values.names));
    if (!values.force) refuseExisting(files);
    mkdirSync(folder, { recursive: true });
    const keyType = readKeyType(values['key-type']);
    const days = readDays(values.days);
    const [first, ...others] = files;
    const authority = createAuthority({ keyType, days });
    write(first, authority, values);
    for (const file of others) {
      const { name, altNames } = file;
      write(file, authority.issue({ name, altNames, keyType, days }), values);
    }
    return 0;
  });
}

interface Files {
  readonly name: string;
  readonly altNames: readonly string[];
  readonly cert: string;
  readonly key: string;
}

/** The authority first. */
function plan(folder: string, names: readonly string[]): readonly [Files, ...Files[]] {
  const at = (base: string) => ({
    cert: join(folder, `${base}.pem`),
    key: join(folder, `${base}-key.pem`),
  });
  const fileName = (name: string) => name.replace('*', 'wildcard').replaceAll(':', '-');
  return [
    { name: 'ca', altNames: [], ...at('ca') },
    ...names.map((name) => ({
      name,
      altNames: name === 'localhost' ? [name, '127.0.0.1', '::1'] : [name],
      ...at(fileName(name)),
    })),
  ];
}

function refuseExisting(files: readonly Files[]): void {
  for (const path of files.flatMap(({ cert, key }) => [cert, key])) {
    if (existsSync(path)) throw new Error(`${path} exists: pass --force to replace it`);
  }
}

function write(
  { name, cert, key }: Files,
  identity: Identity,
  { json }: CommandLine<typeof OPTIONS>['values'],
): void {
  writeFileSync(cert, identity.cert);
  writeFileSync(key, identity.key, { mode: 0o600 });
  const line = json ? JSON.stringify({ name, cert, key }) : `${cert}\n${key}`;
  process.stdout.write(`${line}\n`);
}

function readNames(text: string): string[] {
  const names = [...new Set(text.split(','))];
  for (const name of names) {
    if (!isHost(name) || name === 'ca') {
      throw new UsageError(`--names: not a host name or an address: ${JSON.stringify(name)}`);
    }
  }
  return names;
}

function readKeyType(text: string): KeyType {
  const found = KEY_TYPES.find((type) => type === text);
  if (found === undefined) {
    throw new UsageError(`--key-type: ${JSON.stringify(text)} is none of ${KEY_TYPES.join(', ')}`);
  }
  return found;
}

function readDays(text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) {
    throw new UsageError(`--days: not a number of days: ${JSON.stringify(text)}`);
  }
  return Number(text);
}
