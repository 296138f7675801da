// What the npm package may contain, and under which licences.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const MAX_BYTES = 3 * 1024 * 1024;
const ALLOWED = [
  /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|binding\.gyp)$/,
  /^dist\/[\w./-]+\.(js|mjs|d\.ts|d\.mts|html|css)$/,
  /^native\/(sources\.gypi|exports\.map|exports\.txt)$/,
  /^native\/(tls|binding)\/\w+\.(cc|h)$/,
  /^prebuilds\/(linux|darwin|win32)-(x64|arm64)\/onion-tls(\.glibc|\.musl)?\.node$/,
  /^prebuilds\/README\.md$/,
  /^scripts\/explain-install-failure\.cjs$/,
];
const LICENCES = new Set(['MIT', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', '0BSD']);

function npm(root, ...args) {
  const { status, stdout, stderr } = spawnSync('npm', args, {
    cwd: root,
    encoding: 'utf8',
    shell: process.platform === 'win32',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) throw new Error(`npm ${args.join(' ')}: ${stderr}`);
  return stdout;
}

export function* checkContents(root) {
  const [packed] = JSON.parse(npm(root, 'pack', '--dry-run', '--json', '--ignore-scripts'));
  for (const { path } of packed.files) {
    if (!ALLOWED.some((pattern) => pattern.test(path))) yield `contains ${path}`;
  }
  for (const path of ['LICENSE', 'README.md', 'dist/index.js', 'dist/index.mjs', 'binding.gyp']) {
    if (!packed.files.some((file) => file.path === path)) yield `lacks ${path}`;
  }
  if (packed.size > MAX_BYTES) yield `is ${packed.size} bytes packed, above ${MAX_BYTES}`;
  console.log(`package: ${packed.files.length} files, ${Math.ceil(packed.size / 1024)} KB packed`);
}

/** The licences of what users get along with the package, and of what is compiled into the binaries. */
export function* checkLicences(root) {
  const manifest = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const pending = Object.keys(manifest(root).dependencies);
  for (const name of pending) {
    const folder = dirname(join(root, 'node_modules', name, 'package.json'));
    const { license, version, dependencies = {} } = manifest(folder);
    console.log(`licence: ${name} ${version}: ${license}`);
    if (!LICENCES.has(license)) yield `depends on ${name} under ${license}`;
    for (const each of Object.keys(dependencies)) if (!pending.includes(each)) pending.push(each);
  }
}
