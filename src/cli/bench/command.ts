/** `onion-tls bench`: this package against `node:tls` nested in itself, in the same run. */
import { readFileSync, writeFileSync } from 'node:fs';
import * as os from 'node:os';
import { parseArgs } from 'node:util';
import { CASES, DEFAULT_CASES, names } from './cases';
import type { Environment, KeyType, Result } from './model';
import { createReport } from './report';
import { measure, type Plan } from './scheduler';
import { formatEnvironment, TableWriter } from './table';

const HELP = `Usage: onion-tls bench [options]

Measures this package against node:tls nested in itself: two processes over loopback TCP, the contestants taking turns run by
run. Prints medians with the smallest and largest run, ratios to node:tls, and the CPU time of each side.

  --depths LIST     how many layers, such as 1-5 or 1,3,5 (default 1,3,5)
  --cases LIST      ${names().join(', ')}
                    (default: all but sizes)
  --keys LIST       ec-p256, rsa-2048 (default: both, where a case depends on the key)
  --runs N          runs of each contestant (default 5)
  --quick           a tenth of the work and 3 runs: a first impression
  --without LIST    contestants to leave out, by name
  --report FILE     writes a self-contained HTML page with plots
  --json            one JSON object a line instead of tables
  --node-options=S passed to the measured processes, such as --cpu-prof
  -h, --help        this text
`;

const OPTIONS = {
  depths: { type: 'string', default: '1,3,5' },
  cases: { type: 'string', default: DEFAULT_CASES.join(',') },
  keys: { type: 'string', default: 'ec-p256,rsa-2048' },
  runs: { type: 'string' },
  quick: { type: 'boolean', default: false },
  without: { type: 'string', default: '' },
  report: { type: 'string' },
  json: { type: 'boolean', default: false },
  'node-options': { type: 'string', default: '' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

class UsageError extends Error {}

interface Selection {
  readonly depths: readonly number[];
  readonly cases: ReadonlySet<string>;
  readonly keys: ReadonlySet<KeyType>;
  readonly runs: number;
  readonly quick: boolean;
  readonly without: ReadonlySet<string>;
  readonly nodeOptions: readonly string[];
  readonly report: string | undefined;
  readonly json: boolean;
  readonly help: boolean;
}

/** Returns the exit status: 0 done, 1 a run failed, 2 the arguments are wrong. */
export async function run(argv: string[]): Promise<number> {
  let selection: Selection;
  try {
    selection = select(argv);
  } catch (error) {
    process.stderr.write(`onion-tls: ${(error as Error).message}\n`);
    return 2;
  }
  if (selection.help) {
    process.stdout.write(HELP);
    return 0;
  }
  try {
    await measureAll(selection);
    return 0;
  } catch (error) {
    process.stderr.write(`onion-tls: ${(error as Error).message}\n`);
    return 1;
  }
}

function select(argv: string[]): Selection {
  const { values } = parseArgs({ args: argv, options: OPTIONS });
  const runs = values.runs ?? (values.quick ? '3' : '5');
  return {
    depths: parseDepths(values.depths),
    cases: new Set(choose(values.cases, names(), 'case')),
    keys: new Set(choose(values.keys, ['ec-p256', 'rsa-2048'], 'key type') as KeyType[]),
    runs: parseCount(runs, 'runs'),
    quick: values.quick,
    without: new Set(list(values.without)),
    nodeOptions: values['node-options'].split(' ').filter(Boolean),
    report: values.report,
    json: values.json,
    help: values.help,
  };
}

async function measureAll(selection: Selection): Promise<void> {
  const environment = describeEnvironment(selection.runs);
  const output = selection.json
    ? new JsonWriter(environment)
    : new TableWriter(formatEnvironment(environment));
  const progress = createProgress();
  const plan: Plan = {
    runs: selection.runs,
    divisor: selection.quick ? 10 : 1,
    mostWarmUps: selection.quick ? 1 : Number.POSITIVE_INFINITY,
    nodeOptions: selection.nodeOptions,
    without: selection.without,
    progress: progress.show,
  };
  const results: Result[] = [];
  for (const benchCase of CASES.filter(({ name }) => selection.cases.has(name))) {
    const depths = selection.depths.filter((depth) => benchCase.depths?.includes(depth) ?? true);
    for (const keyType of benchCase.keyTypes.filter((key) => selection.keys.has(key))) {
      for (const depth of depths) {
        const measured = await measure(benchCase, depth, keyType, plan);
        progress.clear();
        output.write(measured);
        results.push(...measured);
      }
    }
  }
  if (selection.report) writeFileSync(selection.report, createReport(environment, results));
}

class JsonWriter {
  constructor(environment: Environment) {
    process.stdout.write(`${JSON.stringify({ type: 'environment', ...environment })}\n`);
  }

  write(results: readonly Result[]): void {
    for (const result of results) {
      process.stdout.write(`${JSON.stringify({ type: 'result', ...result })}\n`);
    }
  }
}

/** A line on a terminal that says what is being measured; nothing elsewhere. */
function createProgress() {
  const { stderr } = process;
  const clear = () => {
    if (stderr.isTTY) stderr.write('\r\x1b[K');
  };
  const show = (text: string) => {
    if (stderr.isTTY) stderr.write(`\r\x1b[K${text.slice(0, (stderr.columns ?? 80) - 1)}`);
  };
  return { clear, show };
}

function describeEnvironment(runs: number): Environment {
  const cpus = os.cpus();
  const { name, version } = require('../../../package.json') as { name: string; version: string };
  return {
    package: `${name} ${version}`,
    node: process.version,
    openssl: process.versions.openssl,
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus[0]?.model.trim() || 'unknown CPU',
    cpus: cpus.length,
    congestionControl: readCongestionControl(),
    runs,
    date: new Date().toISOString(),
  };
}

function readCongestionControl(): string | undefined {
  try {
    return readFileSync('/proc/sys/net/ipv4/tcp_congestion_control', 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** `1-3,5` → 1, 2, 3, 5 */
function parseDepths(text: string): number[] {
  return list(text).flatMap((part) => {
    const [first, last = first] = part.split('-').map((end) => parseCount(end, 'depths'));
    if (first === undefined || last === undefined || last < first || last > 64) {
      throw new UsageError(`--depths: ${part} is not a range from 1 to 64`);
    }
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

function parseCount(text: string, option: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1) {
    throw new UsageError(`--${option}: ${text || 'nothing'} is not a whole number from 1 on`);
  }
  return count;
}

function choose(text: string, known: readonly string[], what: string): string[] {
  const chosen = list(text);
  const unknown = chosen.find((each) => !known.includes(each));
  if (unknown === undefined) return chosen;
  throw new UsageError(`there is no ${what} ${unknown}; there are ${known.join(', ')}`);
}

function list(text: string): string[] {
  return text.split(',').filter(Boolean);
}
