// Builds the C++ tests with CMake and runs them with ctest, once per set of sanitizers.
//   node scripts/test-native.mjs [address,undefined] [thread] ...
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const jobs = String(availableParallelism());

function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (error) throw new Error(`${command}: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

const chosen = process.argv.slice(2);
for (const sanitize of chosen.length > 0 ? chosen : ['address,undefined']) {
  const build = `build-cmake/test-${sanitize.replaceAll(',', '-')}`;
  // Without the addon: one with sanitizers is for debugging (CONTRIBUTING.md).
  run('cmake', ['-S', '.', '-B', build, `-DSANITIZE=${sanitize}`, '-DBUILD_ADDON=OFF', '-Wno-dev']);
  run('cmake', ['--build', build, '-j', jobs]);
  run('ctest', ['--test-dir', build, '--output-on-failure', '--no-tests=error']);
  console.log(`test-native: passed with ${sanitize}`);
}
