// Fails when a module imports against the direction of the layout:
//
//   index -> onion-socket -> layer-stack -> layer-chain -> layer-list -> tls-layer -> layer-state
//   errors and options are leaves; a named few load the addon;
//   cli, node-tls, proxy and inspector stand on top, and nothing below imports them;
//   in C++, binding includes tls, never the reverse, and <napi.h> stays in binding.
//
// And when a C++ file is missing from the list of sources that both builds read.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const posix = (path) => path.split(sep).join('/');

/** Lower may not import higher. A module that is not listed takes part in the cycle check only. */
const RANK = new Map([
  ['errors', 0],
  ['validate', 0],
  ['native', 0],
  ['load-addon', 1],
  ['layer-state', 1],
  ['secure-context', 2],
  ['option-types', 2],
  ['options', 2],
  ['tls-layer', 3],
  ['layer-list', 3],
  ['layer-chain', 4],
  ['layer-stack', 5],
  ['engine', 6],
  ['onion-socket', 6],
  ['connect', 7],
  ['server', 7],
  ['index', 8],
]);
const TOP_FOLDERS = new Set(['node-tls', 'cli', 'proxy', 'inspector']);
const MAY_LOAD_ADDON = new Set([
  'layer-chain',
  'layer-stack',
  'engine',
  'plaintext-slab',
  'secure-context',
  'socket-writes',
]);
/** They see Outcomes and layers, and none of the numbers that cross the border. */
const NO_NATIVE_VALUES = new Set(['onion-socket', 'connect', 'server', 'index', ...TOP_FOLDERS]);

const problems = [];
const graph = new Map();

function filesIn(folder, pattern) {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && pattern.test(entry.name))
    .map((entry) => posix(relative(root, join(entry.parentPath ?? entry.path, entry.name))))
    .sort();
}

function nameOf(file) {
  return file.replace(/^src\//, '').replace(/(\.d)?\.[cm]?ts$/, '');
}

/** A folder directly in src/ is one unit; a file directly in src/ is its own. */
function unitOf(name) {
  return name.split('/')[0];
}

function* importsOf(file) {
  const text = readFileSync(join(root, file), 'utf8').replace(/^\s*(\/\/|\*).*$/gm, '');
  const pattern =
    /\b(import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'(\.[^']*)'|\b(?:import|require)\('(\.[^']*)'\)/g;
  for (const match of text.matchAll(pattern)) {
    const specifier = match[3] ?? match[4];
    const target = posix(normalize(join(dirname(file), specifier)));
    yield {
      target: nameOf(target.replace(/\.[cm]?js$/, '')),
      typeOnly: match[2] !== undefined,
      // A call of require or import() runs later, when both modules are there.
      lazy: match[4] !== undefined,
    };
  }
}

function checkDirection(file, from, to, typeOnly) {
  const [fromUnit, toUnit] = [unitOf(from), unitOf(to)];
  if (fromUnit === toUnit) return;
  if (TOP_FOLDERS.has(toUnit) && !TOP_FOLDERS.has(fromUnit)) {
    problems.push(`${file}: imports ${to}, which stands on top of it`);
  }
  const [fromRank, toRank] = [RANK.get(fromUnit), RANK.get(toUnit)];
  if (fromRank !== undefined && toRank !== undefined && toRank > fromRank) {
    problems.push(`${file}: imports ${to}, against the direction of the layout`);
  }
  if (toUnit === 'load-addon' && !MAY_LOAD_ADDON.has(fromUnit)) {
    problems.push(`${file}: imports the addon; only ${[...MAY_LOAD_ADDON].join(', ')} may`);
  }
  if (toUnit === 'native' && !typeOnly && NO_NATIVE_VALUES.has(fromUnit)) {
    problems.push(`${file}: imports the numbers of native; types are enough this far up`);
  }
}

function checkCycles() {
  const done = new Set();
  const visit = (name, path) => {
    if (path.includes(name)) {
      problems.push(`cycle: ${[...path.slice(path.indexOf(name)), name].join(' -> ')}`);
      return;
    }
    if (done.has(name)) return;
    for (const next of graph.get(name) ?? []) visit(next, [...path, name]);
    done.add(name);
  };
  for (const name of graph.keys()) visit(name, []);
}

for (const file of filesIn('src', /\.[cm]?ts$/)) {
  const from = nameOf(file);
  const runTime = [];
  for (const { target, typeOnly, lazy } of importsOf(file)) {
    checkDirection(file, from, target, typeOnly);
    if (!typeOnly && !lazy) runTime.push(target);
  }
  graph.set(from, runTime);
}
checkCycles();

for (const file of filesIn('native/tls', /\.(h|cc)$/)) {
  const text = readFileSync(join(root, file), 'utf8');
  if (/#include\s+["<](binding\/|napi\.h|node_api\.h|js_native_api\.h)/.test(text)) {
    problems.push(`${file}: native/tls knows no JavaScript`);
  }
}

const sourceList = readFileSync(join(root, 'native/sources.gypi'), 'utf8');
for (const file of [...filesIn('native/tls', /\.cc$/), ...filesIn('native/binding', /\.cc$/)]) {
  if (!sourceList.includes(`'${file}'`)) problems.push(`${file}: not in native/sources.gypi`);
}

for (const problem of problems) console.error(`check-imports: ${problem}`);
if (problems.length > 0) process.exitCode = 1;
