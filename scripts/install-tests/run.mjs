import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const isWindows = process.platform === 'win32';
const consumers = fileURLToPath(new URL('./consumers', import.meta.url));

/** What a machine without a compiler has: no gcc, make or python to find. */
const BARE_TOOLS = ['sh', 'bash', 'env', 'uname', 'sed', 'dirname', 'basename', 'cat', 'ls', 'rm'];

/** Runs a command and gives its status and what it printed: on stdout, and altogether. */
export function run(command, args, options = {}) {
  const { status, signal, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    timeout: 300_000,
    maxBuffer: 64 * 1024 * 1024,
    ...options,
  });
  if (error) throw new Error(`${command}: ${error.message}`);
  return { status: status ?? signal, stdout, output: `${stdout}${stderr}` };
}

/** Gives the stdout of a command that has to succeed. */
export function mustRun(command, args, options) {
  const { status, stdout, output } = run(command, args, options);
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}\n${output}`);
  return stdout;
}

export function expectEcho(output) {
  const [line] = output.match(/echo through 5 layers: .*/) ?? [];
  if (!line) throw new Error(`no echo:\n${output}`);
  return line;
}

/** The folder that npm itself lies in. */
export const npmCli = [
  join(dirname(process.execPath), 'node_modules'),
  join(dirname(process.execPath), '..', 'lib', 'node_modules'),
].find((folder) => existsSync(join(folder, 'npm', 'bin', 'npm-cli.js')));

const folders = [];

/** A folder of its own for each case, outside the checkout so that no node_modules is inherited. */
export function makeFolder(name) {
  folders.push(mkdtempSync(join(tmpdir(), `onion-tls-install-${name}-`)));
  return folders.at(-1);
}

/** Ends a case: the folders of one that has failed stay, to be looked at. */
export function endCase({ hasPassed }) {
  for (const folder of folders.splice(0)) {
    if (hasPassed) rmSync(folder, { recursive: true, force: true });
  }
}

/** A PATH with Node, npm and a shell on it, and no compiler. */
export function bareEnvironment(node = process.execPath) {
  const env = { ...process.env, npm_config_audit: 'false', npm_config_fund: 'false' };
  // The tests may themselves run under npm, whose settings would be inherited.
  for (const name of Object.keys(env))
    if (/^npm_(package|lifecycle|node|config_loglevel)/.test(name)) delete env[name];
  if (isWindows) return { ...env, PATH: [dirname(node), process.env.SystemRoot].join(delimiter) };
  const bin = join(makeFolder('path'), 'bin');
  mkdirSync(bin);
  for (const tool of BARE_TOOLS) {
    const place = ['/usr/bin', '/bin'].map((each) => join(each, tool)).find(existsSync);
    if (place) symlinkSync(place, join(bin, tool));
  }
  symlinkSync(node, join(bin, 'node'));
  return { ...env, PATH: bin, CC: '', CXX: '', PYTHON: '' };
}

/** npm itself, run by a certain Node. */
export function npm(args, { node = process.execPath, ...options } = {}) {
  return run(node, [join(npmCli, 'npm', 'bin', 'npm-cli.js'), ...args], options);
}

/** The programs that use the package. */
export function copyConsumers(folder) {
  cpSync(consumers, folder, { recursive: true });
}

/** The same, and certificates. */
export function addConsumers(folder) {
  copyConsumers(folder);
  const command = join(folder, 'node_modules', 'onion-tls', 'dist', 'cli', 'main.js');
  mustRun(process.execPath, [command, 'certs', join(folder, 'certs')]);
}

/** Installs the packed package into an empty folder, as users do, and says how long that took. */
export function install(name, tarball, options = {}) {
  const folder = makeFolder(name);
  writeFileSync(join(folder, 'package.json'), '{ "name": "consumer", "private": true }\n');
  const env = bareEnvironment(options.node);
  const start = performance.now();
  const args = ['install', ...(options.args ?? []), tarball];
  const { status, output } = npm(args, { node: options.node, cwd: folder, env });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  if (status !== 0) throw new Error(`npm install ended with ${status}\n${output}`);
  if (/warn|error|deprecated/i.test(output)) throw new Error(`npm install complains:\n${output}`);
  expectNoBuild(folder);
  addConsumers(folder);
  return { folder, env, seconds };
}

/** A binary came with the package: nothing was compiled. */
export function expectNoBuild(folder) {
  if (existsSync(join(folder, 'node_modules', 'onion-tls', 'build'))) {
    throw new Error('the addon was compiled, although the package has a binary');
  }
}
