// Runtimes that are not Node, and load its addons without having its OpenSSL: they get an error that
// says what to do when they load the package, and the process goes on.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unpackPackage } from '../symbols/node-packages.mjs';
import { install, mustRun } from './run.mjs';

const PROGRAM = `
try {
  require('onion-tls');
  console.log('loaded');
} catch (error) {
  console.log(error.code + ': ' + error.message);
}
console.log('still here');
`;

function refusedBy(spec, file, ...args) {
  return (tarball) => {
    const { folder } = install('runtime', tarball);
    writeFileSync(join(folder, 'load.cjs'), PROGRAM);
    const executable = join(unpackPackage(spec), file);
    const output = mustRun(executable, [...args, 'load.cjs'], { cwd: folder });
    const [message] = output.match(/^ERR_ONION_RUNTIME: .*$/m) ?? [];
    if (!message || !output.includes('still here')) throw new Error(`not refused:\n${output}`);
    return message;
  };
}

export const runtimeCases = [
  ['bun', refusedBy('@oven/bun-linux-x64@1', 'bin/bun')],
  ['deno', refusedBy('@deno/linux-x64-glibc@2', 'deno', 'run', '--allow-all')],
];
