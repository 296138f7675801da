// Runs the tests under other versions of Node with the addon that is already compiled:
// one binary per platform has to serve all of them, so nothing is compiled anew here.
//
//   node scripts/node-versions.mjs [--all] [major ...]     default: the core tests under 22 24 26
//
// Node itself comes from the packages that the `node` package of npm is made of.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const addon = join(root, 'build', 'Release', 'onion_tls.node');
const platform = `${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;

/** What a version of Node can break: the layers on real sockets, the peers made of Node itself, and the drop-in. */
const CORE = ['test/unit/', 'test/connection/', 'test/interop/.*node', 'test/differential/'];

function run(command, args, options) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', ...options });
  if (error) throw new Error(`${command}: ${error.message}`);
  if (status !== 0) {
    console.error(`node-versions: failed: ${[command, ...args].join(' ')}`);
    process.exit(1);
  }
}

/** The path of a Node executable of that major version, installed outside the checkout. */
function obtain(major) {
  const folder = join(tmpdir(), 'onion-tls-node-versions', major);
  const name = `node-${platform}`;
  const file = process.platform === 'win32' ? 'node.exe' : 'node';
  const executable = join(folder, 'node_modules', name, 'bin', file);
  if (!existsSync(executable)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
    run('npm', ['install', '--no-save', '--no-package-lock', `${name}@${major}`], {
      cwd: folder,
      shell: process.platform === 'win32',
    });
  }
  return executable;
}

function describe(executable) {
  const script = 'process.version + " with OpenSSL " + process.versions.openssl';
  const { stdout } = spawnSync(executable, ['-p', script], { encoding: 'utf8' });
  return stdout.trim();
}

const hash = () => createHash('sha256').update(readFileSync(addon)).digest('hex').slice(0, 16);

const args = process.argv.slice(2);
const majors = args.filter((each) => /^\d+$/.test(each));
const patterns = args.includes('--all') ? [] : CORE;
const before = hash();
for (const major of majors.length > 0 ? majors : ['22', '24', '26']) {
  const executable = obtain(major);
  console.log(`node-versions: ${describe(executable)}, addon ${before}`);
  const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  run(executable, [jest, '--silent', ...patterns], {
    cwd: root,
    env: {
      ...process.env,
      PATH: `${dirname(executable)}${delimiter}${process.env.PATH}`,
      // npm's variables name the Node that started this script.
      NODE: executable,
      npm_node_execpath: executable,
    },
  });
}
if (hash() !== before) throw new Error('node-versions: a test has replaced the addon');
console.log('node-versions: all passed with the same addon');
