// The compiled package as a program loads it, from folders and with binaries that are not as usual.
// Each runs in a process of its own: what has to be seen is that it goes on.
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { builtAddon, withText } from '../support/broken-addons';

const root = join(__dirname, '..', '..');

const LOAD = `
  try {
    require('onion-tls').createSecureContext();
    console.log('works');
  } catch (error) {
    console.log(error.name, error.code);
  }
  console.log('goes on');
`;

describe('loading the package', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'onion-tls-load-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** An installed package, with this binary. */
  function installPackage(target: string, addon: Buffer = readFileSync(builtAddon)): void {
    mkdirSync(join(target, 'build', 'Release'), { recursive: true });
    writeFileSync(join(target, 'build', 'Release', 'onion_tls.node'), addon);
    for (const path of ['dist', 'package.json']) {
      cpSync(join(root, path), join(target, path), { recursive: true });
    }
    symlinkSync(join(root, 'node_modules'), join(target, 'node_modules'));
  }

  function runNode(program: string, args: string[] = [], cwd = folder): string[] {
    const { status, signal, stdout, stderr } = spawnSync(
      process.execPath,
      [...args, '-e', program],
      {
        cwd,
        encoding: 'utf8',
      },
    );
    expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: '' });
    return stdout.trim().split('\n');
  }

  test.each([
    ['a function of OpenSSL', 'SSL_CTX_new', 'SSL_CTX_xyz', 'ERR_ONION_RUNTIME'],
    ['a function of Node-API', 'napi_throw', 'napi_thraw', 'ERR_ONION_RUNTIME'],
    ['a function of the C++ library', '_Znwm', '_Znwx', 'ERR_ONION_NO_BINARY'],
    ['a library', 'libstdc++.so.6', 'libstdc++.so.9', 'ERR_ONION_NO_BINARY'],
  ])('gives a typed error where %s is missing', (_, from, to, code) => {
    installPackage(join(folder, 'node_modules', 'onion-tls'), withText(from, to));
    expect(runNode(LOAD)).toEqual([`AddonError ${code}`, 'goes on']);
  });

  test('gives a typed error where the binary is for another machine', () => {
    const addon = readFileSync(builtAddon);
    // e_machine, see elf(5): 0 is no machine.
    addon.writeUInt16LE(0, 18);
    installPackage(join(folder, 'node_modules', 'onion-tls'), addon);
    expect(runNode(LOAD)).toEqual(['AddonError ERR_ONION_NO_BINARY', 'goes on']);
  });

  test('gives a typed error where Node loads no addons', () => {
    installPackage(join(folder, 'node_modules', 'onion-tls'));
    expect(runNode(LOAD, ['--no-addons'])).toEqual(['AddonError ERR_ONION_RUNTIME', 'goes on']);
  });

  test('gives a typed error in Electron', () => {
    installPackage(join(folder, 'node_modules', 'onion-tls'));
    const electron = `const versions = { ...process.versions, electron: '40.0.0' };
      Object.defineProperty(process, 'versions', { value: versions });`;
    expect(runNode(electron + LOAD)).toEqual(['AddonError ERR_ONION_RUNTIME', 'goes on']);
  });

  test('works in a folder with spaces and other letters in its name', () => {
    const odd = join(folder, 'mit Leerzeichen & Umläuten 洋葱');
    installPackage(join(odd, 'node_modules', 'onion-tls'));
    expect(runNode(LOAD, [], odd)).toEqual(['works', 'goes on']);
  });

  test('works through symbolic links, as pnpm makes them', () => {
    installPackage(join(folder, 'store', 'onion-tls@1', 'node_modules', 'onion-tls'));
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(
      join('..', 'store', 'onion-tls@1', 'node_modules', 'onion-tls'),
      join(folder, 'node_modules', 'onion-tls'),
    );
    for (const flag of ['--no-preserve-symlinks', '--preserve-symlinks']) {
      expect(runNode(LOAD, [flag])).toEqual(['works', 'goes on']);
    }
  });

  test('works in worker threads and as an ES module, two copies beside one another', () => {
    installPackage(join(folder, 'node_modules', 'onion-tls'));
    installPackage(join(folder, 'other', 'node_modules', 'onion-tls'));
    mkdirSync(join(folder, 'other'), { recursive: true });
    const program = `
      import * as onion from 'onion-tls';
      import { Worker, isMainThread } from 'node:worker_threads';
      onion.createSecureContext();
      console.log(isMainThread ? 'main' : 'worker', typeof onion.default.OnionSocket);
      if (isMainThread && process.argv[2]) new Worker(new URL(process.argv[2], import.meta.url));
    `;
    for (const place of [folder, join(folder, 'other')]) {
      writeFileSync(join(place, 'program.mjs'), program);
    }
    const load = `import(${JSON.stringify(join(folder, 'program.mjs'))})`;
    const lines = runNode(`process.argv[2] = './other/program.mjs'; ${load}`);
    expect(lines).toEqual(['main function', 'worker function']);
  });
});
