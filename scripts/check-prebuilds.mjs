// Checks the binaries in prebuilds/ and the package around them, before anything is published.
//
//   npm run check:prebuilds [-- --require TARGET,... --binaries-only --folder FOLDER]
//
// --require fails when one of these binaries is missing: linux-x64-glibc, linux-x64-musl, win32-x64, …
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { checkBinary } from './gates/binary-rules.mjs';
import { checkContents, checkLicences, checkScripts, listPacked } from './gates/package-rules.mjs';
import { readBinary } from './symbols/binary.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({
  options: {
    require: { type: 'string', default: '' },
    'binaries-only': { type: 'boolean', default: false },
    folder: { type: 'string', default: join(root, 'prebuilds') },
  },
});

let failures = 0;
function report(subject, problems) {
  const found = [...problems];
  failures += found.length;
  for (const problem of found) console.error(`${subject} ${problem}`);
  if (found.length === 0) console.log(`${subject}: in order`);
}

function* findBinaries() {
  for (const folder of readdirSync(values.folder, { withFileTypes: true })) {
    if (!folder.isDirectory()) continue;
    const [platform, arch] = folder.name.split('-');
    for (const file of readdirSync(join(values.folder, folder.name))) {
      if (!file.endsWith('.node')) continue;
      const [, libc = null] = file.match(/\.(glibc|musl)\.node$/) ?? [];
      yield { platform, arch, libc, path: join(folder.name, file) };
    }
  }
}

const openssl = new Set(
  readFileSync(join(root, 'native/symbols/openssl.txt'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#')),
);
const present = new Set();
for (const target of findBinaries()) {
  const bytes = readFileSync(join(values.folder, target.path));
  present.add([target.platform, target.arch, target.libc].filter(Boolean).join('-'));
  report(target.path, checkBinary(readBinary(bytes), bytes.length, target, openssl));
}
const missing = values.require.split(',').filter((name) => name !== '' && !present.has(name));
report(
  'prebuilds',
  missing.map((name) => `lack ${name}`),
);

if (!values['binaries-only']) {
  const packed = listPacked(root);
  console.log(`package: ${packed.paths.length} files, ${Math.ceil(packed.size / 1024)} KB packed`);
  report('package', [...checkContents(packed), ...checkScripts(root)]);
  report('package', checkLicences(root, packed));
  const { status } = spawnSync('npm', ['run', '--silent', 'lint:package'], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  report('publint and attw', status === 0 ? [] : ['found problems']);
}
if (failures > 0) process.exit(1);
