/** The only place that loads the addon. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { types } from 'node:util';
import { AddonError } from './errors';
import type { NativeAddon } from './native';

// node-gyp-build has no types of its own.
const loadBinary: (packageRoot: string) => unknown = require('node-gyp-build');

/** What the checks look at; tests give another. */
export interface Host {
  readonly versions: Readonly<Record<string, string | undefined>>;
  /** The folder of the package. */
  readonly root: string;
  load(root: string): unknown;
}

/** The addon is made for this one; a newer one may lack what it needs, and then it can't be loaded to say so. */
export const OPENSSL_MAJOR = 3;

/** Runtimes that load addons for Node but do not export the OpenSSL inside Node, so the first call would crash. */
const OTHER_RUNTIMES: readonly [key: string, name: string][] = [
  ['bun', 'Bun'],
  ['deno', 'Deno'],
  ['electron', 'Electron'],
];

/** That a function of OpenSSL or Node-API is missing; names of the C and C++ libraries begin with an underscore. */
const MISSING_FUNCTION = [
  /undefined symbol: [a-z]/i,
  // musl
  /error relocating .*: [a-z]\w*: symbol not found/i,
  // macOS, where each name has an underscore in front
  /symbol not found\b[^_]*'?_[a-z]/i,
  // Windows, and Windows where the addon looks for the functions itself
  /procedure could not be found|initialization routine failed/i,
];

function refuseOtherRuntimes(versions: Host['versions']): void {
  for (const [key, name] of OTHER_RUNTIMES) {
    if (versions[key] === undefined) continue;
    throw new AddonError(
      `onion-tls does not run in ${name}, which lacks the OpenSSL functions of Node.js: ` +
        'run this part of the program with Node.js 20 or newer.',
      { code: 'ERR_ONION_RUNTIME' },
    );
  }
}

/** In a bundle this code lies elsewhere, and a binary found there would be that of another package. */
function refuseBundle(root: string): void {
  try {
    const { name } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    if (name === 'onion-tls') return;
  } catch {
    // No package at all.
  }
  throw new AddonError(
    'onion-tls has been put into a bundle, which cannot hold its addon: tell the bundler that ' +
      'the package is external, and install it beside the bundle.',
    { code: 'ERR_ONION_NO_BINARY' },
  );
}

/** What came of loading the binary, as a sentence on what to do. */
function explain(cause: unknown, { versions, root }: Host): AddonError {
  const reason = types.isNativeError(cause) ? cause.message.trim() : String(cause);
  if ((cause as NodeJS.ErrnoException).code === 'ERR_DLOPEN_DISABLED') {
    return new AddonError(
      'onion-tls needs its addon, and this Node.js was told to load none: ' +
        'start it without --no-addons, or with --allow-addons beside --permission.',
      { code: 'ERR_ONION_RUNTIME', cause },
    );
  }
  if (!MISSING_FUNCTION.some((pattern) => pattern.test(reason))) {
    return new AddonError(
      `onion-tls has no binary that loads on ${process.platform}-${process.arch}: install a C++20 compiler, ` +
        `make and Python 3, then run: node "${join(root, 'scripts', 'compile.cjs')}" (${reason})`,
      { code: 'ERR_ONION_NO_BINARY', cause },
    );
  }
  if (Number.parseInt(versions['openssl'] ?? '', 10) > OPENSSL_MAJOR) {
    return otherOpenSSL(String(versions['openssl']), cause);
  }
  return new AddonError(
    'onion-tls needs a Node.js that exports its OpenSSL, and this one does not: ' +
      `use a build from nodejs.org. (${reason})`,
    { code: 'ERR_ONION_RUNTIME', cause },
  );
}

function otherOpenSSL(version: string, cause?: unknown): AddonError {
  return new AddonError(
    `onion-tls was compiled for OpenSSL ${OPENSSL_MAJOR}, and this Node.js has ${version}: ` +
      'install a version of onion-tls that supports it.',
    { code: 'ERR_ONION_OPENSSL_VERSION', ...(cause === undefined ? {} : { cause }) },
  );
}

function loadOrExplain(host: Host): NativeAddon {
  try {
    return host.load(host.root) as NativeAddon;
  } catch (cause) {
    throw explain(cause, host);
  }
}

/** @throws AddonError with what to do, where the addon can't run */
export function loadAddon(host: Host): NativeAddon {
  refuseOtherRuntimes(host.versions);
  refuseBundle(host.root);
  const addon = loadOrExplain(host);
  if (addon.opensslMajor !== addon.opensslCompiledMajor) throw otherOpenSSL(addon.opensslVersion);
  return addon;
}

export const native: NativeAddon = loadAddon({
  versions: process.versions,
  // This file is one level below it, in src/ as in dist/.
  root: join(__dirname, '..'),
  load: loadBinary,
});
