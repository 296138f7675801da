// The package under every supported Node, on each kind of machine that can be had on this one.
import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { obtainDebian11, obtainDebian13 } from '../prebuild/toolchains.mjs';
import { cache, MAJORS, obtainNode } from '../symbols/node-packages.mjs';
import { expectEcho, install, mustRun, run } from './run.mjs';

const QEMU = ['qemu-aarch64-static', '-L', '/usr/aarch64-linux-gnu'];

function nodeX64(major) {
  return (tarball) => {
    const { executable } = obtainNode('linux-x64', major);
    const { folder, env, seconds } = install(`node${major}`, tarball, { node: executable });
    const line = expectEcho(mustRun(executable, ['echo.cjs'], { cwd: folder, env }));
    return `${line}; installed in ${seconds} s`;
  };
}

/** The oldest that "engines" in package.json lets in; the npm of today does not run on it. */
function oldestNode(tarball) {
  const { folder } = install('oldest-node', tarball);
  const { executable } = obtainNode('linux-x64', '20.0.0');
  return expectEcho(mustRun(executable, ['echo.cjs'], { cwd: folder }));
}

function nodeArm64(major) {
  return (tarball) => {
    const { executable } = obtainNode('linux-arm64', major);
    const { folder } = install(`arm64-${major}`, tarball);
    const [command, ...args] = QEMU;
    return expectEcho(mustRun(command, [...args, executable, 'echo.cjs'], { cwd: folder }));
  };
}

/** Runs the echo inside another system, by a Node of ours or the one that it has. */
function inSystem(name, obtainSystem, major) {
  return (tarball) => {
    const { folder } = install(name, tarball);
    const args = ['--ro-bind', obtainSystem(), '/', '--proc', '/proc', '--dev', '/dev'];
    args.push('--tmpfs', '/mnt', '--ro-bind', folder, '/mnt/app');
    if (major) args.push('--ro-bind', obtainNode('linux-x64', major).folder, '/mnt/node');
    const node = major ? '/mnt/node/bin/node' : 'node';
    args.push('--unshare-pid', '--die-with-parent', node, '/mnt/app/echo.cjs');
    return expectEcho(mustRun('bwrap', args));
  };
}

/** Node refuses a Windows before 10. Stopping the server properly keeps what it has set up. */
const IN_WINE = `
[ -e "$WINEPREFIX/system.reg" ] || wineboot --init
wine reg add 'HKCU\\Software\\Wine' /v Version /d win10 /f
wine "$1" echo.cjs result.txt
wineserver --kill
`;

/**
 * Runs the echo in the system that has wine 10, with a Windows of its own that is kept.
 * Node ends at once there when its standard output is a pipe.
 */
function runInWine(folder, executable) {
  const windows = join(cache, 'wine-10');
  mkdirSync(windows, { recursive: true });
  const sandbox = ['--bind', obtainDebian13(), '/', '--proc', '/proc', '--dev', '/dev'];
  sandbox.push('--tmpfs', '/mnt', '--tmpfs', '/tmp', '--bind', windows, '/mnt/windows');
  sandbox.push('--bind', folder, '/mnt/app', '--chdir', '/mnt/app', '--die-with-parent');
  sandbox.push('--setenv', 'WINEPREFIX', '/mnt/windows', '--setenv', 'WINEDEBUG', '-all');
  const command = ['sh', '-c', IN_WINE, 'sh', executable];
  run('bwrap', [...sandbox, '--unshare-pid', ...command], { stdio: 'ignore' });
}

function wineX64(major, name = 'node.exe') {
  return (tarball) => {
    const { folder } = install(`wine-${major}`, tarball);
    cpSync(obtainNode('win32-x64', major).executable, join(folder, name));
    runInWine(folder, name);
    const result = join(folder, 'result.txt');
    if (!existsSync(result)) throw new Error('Node wrote no result');
    return expectEcho(readFileSync(result, 'utf8'));
  };
}

export const nodeCases = [
  ...MAJORS.map((major) => [`node-${major}`, nodeX64(major)]),
  ['node-20.0.0', oldestNode],
  ...MAJORS.map((major) => [`debian11-node-${major}`, inSystem('debian11', obtainDebian11, major)]),
  // Linked with the system's OpenSSL, as distributions do.
  ['debian13-own-node', inSystem('debian13', obtainDebian13)],
  ...MAJORS.map((major) => [`arm64-node-${major}`, nodeArm64(major)]),
  ...MAJORS.map((major) => [`win32-node-${major}`, wineX64(major)]),
  ['win32-renamed-executable', wineX64('22', 'renamed.exe')],
];
