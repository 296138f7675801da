import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

const children = new Set<ChildProcess>();
const LONG = 600_000;

afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
});

/** Runs one of the scripts in `children/`; its report. */
async function run<T>(script: string, ...args: (string | number)[]): Promise<T> {
  const path = join(__dirname, 'children', script);
  const child = spawn(process.execPath, ['--expose-gc', path, ...args.map(String)]);
  children.add(child);
  let [output, errors] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const ending = await new Promise((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  expect({ ending, errors }).toEqual({ ending: { code: 0, signal: null }, errors: '' });
  return JSON.parse(output) as T;
}

interface Live {
  chains: number;
  engines: number;
  contexts: number;
}

test(
  '200 connections go 5 deep and back 10 times at once and leave nothing behind',
  async () => {
    const { live, rss } = await run<{ live: Live; rss: number }>('up-and-down.cjs', 200, 5, 10);
    expect(live).toMatchObject({ chains: 0, engines: 0 });
    process.stdout.write(`RSS after 200 connections: ${rss} MiB\n`);
  },
  LONG,
);

test(
  'connections that are dropped in any phase are collected',
  async () => {
    type Report = { before: Live; result: Record<string, Live> };
    const { before, result } = await run<Report>('garbage.cjs');
    for (const [phase, live] of Object.entries(result)) {
      expect({ phase, ...live }).toEqual({
        phase,
        chains: 0,
        engines: 0,
        contexts: before.contexts,
      });
    }
  },
  LONG,
);

test(
  'the thread pool serves others while handshakes keep coming',
  async () => {
    expect(await run('flooded-pool.cjs')).toEqual({ waited: true, lost: 0 });
  },
  LONG,
);

test(
  'worker threads can be terminated in the middle of handshakes',
  async () => {
    expect(await run('terminated-workers.cjs', 8)).toEqual({ terminated: 24 });
  },
  LONG,
);
