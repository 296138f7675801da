import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { latencyExtras, spread } from '../../src/cli/bench/statistics';

const MAIN = path.resolve(__dirname, '../../dist/cli/main.js');
const QUICK = ['--quick', '--runs', '1', '--depths', '1-2'];

interface Line {
  type: string;
  case: string;
  depth: number;
  contestant: string;
  ratio: number;
  value: { median: number };
  serverCpu: { median: number };
}

function bench(...argv: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, 'bench', ...argv], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

describe('onion-tls bench', () => {
  jest.setTimeout(120_000);

  it('measures both contestants at each depth, the baseline first', () => {
    const { status, stdout, stderr } = bench(...QUICK, '--cases', 'small', '--json');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
    const results = lines.filter(({ type }) => type === 'result');
    expect(results.map(({ depth, contestant }) => [depth, contestant])).toEqual([
      [1, 'node:tls'],
      [1, 'onion-tls'],
      [2, 'node:tls'],
      [2, 'onion-tls'],
    ]);
    for (const { value, serverCpu } of results) {
      expect(value.median).toBeGreaterThan(0);
      expect(serverCpu.median).toBeGreaterThan(0);
    }
    expect(
      results.filter(({ contestant }) => contestant === 'node:tls').map(({ ratio }) => ratio),
    ).toEqual([1, 1]);
  });

  it.each(['round-trips', 'handshakes', 'resumed', 'burst', 'memory'])('measures %s', (name) => {
    const { status, stdout, stderr } = bench(
      '--quick',
      '--runs',
      '1',
      '--depths',
      '1',
      '--keys',
      'ec-p256',
      '--cases',
      name,
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^ +1 {2}node:tls .* 1\.00 /m);
    expect(stdout).toMatch(/^ +onion-tls .* \d\.\d\d /m);
  });

  it('writes a report that loads nothing from elsewhere', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'onion-tls-bench-'));
    try {
      const file = path.join(folder, 'report.html');
      expect(bench(...QUICK, '--cases', 'small', '--report', file).status).toBe(0);
      const page = readFileSync(file, 'utf8');
      expect(page).not.toMatch(/<(script|img|link|iframe)[^>]*\s(src|href)=/);
      expect(page).toContain('Permission is hereby granted');
      const data = /<script type="application\/json" id="data">(.*)<\/script>/.exec(page);
      expect(JSON.parse(data?.[1] ?? '').results).toHaveLength(4);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it.each([
    ['--depths', '0'],
    ['--depths', '3-1'],
    ['--cases', 'nothing'],
    ['--runs', 'many'],
    ['--no-such-option'],
  ])('refuses %s %s with status 2', (...argv) => {
    const { status, stdout, stderr } = bench(...argv);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^onion-tls: /);
  });
});

describe('statistics', () => {
  it('takes the middle, and the mean of the two middle ones', () => {
    expect(spread([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 });
    expect(spread([4, 1, 2, 3])).toEqual({ median: 2.5, min: 1, max: 4 });
  });

  it('gives percentiles by nearest rank', () => {
    const values = Float64Array.from({ length: 1000 }, (_, index) => 1000 - index);
    expect(latencyExtras(values)).toEqual({ p50: 500, p90: 900, p99: 990, 'p99.9': 999 });
  });
});
