// The package with the tools that people install, compile and bundle with.
import { chmodSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { obtainNode } from '../symbols/node-packages.mjs';
import {
  addConsumers,
  bareEnvironment,
  copyConsumers,
  expectEcho,
  expectNoBuild,
  install,
  makeFolder,
  mustRun,
  npm,
  npmCli,
  run,
} from './run.mjs';

const NPX = join(npmCli, 'npm', 'bin', 'npx-cli.js');
const node = process.execPath;

function echo(folder, program = 'echo.cjs') {
  return expectEcho(mustRun(node, [program], { cwd: folder, env: bareEnvironment() }));
}

/**
 * Another package manager, itself taken from npm, as it is set when nobody sets anything: it has to
 * end well, with nothing to say about scripts that it would not run.
 */
function manager(command, version, { add, major, files = {}, isPlugAndPlay = false }) {
  return (tarball) => {
    const executable = major ? obtainNode('linux-x64', major).executable : node;
    const folder = makeFolder(command);
    writeFileSync(join(folder, 'package.json'), '{ "name": "consumer", "private": true }\n');
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const env = bareEnvironment(executable);
    const start = [NPX, '--yes', `--package=${version}`, '--', command];
    const { status, output } = run(executable, [...start, ...add(tarball)], { cwd: folder, env });
    if (status !== 0 || /build scripts/i.test(output)) throw new Error(output);
    const through = (...args) => mustRun(executable, [...start, ...args], { cwd: folder, env });
    if (!isPlugAndPlay) {
      expectNoBuild(folder);
      addConsumers(folder);
      return expectEcho(mustRun(executable, ['echo.cjs'], { cwd: folder, env }));
    }
    through('onion-tls', 'certs', 'certs');
    copyConsumers(folder);
    return expectEcho(through('node', 'echo.cjs'));
  };
}

function here(tarball) {
  const { folder, seconds } = install('here', tarball);
  return `${echo(folder)}; installed in ${seconds} s`;
}

function esm(tarball) {
  const { folder } = install('esm', tarball);
  return echo(folder, 'echo.mjs');
}

function typescript(tarball) {
  const { folder, env } = install('typescript', tarball);
  npm(['install', '--no-save', 'typescript@5', '@types/node@24'], { cwd: folder, env });
  const options = ['--strict', '--exactOptionalPropertyTypes', '--types', 'node'];
  const tsc = (...args) => {
    const command = join('node_modules', 'typescript', 'bin', 'tsc');
    mustRun(node, [command, ...options, '--target', 'es2023', ...args], { cwd: folder });
  };
  tsc('--module', 'nodenext', '--verbatimModuleSyntax', 'typed.mts');
  // As many programs are set: it finds types by the older rules, which know no "exports".
  tsc('--module', 'commonjs', '--moduleResolution', 'node10', 'typed.cts');
  echo(folder, 'typed.cjs');
  return echo(folder, 'typed.mjs');
}

function ignoreScripts(tarball) {
  return echo(install('ignore-scripts', tarball, { args: ['--ignore-scripts'] }).folder);
}

function setModes(path, folderMode, fileMode) {
  const isFolder = statSync(path).isDirectory();
  if (isFolder) chmodSync(path, 0o755);
  const names = isFolder ? readdirSync(path) : [];
  for (const name of names) setModes(join(path, name), folderMode, fileMode);
  chmodSync(path, isFolder ? folderMode : fileMode);
}

function readOnly(tarball) {
  const { folder } = install('read-only', tarball);
  setModes(folder, 0o555, 0o444);
  // root may write anywhere, so the folder is mounted read-only for it as well.
  const mounts = ['--dev-bind', '/', '/', '--ro-bind', folder, folder];
  const line = expectEcho(mustRun('bwrap', [...mounts, node, join(folder, 'echo.cjs')]));
  setModes(folder, 0o755, 0o644);
  return line;
}

const BUNDLERS = {
  esbuild: ['esbuild', ['--bundle', 'echo.cjs', '--platform=node', '--outfile=out.cjs']],
  webpack: ['webpack', ['--mode=production', '--config=webpack.config.cjs']],
};

/** With the package external, a bundle works; with it inside, the error has to say what to do. */
function bundler(name, packages) {
  return (tarball) => {
    const { folder, env } = install(name, tarball);
    npm(['install', '--no-save', ...packages], { cwd: folder, env });
    const [command, args] = BUNDLERS[name];
    const bundle = (isExternal) => {
      const externals = isExternal ? "externals: { 'onion-tls': 'commonjs onion-tls' }," : '';
      const output = `output: { path: __dirname, filename: 'out.cjs' }`;
      const config = `module.exports = { target: 'node', entry: './echo.cjs', node: { __dirname: false }, ${externals} ${output} };`;
      writeFileSync(join(folder, 'webpack.config.cjs'), config);
      const external = name === 'esbuild' && isExternal ? ['--external:onion-tls'] : [];
      mustRun(node, [NPX, '--no-install', command, ...args, ...external], { cwd: folder });
      return run(node, ['out.cjs'], { cwd: folder });
    };
    const line = expectEcho(bundle(true).output);
    const { status, output } = bundle(false);
    const [message] =
      output.match(/onion-tls has been put into a bundle.*?beside the bundle/) ?? [];
    if (status === 0 || !message) throw new Error(`bundled whole, no clear message:\n${output}`);
    return `${line}\n    bundled whole: ${message}`;
  };
}

const pnpm = { add: (tarball) => ['add', tarball] };
const yarn = { add: (tarball) => ['add', `onion-tls@file:${tarball}`] };
const yarn4 = {
  ...yarn,
  // An empty yarn.lock says that the folder is a project of its own.
  files: { 'yarn.lock': '', '.yarnrc.yml': 'enableGlobalCache: false\nenableTelemetry: false\n' },
  isPlugAndPlay: true,
};

export const toolCases = [
  ['here', here],
  ['esm', esm],
  ['typescript', typescript],
  ['ignore-scripts', ignoreScripts],
  ['read-only-folder', readOnly],
  ['pnpm-10', manager('pnpm', 'pnpm@10', pnpm)],
  ['pnpm-12', manager('pnpm', 'pnpm@12', { ...pnpm, major: '24' })],
  ['yarn-1', manager('yarn', 'yarn@1', yarn)],
  ['yarn-4', manager('yarn', '@yarnpkg/cli-dist@4', yarn4)],
  ['esbuild', bundler('esbuild', ['esbuild@0'])],
  ['webpack', bundler('webpack', ['webpack@5', 'webpack-cli@6'])],
];
