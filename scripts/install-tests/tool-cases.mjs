// The package with the tools that people install, compile and bundle with.
import { chmodSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  addConsumers,
  bareEnvironment,
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

/** Another package manager, itself taken from npm. */
function manager(command, version, args, files = {}) {
  return (tarball) => {
    const folder = makeFolder(command);
    writeFileSync(join(folder, 'package.json'), '{ "name": "consumer", "private": true }\n');
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const env = bareEnvironment();
    const all = [NPX, '--yes', `--package=${version}`, '--', command, ...args(tarball)];
    mustRun(node, all, { cwd: folder, env });
    expectNoBuild(folder);
    addConsumers(folder);
    return echo(folder);
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
  const target = ['--target', 'es2023', '--module', 'nodenext', '--verbatimModuleSyntax'];
  const tsc = join('node_modules', 'typescript', 'bin', 'tsc');
  mustRun(node, [tsc, ...options, ...target, 'typed.mts'], { cwd: folder });
  return echo(folder, 'typed.mjs');
}

function ignoreScripts(tarball) {
  return echo(install('ignore-scripts', tarball, { args: ['--ignore-scripts'] }).folder);
}

function readOnly(tarball) {
  const { folder } = install('read-only', tarball);
  const setMode = (path) => {
    const isFolder = statSync(path).isDirectory();
    if (isFolder) for (const name of readdirSync(path)) setMode(join(path, name));
    chmodSync(path, isFolder ? 0o555 : 0o444);
  };
  setMode(folder);
  // root may write anywhere, so the folder is mounted read-only for it as well.
  const args = [
    '--dev-bind',
    '/',
    '/',
    '--ro-bind',
    folder,
    folder,
    node,
    join(folder, 'echo.cjs'),
  ];
  return expectEcho(mustRun('bwrap', args));
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
    const [message] = output.match(
      /onion-tls has no binary that loads on \w+-\w+:.*|echo through 5 layers.*/,
    ) ?? [output];
    return `${line}\n    bundled whole: ${status === 0 ? 'works' : message}`;
  };
}

const pnpmFiles = {
  'pnpm-workspace.yaml': 'packages: []\nonlyBuiltDependencies:\n  - onion-tls\n',
};

export const toolCases = [
  ['here', here],
  ['esm', esm],
  ['typescript', typescript],
  ['ignore-scripts', ignoreScripts],
  ['read-only-folder', readOnly],
  ['pnpm', manager('pnpm', 'pnpm@10', (tarball) => ['add', tarball], pnpmFiles)],
  ['yarn', manager('yarn', 'yarn@1', (tarball) => ['add', `file:${tarball}`])],
  ['esbuild', bundler('esbuild', ['esbuild@0'])],
  ['webpack', bundler('webpack', ['webpack@5', 'webpack-cli@6'])],
];
