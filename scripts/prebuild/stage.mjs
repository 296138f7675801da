import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Everything a build of the addon reads, and nothing else: the checkout's own build/ stays as it is. */
const SOURCES = [
  'package.json',
  'binding.gyp',
  'native/addon.gypi',
  'native/sources.gypi',
  'native/exports.map',
  'native/exports.txt',
  'native/tls',
  'native/binding',
  'scripts/prebuild/runtime.cc',
  'scripts/prebuild/win32',
  'scripts/symbols',
  'native/symbols',
];

/** Copies the sources into a fresh folder, gives it to `use`, and removes it. */
export function withStage(use) {
  const stage = mkdtempSync(join(tmpdir(), 'onion-tls-stage-'));
  try {
    for (const path of SOURCES) {
      mkdirSync(dirname(join(stage, path)), { recursive: true });
      cpSync(join(root, path), join(stage, path), { recursive: true });
    }
    mkdirSync(join(stage, 'node_modules'));
    return use(stage);
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

/** Compiles one more file into the addon: the source list is the stage's own copy. */
export function addSource(stage, path) {
  const list = join(stage, 'native', 'sources.gypi');
  const heading = "'onion_tls_core_sources': [";
  writeFileSync(list, readFileSync(list, 'utf8').replace(heading, `${heading}\n      '${path}',`));
}
