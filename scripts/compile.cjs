// Compiles the addon for this machine. `npm ci` in a checkout runs it; in an installed package it is
// for machines that no binary is made for, and the error at load names it.
const { spawnSync } = require('node:child_process');
const { existsSync, writeFileSync } = require('node:fs');
const { dirname, join } = require('node:path');

const COMPILERS = {
  linux: [
    '  Debian, Ubuntu:  apt-get install g++ make python3',
    '  Fedora, RHEL:    dnf install gcc-c++ make python3',
    '  Alpine:          apk add g++ make python3',
  ],
  darwin: ['  xcode-select --install'],
  win32: [
    '  Visual Studio 2022 Build Tools with "Desktop development with C++", and Python 3',
    '  (winget install Microsoft.VisualStudio.2022.BuildTools Python.Python.3.13)',
  ],
};

const root = dirname(__dirname);

function runNodeGyp() {
  const options = { cwd: root, stdio: 'inherit' };
  const own = join(root, 'node_modules', 'node-gyp', 'bin', 'node-gyp.js');
  if (existsSync(own)) return spawnSync(process.execPath, [own, 'configure', 'build'], options);
  // Node 20 needs this version; npx is a script of the shell on Windows.
  const args = ['--yes', 'node-gyp@12', 'configure', 'build'];
  return spawnSync('npx', args, { ...options, shell: process.platform === 'win32' });
}

function explain() {
  const lines = [
    '',
    `onion-tls: the addon could not be compiled (${process.platform}-${process.arch}, Node.js ${process.versions.node}).`,
    'It takes a C++20 compiler, make and Python 3:',
    ...(COMPILERS[process.platform] ?? ['  a C++20 compiler, make and python3']),
    `Then run this again: node "${__filename}"`,
    "The compiler's own messages, or those of the search for one, are above.",
    '',
  ];
  process.stderr.write(`${lines.join('\n')}\n`);
}

const description = join(root, 'binding.gyp');
if (!existsSync(description)) writeFileSync(description, "{ 'includes': ['native/addon.gypi'] }\n");
if (runNodeGyp().status !== 0) {
  explain();
  process.exitCode = 1;
}
