// Rehearses a release on this machine, in a clone, and publishes nothing:
// version and changelog, binaries twice (they must be the same bytes), gates, package twice, SBOM.
//
//   npm run release:dry [-- --once]      --once makes the binaries only once
//
// What it makes stays in build-release/. The binaries that need other machines come from the
// release workflow; so does the publishing.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const output = join(root, 'build-release');
const REQUIRED = 'linux-x64-glibc,linux-arm64-glibc,linux-x64-musl,win32-x64';
const { values } = parseArgs({ options: { once: { type: 'boolean', default: false } } });

function run(cwd, command, ...args) {
  const { status, stdout, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 64 * 1024 * 1024,
  });
  if (error || status !== 0) {
    console.error(stdout);
    throw error ?? new Error(`failed: ${command} ${args.join(' ')}`);
  }
  return stdout;
}

const step = (text) => console.log(`\n== ${text}`);

/** Only what is committed is released; the installed tools are the checkout's. */
function clone() {
  const folder = join(mkdtempSync(join(tmpdir(), 'onion-tls-release-')), 'onion-tls');
  run(root, 'git', 'clone', '--quiet', `file://${root}`, folder);
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  if (run(root, 'git', 'status', '--porcelain') !== '') {
    console.log('note: the checkout has changes that are not committed; they are left out');
  }
  return folder;
}

function version(folder) {
  const pending = readdirSync(join(folder, '.changeset')).filter((name) => name.endsWith('.md'));
  if (pending.length > 1) run(folder, 'node_modules/.bin/changeset', 'version');
  else console.log('no changeset: the version stays');
  const { version: number } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  console.log(`version ${number}`);
  const [, section = ''] = readFileSync(join(folder, 'CHANGELOG.md'), 'utf8').split(/^## /m);
  console.log(section.trim());
}

function hash(path) {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

function makeBinaries(folder) {
  rmSync(join(folder, 'prebuilds'), { recursive: true, force: true });
  run(folder, 'git', 'checkout', '--quiet', '--', 'prebuilds');
  run(folder, 'npm', 'run', '--silent', 'prebuild');
  const files = readdirSync(join(folder, 'prebuilds'), { recursive: true }).sort();
  const binaries = files.filter((name) => name.endsWith('.node'));
  return binaries.map((name) => `${hash(join(folder, 'prebuilds', name))}  ${name}`).join('\n');
}

function pack(folder, name) {
  const target = join(output, name);
  mkdirSync(target, { recursive: true });
  run(folder, 'npm', 'pack', '--silent', '--ignore-scripts', '--pack-destination', target);
  const [file] = readdirSync(target);
  return `${hash(join(target, file))}  ${file}`;
}

/** Makes something twice; the two have to be the same to the last byte. */
function twice(make) {
  const first = make();
  console.log(first);
  const second = make();
  if (first !== second) throw new Error(`the second time it differs:\n${second}`);
  console.log('the second time: the same bytes');
}

rmSync(output, { recursive: true, force: true });
mkdirSync(output, { recursive: true });
const folder = clone();
step('version and changelog');
version(folder);
step('JavaScript and types');
run(folder, 'npm', 'run', '--silent', 'build:ts');
step('binaries');
if (values.once) console.log(makeBinaries(folder));
else twice(() => makeBinaries(folder));
step('gates');
console.log(run(folder, 'npm', 'run', '--silent', 'check:prebuilds', '--', '--require', REQUIRED));
step('package');
let round = 0;
twice(() => pack(folder, `package-${++round}`));
rmSync(join(output, 'package-2'), { recursive: true });
cpSync(join(output, 'package-1'), output, { recursive: true });
rmSync(join(output, 'package-1'), { recursive: true });
step('SBOM');
const sbom = run(folder, 'node', 'scripts/sbom.mjs');
writeFileSync(join(output, 'sbom.cdx.json'), sbom);
for (const { name, version: number = '', licenses } of JSON.parse(sbom).components) {
  const [{ license, expression = license.id }] = licenses;
  console.log(`${name} ${number} ${expression}`);
}
rmSync(join(folder, '..'), { recursive: true, force: true });
console.log(`\nReady in build-release/: ${readdirSync(output).join(', ')}`);
