/** What the commands have in common: options, their help, and what they refuse. */
import { parseArgs } from 'node:util';

/** The entry of a command: its own arguments in, the exit status out. */
export type Command = (argv: string[]) => Promise<number>;

/** The command line cannot be understood; its message ends up on stderr, with exit status 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export interface OptionSpec {
  readonly type: 'boolean' | 'string';
  readonly short?: string;
  readonly multiple?: true;
  readonly default?: string;
  /** What stands for the value in the help text. */
  readonly value?: string;
  readonly help: string;
}

export interface CommandSpec<Options extends Readonly<Record<string, OptionSpec>>> {
  /** The command with its positional arguments: `certs DIR`. */
  readonly usage: string;
  readonly summary: string;
  readonly options: Options;
  /** How many positional arguments there must be. Default none. */
  readonly positionals?: number;
}

/** Options by name: strings, lists of strings, or flags that are false when not given. */
export type Values<Options> = {
  readonly [Name in keyof Options]: Options[Name] extends { type: 'boolean' }
    ? boolean
    : Options[Name] extends { multiple: true }
      ? readonly string[]
      : Options[Name] extends { default: string }
        ? string
        : string | undefined;
};

export interface CommandLine<Options> {
  readonly values: Values<Options>;
  readonly positionals: readonly string[];
}

/** The options of every command. */
export const COMMON_OPTIONS = {
  json: { type: 'boolean', help: 'one JSON object a line instead of text' },
  help: { type: 'boolean', short: 'h', help: 'this text' },
} as const satisfies Record<string, OptionSpec>;

/** Reads the arguments of a command and runs its body, or prints its help. */
export async function runCommand<const Options extends Readonly<Record<string, OptionSpec>>>(
  spec: CommandSpec<Options>,
  argv: readonly string[],
  body: (line: CommandLine<Options>) => Promise<number>,
): Promise<number> {
  if (argv.some((argument) => argument === '-h' || argument === '--help')) {
    process.stdout.write(`${helpText(spec)}\n`);
    return 0;
  }
  return body(parseCommandLine(spec, argv));
}

function parseCommandLine<const Options extends Readonly<Record<string, OptionSpec>>>(
  spec: CommandSpec<Options>,
  argv: readonly string[],
): CommandLine<Options> {
  const { values, positionals } = parse(spec.options, argv);
  const wanted = spec.positionals ?? 0;
  if (positionals.length > wanted) {
    throw new UsageError(`unexpected argument ${JSON.stringify(positionals[wanted])}`);
  }
  if (positionals.length < wanted) {
    throw new UsageError(`an argument is missing: onion-tls ${spec.usage}`);
  }
  const complete = Object.entries(spec.options).map(([name, option]) => {
    const absent = option.type === 'boolean' ? false : option.multiple === true ? [] : undefined;
    return [name, values[name] ?? absent];
  });
  return { values: Object.fromEntries(complete) as Values<Options>, positionals };
}

function parse(specs: Readonly<Record<string, OptionSpec>>, argv: readonly string[]) {
  const options = Object.fromEntries(
    Object.entries(specs).map(([name, { type, short, multiple, default: preset }]) => [
      name,
      {
        type,
        ...(short === undefined ? {} : { short }),
        ...(multiple === undefined ? {} : { multiple }),
        ...(preset === undefined ? {} : { default: preset }),
      },
    ]),
  );
  return parseArgs({ args: [...argv], options, allowPositionals: true, strict: true });
}

function helpText(spec: CommandSpec<Readonly<Record<string, OptionSpec>>>): string {
  const rows = Object.entries(spec.options).map(([name, option]) => {
    const short = option.short === undefined ? '' : `-${option.short}, `;
    const value = option.value === undefined ? '' : ` ${option.value}`;
    const preset = option.default === undefined ? '' : ` (default ${option.default})`;
    return { flags: `${short}--${name}${value}`, text: `${option.help}${preset}` };
  });
  const width = Math.max(...rows.map(({ flags }) => flags.length));
  return [
    `Usage: onion-tls ${spec.usage} [OPTIONS]`,
    '',
    spec.summary,
    '',
    'Options:',
    ...rows.map(({ flags, text }) => `  ${flags.padEnd(width)}  ${text}`),
  ].join('\n');
}
