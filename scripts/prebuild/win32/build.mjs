#!/usr/bin/env node
// Stands in for node-gyp when prebuildify asks for win32-x64 on Linux: compiles the addon with
// MinGW into build/Release. Reads the source list and the defines from where node-gyp has them.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { readBinary } from '../../symbols/binary.mjs';

const OUTPUT = 'build/Release';
const PREFIX = 'x86_64-w64-mingw32-';
const NODE_API = /^(napi|node_api)_/;

const COMPILE = [
  ...['-std=c++20', '-O2', '-Wall', '-Wextra', '-Werror', '-fno-exceptions', '-fno-rtti'],
  ...['-fvisibility=hidden', '-ffunction-sections', '-fdata-sections'],
  ...['-DWIN32_LEAN_AND_MEAN', '-DNOMINMAX', '-D_WIN32_WINNT=0x0A00', '-DBUILDING_NODE_EXTENSION'],
  // OpenSSL's headers ask for the processor by Microsoft's macros, which this one defines.
  ...['-include', '_mingw.h'],
  ...['-Inative', '-Inode_modules/node-addon-api', '-isystem', '/mnt/node/include/node'],
];
const LINK = [
  ...['-shared', '-static', '-Wl,--gc-sections', '-Wl,--exclude-all-symbols'],
  ...['-Wl,--dynamicbase', '-Wl,--nxcompat', '-Wl,--high-entropy-va'],
  // The time of the build would make each one differ.
  '-Wl,--no-insert-timestamp',
];

function run(command, args, cwd = '.') {
  console.log(`${command} ${args.at(-1)}`);
  const { status, error } = spawnSync(command, args, { cwd, stdio: 'inherit' });
  if (error) throw new Error(`${command}: ${error.message} (Debian package: g++-mingw-w64)`);
  if (status !== 0) throw new Error(`failed: ${command} ${args.join(' ')}`);
}

function quoted(file, pattern) {
  return [...readFileSync(file, 'utf8').matchAll(pattern)].map(([, text]) => text);
}

/** An import library of what every Node has; a call to anything else fails to link. */
function makeImportLibrary() {
  const allowed = new Set(readFileSync('native/symbols/openssl.txt', 'utf8').split('\n'));
  const { exports } = readBinary(readFileSync(process.env.ONION_TLS_NODE_EXE));
  const names = exports.filter((name) => allowed.has(name) || NODE_API.test(name));
  writeFileSync(`${OUTPUT}/node.def`, `NAME node.exe\nEXPORTS\n${names.join('\n')}\n`);
  // dlltool names its symbols after the path that it is given: delay_load.cc knows "libnode.a".
  const args = ['--machine', 'i386:x86-64', '--input-def', 'node.def'];
  run(`${PREFIX}dlltool`, [...args, '--output-delaylib', 'libnode.a'], OUTPUT);
  return `${OUTPUT}/libnode.a`;
}

function compile(source, defines) {
  const object = `${OUTPUT}/${basename(source, '.cc')}.o`;
  run(`${PREFIX}g++-posix`, [...COMPILE, ...defines, '-o', object, '-c', source]);
  return object;
}

/**
 * Puts the delayed imports into the image's directory, as Microsoft's linker does and binutils 2.40
 * does not: without it no tool can tell what the addon needs of Node.
 */
function announceDelayedImports(file) {
  const { stdout } = spawnSync(`${PREFIX}nm`, [file], { encoding: 'utf8' });
  const [, address] = stdout.match(/^(\w+) \w __DELAY_IMPORT_DESCRIPTOR_libnode_a$/m);
  const bytes = readFileSync(file);
  const optionalHeader = bytes.readUInt32LE(0x3c) + 24;
  const base = bytes.readBigUInt64LE(optionalHeader + 24);
  const entry = optionalHeader + 112 + 13 * 8;
  bytes.writeUInt32LE(Number(BigInt(`0x${address}`) - base), entry);
  bytes.writeUInt32LE(32, entry + 4);
  writeFileSync(file, bytes);
}

mkdirSync(OUTPUT, { recursive: true });
const defines = quoted('native/addon.gypi', /^ {8}'(\w+(?:=\w+)?)',$/gm)
  .filter((name) => /^(NAPI|NODE|OPENSSL)_/.test(name))
  .map((name) => `-D${name}`);
const sources = quoted('native/sources.gypi', /'(native\/[^']+\.cc)'/g);
const own = ['scripts/prebuild/win32/delay_load.cc', 'scripts/prebuild/runtime.cc'];
const objects = [...own, ...sources].map((source) =>
  compile(source, [...defines, '-DNODE_GYP_MODULE_NAME=onion_tls']),
);
const library = makeImportLibrary();
const addon = `${OUTPUT}/onion_tls.node`;
run(`${PREFIX}g++-posix`, [...LINK, ...objects, library, '-o', addon]);
announceDelayedImports(addon);
