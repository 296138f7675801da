// What the npm package may contain, what installing it may start, and under which licences it all is.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { listInside } from './inside.mjs';

const MAX_BYTES = 3 * 1024 * 1024;
const ALLOWED = [
  /^(package\.json|README\.md|LICENSE|CHANGELOG\.md)$/,
  /^dist\/[\w./-]+\.(js|mjs|d\.ts|d\.mts|html|css)$/,
  /^dist\/cli\/bench\/page\/vendor\/LICENSE$/,
  /^native\/(addon\.gypi|sources\.gypi|exports\.map|exports\.txt)$/,
  /^native\/(tls|binding)\/\w+\.(cc|h)$/,
  /^prebuilds\/(linux|darwin|win32)-(x64|arm64)\/onion-tls(\.glibc|\.musl)?\.node$/,
  /^prebuilds\/win32-x64\/mingw-w64-copyright\.txt$/,
  /^prebuilds\/README\.md$/,
  /^scripts\/compile\.cjs$/,
];
/** What compiling an installed package reads; the entries of `exports` are publint's to find. */
const REQUIRED = [
  'LICENSE',
  'README.md',
  'CHANGELOG.md',
  'native/addon.gypi',
  'native/sources.gypi',
  'native/exports.map',
  'native/exports.txt',
  'scripts/compile.cjs',
];
const LICENCES = new Set([
  ...['MIT', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', '0BSD', 'ZPL-2.1'],
  'Apache-2.0 WITH LLVM-exception',
  'GPL-3.0-or-later WITH GCC-exception-3.1',
]);

const readManifest = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));

/** The names and packed size of what `npm pack` would take. */
export function listPacked(root) {
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const { status, stdout, stderr } = spawnSync('npm', args, {
    cwd: root,
    encoding: 'utf8',
    shell: process.platform === 'win32',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) throw new Error(`npm ${args.join(' ')}: ${stderr}`);
  const [{ files, size }] = JSON.parse(stdout);
  return { paths: files.map(({ path }) => path), size };
}

export function* checkContents({ paths, size }) {
  for (const path of paths) {
    if (!ALLOWED.some((pattern) => pattern.test(path))) yield `contains ${path}`;
  }
  for (const path of REQUIRED) if (!paths.includes(path)) yield `lacks ${path}`;
  if (size > MAX_BYTES) yield `is ${size} bytes packed, above ${MAX_BYTES}`;
}

/** Managers warn about install scripts, or refuse them; npm adds one itself for a binding.gyp. */
export function* checkScripts(root) {
  const { scripts = {}, gypfile } = readManifest(root);
  for (const name of ['preinstall', 'install', 'postinstall']) {
    if (scripts[name] !== undefined) yield `runs the script ${name} when it is installed`;
  }
  if (gypfile !== false) yield 'lets npm compile it when it is installed ("gypfile" is not false)';
}

/** The licences of what users get along with the package, and of what is inside it. */
export function* checkLicences(root, { paths }) {
  const pending = Object.keys(readManifest(root).dependencies);
  for (const name of pending) {
    const { license, version, dependencies = {} } = readManifest(join(root, 'node_modules', name));
    console.log(`licence: ${name} ${version}: ${license}`);
    if (!LICENCES.has(license)) yield `depends on ${name} under ${license}`;
    for (const each of Object.keys(dependencies)) if (!pending.includes(each)) pending.push(each);
  }
  for (const { name, license, into, licenceFile } of listInside(root)) {
    if (into && !hasBinary(paths, into)) continue;
    console.log(`licence: ${name} in ${into ?? 'dist'}: ${license}`);
    if (!LICENCES.has(license)) yield `contains ${name} under ${license}`;
    if (licenceFile && !paths.includes(licenceFile)) yield `lacks ${licenceFile}`;
  }
}

/** Whether the package has a binary for a target such as "win32-x64" or "linux-*-musl". */
function hasBinary(paths, target) {
  const [platform, arch, libc = ''] = target.split('-');
  const pattern = `^prebuilds/${platform}-${arch.replace('*', '\\w+')}/.*${libc}\\.node$`;
  return paths.some((path) => new RegExp(pattern).test(path));
}
