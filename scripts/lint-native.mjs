// clang-format and clang-tidy over native/. `--fix` formats in place and skips clang-tidy.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const build = join(root, 'build-cmake', 'lint');

function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (error) throw new Error(`${command}: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

const files = ['native/tls', 'native/binding', 'native/test', 'native/bench', 'native/fuzz']
  .filter((folder) => existsSync(join(root, folder)))
  .flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`));
const sources = files.filter((name) => /\.(h|cc)$/.test(name));

if (process.argv.includes('--fix')) {
  run('clang-format', ['-i', ...sources]);
  process.exit(0);
}
run('clang-format', ['--dry-run', '--Werror', ...sources]);
run('cmake', ['-S', '.', '-B', build, '-DCMAKE_BUILD_TYPE=Debug', '-Wno-dev']);

// The core is compiled twice, for the addon and for the C++ tests; once is enough to look at it.
const commands = JSON.parse(readFileSync(join(build, 'compile_commands.json'), 'utf8'));
const inAddon = (entry) => entry.command.includes('onion_tls.dir');
const byFile = new Map(
  commands.sort((a, b) => inAddon(a) - inAddon(b)).map((each) => [each.file, each]),
);
const database = join(build, 'tidy');
mkdirSync(database, { recursive: true });
writeFileSync(join(database, 'compile_commands.json'), JSON.stringify([...byFile.values()]));
run('run-clang-tidy', [
  '-quiet',
  `-p=${database}`,
  `-j=${availableParallelism()}`,
  '^(?!.*/node_modules/).*/native/.*',
]);
console.log(`lint-native: ${sources.length} files are clean`);
