// A checkout, and a package without a binary for this machine: both compile, or say what they miss.
import { cpSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { MAJORS, obtainNode } from '../symbols/node-packages.mjs';
import {
  addConsumers,
  bareEnvironment,
  expectEcho,
  install,
  makeFolder,
  mustRun,
  npm,
  root,
  run,
} from './run.mjs';

const PACKAGES = /apt-get install g\+\+ make python3/;

/** The files under version control, as a fresh clone has them. */
function clone() {
  const folder = join(makeFolder('clone'), 'onion-tls');
  mustRun('git', ['clone', '--quiet', '--depth', '1', `file://${root}`, folder]);
  return folder;
}

function withCompiler() {
  const folder = clone();
  const { status, output } = npm(['ci'], { cwd: folder });
  if (status !== 0) throw new Error(`npm ci ended with ${status}\n${output}`);
  const binary = join('build', 'Release', 'onion_tls.node');
  if (!existsSync(join(folder, binary))) throw new Error(`npm ci made no ${binary}`);
  // The checkout stands in for an installed package.
  const consumer = makeFolder('clone-consumer');
  cpSync(folder, join(consumer, 'node_modules', 'onion-tls'), { recursive: true });
  addConsumers(consumer);
  return expectEcho(mustRun(process.execPath, ['echo.cjs'], { cwd: consumer }));
}

function withoutCompiler() {
  const { status, output } = npm(['ci'], { cwd: clone(), env: bareEnvironment() });
  if (status === 0) throw new Error('npm ci succeeded without a compiler');
  const [line] = output.match(PACKAGES) ?? [];
  if (!line) throw new Error(`npm ci does not name the packages to install:\n${output}`);
  return `npm ci failed as it should, and said: ${line}`;
}

/** A machine that no binary is made for: the error names a command, which compiles one where it can. */
function packageWithoutBinary(tarball) {
  const node = obtainNode('linux-x64', MAJORS[0]);
  const { folder, env: bare } = install('no-binary', tarball, { node: node.executable });
  rmSync(join(folder, 'node_modules', 'onion-tls', 'prebuilds'), { recursive: true });
  const runEcho = () => run(node.executable, ['echo.cjs'], { cwd: folder, env: bare });

  const { output } = runEcho();
  const [message, script] = output.match(/onion-tls has no binary.*run: node "(.*?)"/) ?? [];
  if (!message) throw new Error(`no clear message:\n${output}`);
  const without = run(node.executable, [script], { cwd: folder, env: bare });
  const [packages] = without.output.match(PACKAGES) ?? [];
  if (without.status === 0 || !packages) throw new Error(`not explained:\n${without.output}`);
  // Node's headers are beside it, so that none are fetched.
  const env = { ...process.env, npm_config_nodedir: node.folder };
  mustRun(node.executable, [script], { cwd: folder, env });
  return `${message}\n    then, without a compiler: ${packages}; with one: ${expectEcho(runEcho().output)}`;
}

export const sourceCases = [
  ['source-with-compiler', withCompiler],
  ['source-without-compiler', withoutCompiler],
  ['package-without-binary', packageWithoutBinary],
];
