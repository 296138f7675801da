// Makes native/symbols/openssl.txt: the functions and variables of OpenSSL that every supported
// Node exports on Linux, Windows and macOS. The addon may import these and no others, as one
// binary per platform has to load into all of them.
//
//   node scripts/symbols/make-list.mjs [--explain NAME ...]
//
// With --explain: says of each name which versions of Node lack it, and writes nothing.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readBinary } from './binary.mjs';
import { MAJORS, obtainNode } from './node-packages.mjs';

const PLATFORMS = new Map([
  ['linux-x64', MAJORS],
  ['linux-arm64', MAJORS],
  ['win32-x64', MAJORS],
  // npm has no Node 24 for it.
  ['win32-arm64', MAJORS.filter((major) => major !== '24')],
  ['darwin-x64', MAJORS],
  ['darwin-arm64', MAJORS],
]);
const target = fileURLToPath(new URL('../../native/symbols/openssl.txt', import.meta.url));

/**
 * Tells OpenSSL's symbols from the many others of Node: what stands before the first underscore
 * of its names. The headers make many names with macros, so whole names would not be enough.
 */
function readFamilies() {
  const headers = join(obtainNode('linux-x64', MAJORS[0]).folder, 'include', 'node', 'openssl');
  const words = new Set();
  for (const entry of readdirSync(headers, { recursive: true })) {
    if (!entry.endsWith('.h')) continue;
    const text = readFileSync(join(headers, entry), 'utf8');
    for (const [word] of text.matchAll(/[A-Za-z]\w+/g)) words.add(word);
  }
  return (exported) => {
    const declared = exported.filter((name) => words.has(name) && name.includes('_'));
    const families = new Set(declared.map(familyOf));
    return exported.filter((name) => families.has(familyOf(name)));
  };
}

const familyOf = (name) => name.slice(0, name.indexOf('_') + 1);

function* nodes() {
  for (const [platform, majors] of PLATFORMS) {
    for (const major of majors) {
      const { version, executable } = obtainNode(platform, major);
      const exported = new Set(readBinary(readFileSync(executable)).exports);
      yield { name: `${platform} ${version}`, exported };
    }
  }
}

function explain(names) {
  const all = [...nodes()];
  for (const name of names) {
    const without = all.filter(({ exported }) => !exported.has(name)).map((each) => each.name);
    console.log(`${name}: ${without.length > 0 ? `not in ${without.join(', ')}` : 'everywhere'}`);
  }
}

function make() {
  const onlyOpenssl = readFamilies();
  const names = [];
  let common;
  for (const { name, exported } of nodes()) {
    common = common?.filter((symbol) => exported.has(symbol)) ?? onlyOpenssl([...exported]);
    names.push(name);
    console.log(`${name}: ${common.length} left`);
  }
  const lines = [
    '# What the addon may import of OpenSSL: exported by each of these versions of Node.',
    '# Made by scripts/symbols/make-list.mjs; do not edit.',
    ...names.map((name) => `#   ${name}`),
    ...common.sort(),
  ];
  mkdirSync(join(target, '..'), { recursive: true });
  writeFileSync(target, `${lines.join('\n')}\n`);
}

const [option, ...names] = process.argv.slice(2);
if (option === '--explain') explain(names);
else make();
