/** The only place that loads the addon. */
import { join } from 'node:path';
import { types } from 'node:util';
import { AddonError } from './errors';
import type { NativeAddon } from './native';

// node-gyp-build has no types of its own.
const loadBinary: (packageRoot: string) => unknown = require('node-gyp-build');

/** What the checks look at; tests give another. */
export interface Host {
  readonly versions: Readonly<Record<string, string | undefined>>;
  load(): unknown;
}

/** Runtimes that load addons for Node but do not export the OpenSSL inside Node, so the first call would crash. */
const OTHER_RUNTIMES: readonly [key: string, name: string][] = [
  ['bun', 'Bun'],
  ['deno', 'Deno'],
  ['electron', 'Electron'],
];

// Linux and musl, macOS, Windows, and Windows where the addon looks for the functions itself.
const MISSING_SYMBOL =
  /undefined symbol|symbol not found|error relocating|procedure could not be found|initialization routine failed/i;

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

function loadOrExplain(host: Host): NativeAddon {
  try {
    return host.load() as NativeAddon;
  } catch (cause) {
    const reason = types.isNativeError(cause) ? cause.message : String(cause);
    if (MISSING_SYMBOL.test(reason)) {
      throw new AddonError(
        'onion-tls needs a Node.js that exports its OpenSSL, and this one does not: ' +
          `use a build from nodejs.org. (${reason})`,
        { code: 'ERR_ONION_RUNTIME', cause },
      );
    }
    throw new AddonError(
      `onion-tls has no binary that loads on ${process.platform}-${process.arch}: install a C++20 ` +
        `compiler, make and Python 3, then run "npm rebuild onion-tls"; ` +
        `a bundler has to leave onion-tls out of the bundle. (${reason.trim()})`,
      { code: 'ERR_ONION_NO_BINARY', cause },
    );
  }
}

/** @throws AddonError with what to do, where the addon can't run */
export function loadAddon(host: Host): NativeAddon {
  refuseOtherRuntimes(host.versions);
  const addon = loadOrExplain(host);
  if (addon.opensslMajor !== addon.opensslCompiledMajor) {
    throw new AddonError(
      `onion-tls was compiled for OpenSSL ${addon.opensslCompiledMajor}, and this Node.js has ` +
        `${addon.opensslVersion}: install a version of onion-tls that supports it.`,
      { code: 'ERR_ONION_OPENSSL_VERSION' },
    );
  }
  return addon;
}

// This file is one level below the root of the package, in src/ as in dist/.
export const native: NativeAddon = loadAddon({
  versions: process.versions,
  load: () => loadBinary(join(__dirname, '..')),
});
