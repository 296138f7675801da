// A checkout, and a package without a binary for this machine: both compile, or say what they miss.
import { cpSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  addConsumers,
  bareEnvironment,
  expectEcho,
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

function packageWithoutBinary(tarball) {
  const folder = makeFolder('no-binary');
  mustRun('tar', ['-xzf', tarball, '-C', folder]);
  rmSync(join(folder, 'package', 'prebuilds'), { recursive: true });
  const install = npm(['install', '--ignore-scripts'], { cwd: join(folder, 'package') });
  if (install.status !== 0) throw new Error(install.output);
  const entry = join(folder, 'package', 'dist', 'index.js');
  const { status, output } = run(process.execPath, [entry]);
  const [message] = output.match(/onion-tls has no binary.*npm rebuild onion-tls[^.]*/) ?? [];
  if (status === 0 || !message) throw new Error(`no clear message:\n${output}`);
  return message;
}

export const sourceCases = [
  ['source-with-compiler', withCompiler],
  ['source-without-compiler', withoutCompiler],
  ['package-without-binary', packageWithoutBinary],
];
