/**
 * From the arguments to a command and from its outcome to an exit status:
 * 0 done, 1 failed, 2 not understood. Nothing but a failure goes to stderr,
 * as one line for each error.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, UsageError } from './command-line';
import { describeError } from './describe-error';

interface Entry {
  readonly summary: string;
  /** Commands are loaded when they are called: most need the addon, `certs` and `--help` do not. */
  load(): { readonly run: Command };
}

const COMMANDS: Readonly<Record<string, Entry>> = {
  demo: {
    summary: 'go N layers deep on one TCP connection, move data at each depth, come back out',
    load: () => require('./demo/command') as typeof import('./demo/command'),
  },
  bench: {
    summary: 'measure every depth against node:tls nested in itself',
    load: () => require('./bench/command') as typeof import('./bench/command'),
  },
  certs: {
    summary: 'write a throw-away authority and certificates for trying things out',
    load: () => require('./certs/command') as typeof import('./certs/command'),
  },
};

export const EXIT_OK = 0;
export const EXIT_FAILURE = 1;
export const EXIT_USAGE = 2;

/** Runs one command line (without `node` and the script) and returns the exit status. */
export async function dispatch(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === '--version') return print(version());
  if (name === '-h' || name === '--help' || name === 'help') return print(overview());
  if (name === undefined) return complain('a command is missing', 'onion-tls --help');
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (entry === undefined) {
    return complain(`there is no command ${JSON.stringify(name)}`, 'onion-tls --help');
  }
  if (rest.includes('--version')) return print(version());
  try {
    return await entry.load().run(rest);
  } catch (error) {
    if (isUsageError(error)) return complain(error.message, `onion-tls ${name} --help`);
    for (const line of describeError(error)) process.stderr.write(`onion-tls: ${line}\n`);
    return EXIT_FAILURE;
  }
}

function isUsageError(error: unknown): error is Error {
  if (error instanceof UsageError) return true;
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return error instanceof Error && String(code).startsWith('ERR_PARSE_ARGS_');
}

function print(text: string): number {
  process.stdout.write(`${text}\n`);
  return EXIT_OK;
}

function complain(problem: string, help: string): number {
  process.stderr.write(`onion-tls: ${problem} (see ${help})\n`);
  return EXIT_USAGE;
}

function version(): string {
  const file = join(__dirname, '..', '..', 'package.json');
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  return version;
}

function overview(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  return [
    'Usage: onion-tls COMMAND [OPTIONS]',
    '',
    'TLS inside TLS on one live connection.',
    '',
    'Commands:',
    ...Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    'Options:',
    '  -h, --help  this text, or that of a command after its name',
    '  --version   the version of the package',
    '',
    'Exit status: 0 done, 1 failed, 2 the command line was not understood.',
  ].join('\n');
}
