// musl: npm has a Node for it inside pnpm's stand-alone executable, a Node 26 that runs the file
// dist/pnpm.mjs beside it. It wants a libstdc++ for musl, which Debian does not have; Debian's own
// does with a little help (musl/glibc_for_musl.c).
import { chmodSync, copyFileSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { unpackPackage } from '../symbols/node-packages.mjs';
import { expectEcho, install, makeFolder, mustRun, root } from './run.mjs';

const NODE_FOR_MUSL = '@pnpm/linuxstatic-x64@11';
const HELP = join(root, 'scripts', 'install-tests', 'musl', 'glibc_for_musl.c');

function libraryOfGcc(name) {
  return realpathSync(mustRun('g++', [`-print-file-name=${name}`]).trim());
}

/** The libraries that the executable asks for, in a folder. */
function makeLibraries(folder) {
  mkdirSync(folder);
  for (const name of ['libstdc++.so.6', 'libgcc_s.so.1']) {
    copyFileSync(libraryOfGcc(name), join(folder, name));
  }
  const share = ['-shared', '-fPIC', '-O1'];
  const help = join(folder, 'glibc_for_musl.so');
  mustRun('musl-gcc', [...share, '-Wall', '-Werror', '-o', help, HELP]);
  // Debian's libraries name glibc's loader; an empty library satisfies them.
  const loader = 'ld-linux-x86-64.so.2';
  const empty = ['-x', 'c', '/dev/null', `-Wl,-soname,${loader}`, '-o', join(folder, loader)];
  mustRun('musl-gcc', [...share, ...empty]);
  return help;
}

function muslNode26(tarball) {
  const { folder } = install('musl', tarball);
  const node = makeFolder('musl-node');
  copyFileSync(join(unpackPackage(NODE_FOR_MUSL), 'pnpm'), join(node, 'pnpm'));
  chmodSync(join(node, 'pnpm'), 0o755);
  const help = makeLibraries(join(node, 'lib'));
  mkdirSync(join(node, 'dist'));
  const program = `import ${JSON.stringify(pathToFileURL(join(folder, 'echo.cjs')))};\n`;
  writeFileSync(join(node, 'dist', 'pnpm.mjs'), program);
  const env = {
    ...process.env,
    LD_LIBRARY_PATH: join(node, 'lib'),
    LD_PRELOAD: help,
    // How node-gyp-build is told, where there is no /etc/alpine-release.
    LIBC: 'musl',
  };
  return `${expectEcho(mustRun(join(node, 'pnpm'), [], { cwd: folder, env }))}, musl`;
}

export const muslCases = [['musl-node-26', muslNode26]];
