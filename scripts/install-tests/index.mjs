// Installs the packed package in empty folders and runs it, everywhere that this machine can be.
//
//   npm run test:install [-- --packed-in FOLDER] [--list] [NAME-PATTERN ...]
//
// Without --packed-in, packs the checkout as it is (dist/ and prebuilds/ have to be there).
import { mkdirSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { cache } from '../symbols/node-packages.mjs';
import { muslCases } from './musl-cases.mjs';
import { nodeCases } from './node-cases.mjs';
import { endCase, npm, root } from './run.mjs';
import { runtimeCases } from './runtime-cases.mjs';
import { sourceCases } from './source-cases.mjs';
import { toolCases } from './tool-cases.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { 'packed-in': { type: 'string' }, list: { type: 'boolean', default: false } },
});
const cases = [...nodeCases, ...muslCases, ...runtimeCases, ...toolCases, ...sourceCases].filter(
  ([name]) => positionals.length === 0 || positionals.some((each) => new RegExp(each).test(name)),
);

function pack() {
  const folder = join(cache, 'packed');
  mkdirSync(folder, { recursive: true });
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
  const { status, stdout, output } = npm(args, { cwd: root });
  if (status !== 0) throw new Error(output);
  const [{ filename }] = JSON.parse(stdout);
  return join(folder, filename);
}

function findPacked(folder) {
  const name = readdirSync(folder).find((each) => each.endsWith('.tgz'));
  if (!name) throw new Error(`no packed package in ${folder}`);
  return join(folder, name);
}

function runCases() {
  const tarball = values['packed-in'] ? findPacked(resolve(values['packed-in'])) : pack();
  const failed = [];
  for (const [name, test] of cases) {
    try {
      console.log(`pass ${name}: ${test(tarball)}`);
      endCase({ hasPassed: true });
    } catch (error) {
      endCase({ hasPassed: false });
      failed.push(name);
      console.log(`FAIL ${name}: ${error.message}`);
    }
  }
  console.log(`${cases.length - failed.length} of ${cases.length} passed`);
  if (failed.length > 0) process.exit(1);
}

if (values.list) for (const [name] of cases) console.log(name);
else runCases();
