import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { MAJORS, obtainNode } from '../symbols/node-packages.mjs';
import { runInSandbox } from './sandbox.mjs';
import { addSource } from './stage.mjs';
import { obtainDebian11, obtainZig, zigCache } from './toolchains.mjs';

/** prebuildify and node-gyp run on Linux here, and compile against the oldest supported headers. */
const node = obtainNode(`linux-${process.arch}`, MAJORS[0]);

function prebuildify(...options) {
  const common = ['--napi', '--strip', '--target', node.version];
  return ['node', 'node_modules/prebuildify/bin.js', ...common, ...options];
}

const ENV = {
  PATH: '/usr/bin:/bin:/mnt/node/bin:/mnt/src/node_modules/.bin',
  npm_config_nodedir: '/mnt/node',
  npm_config_jobs: 'max',
  npm_config_loglevel: 'warn',
  SOURCE_DATE_EPOCH: '1',
};

function linuxX64(stage) {
  const options = { system: obtainDebian11(), stage, node: node.folder, env: ENV };
  runInSandbox(prebuildify('--tag-libc', '--arch', 'x64'), options);
}

function linuxArm64(stage) {
  const prefix = 'aarch64-linux-gnu-';
  const env = { ...ENV, CC: `${prefix}gcc`, CXX: `${prefix}g++`, AR: `${prefix}ar` };
  const options = { system: obtainDebian11(), stage, node: node.folder, env };
  runInSandbox(
    prebuildify('--tag-libc', '--arch', 'arm64', '--strip-bin', `${prefix}strip`),
    options,
  );
}

const linuxMusl = (arch) => (stage) => {
  const machine = arch === 'arm64' ? 'aarch64' : 'x86_64';
  const env = {
    ...ENV,
    CC: `/mnt/zig/zig cc -target ${machine}-linux-musl`,
    CXX: `/mnt/zig/zig c++ -target ${machine}-linux-musl`,
    AR: '/mnt/zig/zig ar',
    ZIG_GLOBAL_CACHE_DIR: '/mnt/zig-cache',
    ZIG_LOCAL_CACHE_DIR: '/mnt/zig-cache',
  };
  const mounts = [
    [obtainZig(), '/mnt/zig'],
    [zigCache(), '/mnt/zig-cache'],
  ];
  addSource(stage, 'scripts/prebuild/runtime.cc');
  // zig has all that it compiles against, so the system may be any.
  const options = { system: null, stage, node: node.folder, env, mounts };
  const strip = ['--strip-bin', `${machine}-linux-gnu-strip`];
  runInSandbox(prebuildify('--tag-libc', '--libc', 'musl', '--arch', arch, ...strip), options);
};

function win32X64(stage) {
  const windows = obtainNode('win32-x64', MAJORS[0]);
  const options = {
    system: null,
    stage,
    node: node.folder,
    env: { ...ENV, ONION_TLS_NODE_EXE: '/mnt/windows/bin/node.exe' },
    mounts: [[windows.folder, '/mnt/windows']],
  };
  const script = '/mnt/src/scripts/prebuild/win32/build.mjs';
  const args = ['--platform', 'win32', '--arch', 'x64', '--node-gyp', script];
  runInSandbox(prebuildify(...args, '--strip-bin', 'x86_64-w64-mingw32-strip'), options);
  const licence = join(stage, 'prebuilds', 'win32-x64', 'mingw-w64-copyright.txt');
  cpSync('/usr/share/doc/mingw-w64-common/copyright', licence);
}

export const TARGETS = new Map([
  ['linux-x64', linuxX64],
  ['linux-arm64', linuxArm64],
  ['linux-x64-musl', linuxMusl('x64')],
  ['linux-arm64-musl', linuxMusl('arm64')],
  ['win32-x64', win32X64],
]);

/** What one Debian 12 machine on x64 makes and runs; the release workflow makes the others where they run. */
export const USUAL = [...TARGETS.keys()].filter((name) => name !== 'linux-arm64-musl');
