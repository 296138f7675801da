import type { Environment, Result, Spread } from './model';

const COLUMNS = [
  'depth',
  '',
  'median',
  'min – max',
  'ratio',
  'CPU server',
  'CPU client',
  'CPU ratio',
  '',
];
const LEFT_ALIGNED: ReadonlySet<number> = new Set([1, 8]);
const WIDTHS = [5, 19, 9, 19, 6, 10, 10, 9, 0];

/** Prints results as they come, with a heading for each case. */
export class TableWriter {
  #heading = '';

  constructor(introduction: string) {
    process.stdout.write(`${introduction}\n`);
  }

  write(results: readonly Result[]): void {
    const [first] = results;
    if (!first) return;
    const heading = headingOf(first);
    if (heading !== this.#heading) {
      process.stdout.write(`\n${heading}\n${formatRow(COLUMNS)}\n`);
      this.#heading = heading;
    }
    for (const result of results)
      process.stdout.write(`${formatResult(result, result === first)}\n`);
  }
}

export function formatEnvironment(environment: Environment): string {
  const { node, openssl, platform, cpu, cpus, congestionControl, runs } = environment;
  const tcp = congestionControl === undefined ? '' : `, TCP ${congestionControl}`;
  return `${environment.package}, Node ${node}, OpenSSL ${openssl}, ${platform}, ${cpus} × ${cpu}${tcp}; median of ${runs} runs`;
}

function headingOf({ title, keyType, unit, cpuUnit, higherIsBetter }: Result): string {
  const better = higherIsBetter ? 'more is better' : 'less is better';
  return `${title} (${keyType}): ${unit}, ${better}; ${cpuUnit} of each side`;
}

function formatResult(result: Result, isFirst: boolean): string {
  return formatRow([
    isFirst ? String(result.depth) : '',
    result.contestant,
    formatNumber(result.value.median),
    `${formatNumber(result.value.min)} – ${formatNumber(result.value.max)}`,
    result.ratio.toFixed(2),
    formatNumber(result.serverCpu.median),
    formatNumber(result.clientCpu.median),
    result.cpuRatio.toFixed(2),
    formatExtras(result),
  ]);
}

function formatExtras({ case: name, extras }: Result): string {
  const shown: string[] = [];
  const add = (label: string, extra: Spread | undefined, unit: string) => {
    if (extra) shown.push(`${label} ${formatNumber(extra.median)}${unit}`);
  };
  if (name === 'round-trips') {
    for (const label of ['p50', 'p99', 'p99.9']) add(label, extras[label], ' µs');
  } else if (name.endsWith('burst')) {
    add('longest stall', extras['stallMs'], ' ms');
  } else if (name === 'memory') {
    add('client', extras['clientKiB'], ' KiB');
  }
  return shown.join(', ');
}

function formatRow(cells: readonly string[]): string {
  return cells
    .map((cell, index) => {
      const width = WIDTHS[index] ?? 0;
      return LEFT_ALIGNED.has(index) ? cell.padEnd(width) : cell.padStart(width);
    })
    .join('  ')
    .trimEnd();
}

/** Three significant digits, without exponents. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return value.toPrecision(3);
}
