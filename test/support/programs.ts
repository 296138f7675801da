/** Other programs as peers. Where one is missing, the test says so and is left out; in CI it fails. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const found = new Map<string, boolean>();

export function hasProgram(program: string): boolean {
  const known = found.get(program);
  if (known !== undefined) return known;
  const { error } = spawnSync(program, ['--version'], { stdio: 'ignore' });
  found.set(program, error === undefined);
  return error === undefined;
}

/** Python as the distribution has it: others may be built without the ssl module. */
export const python = hasProgram('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';

/** A `describe` for tests that need a program. */
export function describeWith(program: string, name: string, body: () => void): void {
  describeWhere(hasProgram(program), program, name, body);
}

/** The same for something else that has to be installed. */
export function describeWhere(
  isInstalled: boolean,
  what: string,
  name: string,
  body: () => void,
): void {
  if (isInstalled) return describe(name, body);
  const missing = `${name}: ${what} is not installed`;
  if (process.env['CI'] === undefined) return describe(missing, () => test.todo(`install ${what}`));
  describe(name, () => {
    test(`finds ${what}`, () => {
      throw new Error(missing);
    });
  });
}

const children = new Set<ChildProcess>();
const folders = new Set<string>();

afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  folders.clear();
});

/** A child process, killed after the test. */
export class Program {
  readonly child: ChildProcess;
  /** What it has written, output and errors mixed. */
  output = '';
  #waiters: { isMet: () => boolean; resolve: () => void; reject: (error: Error) => void }[] = [];
  #exited = false;

  constructor(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.child = spawn(program, args, { env: { ...process.env, ...env }, stdio: 'pipe' });
    children.add(this.child);
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.output += chunk.toString('latin1');
        this.#check();
      });
    }
    this.child.stdin?.on('error', () => {});
    this.child.once('close', () => {
      this.#exited = true;
      this.#check();
    });
  }

  /** Resolves once the program has written this. */
  until(text: string | RegExp): Promise<void> {
    const isThere =
      typeof text === 'string' ? () => this.output.includes(text) : () => text.test(this.output);
    return this.#until(isThere);
  }

  write(text: string): void {
    this.child.stdin?.write(text);
  }

  /** Ends its input and waits for it; the exit status. */
  async exit(): Promise<number | null> {
    this.child.stdin?.end();
    await this.#until(() => this.#exited);
    return this.child.exitCode;
  }

  #until(isMet: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ isMet, resolve, reject });
      this.#check();
    });
  }

  #check(): void {
    this.#waiters = this.#waiters.filter(({ isMet, resolve, reject }) => {
      if (isMet()) resolve();
      else if (this.#exited) reject(new Error(`The program has exited: ${this.output}`));
      else return true;
      return false;
    });
  }
}

/** Writes files into a folder that is removed after the test; their paths. */
export function writeFiles<T extends Record<string, string>>(files: T): Record<keyof T, string> {
  const folder = mkdtempSync(join(tmpdir(), 'onion-tls-test-'));
  folders.add(folder);
  const paths = Object.entries(files).map(([name, text]) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return [name, path];
  });
  return Object.fromEntries(paths);
}

/** A port of the loopback interface that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}
