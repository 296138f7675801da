// The gates on binaries, each seen to close: breaking one needs the one that this machine has made, an ELF file.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  builtAddon,
  withExecutableStack,
  withFewOpensslImports,
  withLazyBinding,
  withoutRelro,
  withoutStackHeader,
  withText,
} from '../support/broken-addons';
import { runModule } from '../support/run-module';

const root = join(__dirname, '..', '..');
/** What every addon asks of glibc, by when the machine came to it. */
const GLIBC = process.arch === 'x64' ? 'GLIBC_2.4' : 'GLIBC_2.17';
const NO_GLIBC = GLIBC.replace('2.', '9.');

/** Runs the gates over one binary and gives their status and what they say about it. */
function check(bytes: Buffer, file = `linux-${process.arch}/onion-tls.glibc.node`) {
  const folder = mkdtempSync(join(tmpdir(), 'onion-tls-gates-'));
  try {
    mkdirSync(join(folder, file, '..'), { recursive: true });
    writeFileSync(join(folder, file), bytes);
    const script = join(root, 'scripts', 'check-prebuilds.mjs');
    const args = [script, '--binaries-only', '--folder', folder, '--require', 'linux-ia32'];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    return { status, said: stdout + stderr };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('the gates for prebuilt binaries', () => {
  test.each([
    ['an import that some Node lacks', 'SSL_CTX_new', 'SSL_trace_x', 'imports SSL_trace_x'],
    ['a library that is not on the list', 'libc.so.6', 'libz.so.6', 'needs the library libz.so.6'],
    ['an OpenSSL beside the one in Node', 'libc.so.6', 'libssl.so', 'needs the library libssl.so'],
    ['a glibc above the floor', GLIBC, NO_GLIBC, `${NO_GLIBC}, above GLIBC_2.28`],
    ['a C++ library above the floor', 'GLIBCXX_3.4', 'GLIBCXX_9.4', 'GLIBCXX_9.4, above'],
    ['a version of nothing known', 'CXXABI_1.3', 'CXXABO_1.3', 'CXXABO_1.3, which has no floor'],
    [
      'an export of something else',
      'napi_register_module_v1',
      'napi_register_module_v2',
      'exports',
    ],
  ])('refuse %s', (_, from, to, message) => {
    const { status, said } = check(withText(from, to));
    expect(said).toContain(message);
    expect(status).toBe(1);
  });

  test.each([
    ['that binds at the first call', withLazyBinding, 'is not linked with -z now'],
    ['that can be written to once bound', withoutRelro, 'is not linked with -z relro'],
    ['with an executable stack', withExecutableStack, 'has an executable stack'],
    ['that says nothing of its stack', withoutStackHeader, 'has an executable stack'],
    ['with an OpenSSL inside', withFewOpensslImports, /imports only \d+ symbols of OpenSSL/],
  ])('refuse a binary %s', (_, make, message) => {
    const { status, said } = check(make());
    expect(said).toMatch(message);
    expect(status).toBe(1);
  });

  test('refuse a binary for another machine', () => {
    const other = process.arch === 'x64' ? 'arm64' : 'x64';
    const { status, said } = check(readFileSync(builtAddon), `linux-${other}/onion-tls.glibc.node`);
    expect(said).toContain(`is for ${process.arch}`);
    expect(status).toBe(1);
  });

  test('refuse a binary above 400 KB', () => {
    const { status, said } = check(
      Buffer.concat([readFileSync(builtAddon), Buffer.alloc(400 * 1024)]),
    );
    expect(said).toMatch(/is \d+ KB, above 400/);
    expect(status).toBe(1);
  });

  test('find Node and OpenSSL in the imports of the addon as it is, and nothing else of note', () => {
    const { said } = check(readFileSync(builtAddon));
    expect(said).not.toMatch(/imports|exports|needs the library|is not|has an/);
  });

  test('miss the binary that is not there', () => {
    const { status, said } = check(readFileSync(builtAddon));
    expect(said).toContain('prebuilds lack linux-ia32');
    expect(status).toBe(1);
  });
});

describe('the gates for binaries of other systems', () => {
  const exports = ['napi_register_module_v1', 'node_api_module_get_api_version_v1'];
  const names = Array.from({ length: 60 }, (_, index) => `SSL_f${index}`);
  const listed = [...names, 'd2i_X509'];

  const windows = {
    format: 'pe',
    arch: 'x64',
    hasAslr: true,
    hasDep: true,
    exports,
    imports: [{ library: 'kernel32.dll', names: ['Sleep'] }],
    delayedImports: [{ library: 'node.exe', names }],
  };
  const macos = {
    format: 'mach-o',
    arch: 'x64',
    bindsLazily: false,
    needed: ['/usr/lib/libSystem.B.dylib', '/usr/lib/libc++.1.dylib'],
    exports,
    imports: [...names, 'memcpy', '_Znwm'],
  };
  const musl = {
    format: 'elf',
    arch: 'x64',
    isBoundNow: true,
    hasRelro: true,
    hasExecutableStack: false,
    needed: ['libc.so'],
    exports,
    imports: [...names, 'memcpy'].map((name) => ({ name, version: null })),
  };

  /** What the gates say about a binary of which this has been read. */
  function problemsOf(binary: object, platform: string): unknown {
    const target = { platform, arch: 'x64', libc: platform === 'linux' ? 'musl' : null };
    return runModule('scripts/gates/binary-rules.mjs', { binary, target, listed }, [
      'return [...module.checkBinary(input.binary, 1000, input.target, new Set(input.listed))]',
    ]);
  }

  test('let pass what is as it should be', () => {
    expect(problemsOf(windows, 'win32')).toEqual([]);
    expect(problemsOf(macos, 'darwin')).toEqual([]);
    expect(problemsOf(musl, 'linux')).toEqual([]);
  });

  const imports = (name: string) => [`imports ${name}, which is not in native/symbols/openssl.txt`];
  const needs = (library: string) => [`needs the library ${library}`];
  const runtime = { library: 'vcruntime140.dll', names: ['memcpy'] };
  const late = { library: 'user32.dll', names: ['MessageBoxW'] };
  const node = { library: 'node.exe', names: [...names, 'SSL_trace'] };
  const macosSsl = '/usr/lib/libssl.dylib';

  test.each<[string, string, object, string[]]>([
    ['no ASLR', 'win32', { ...windows, hasAslr: false }, ['cannot be moved in memory (no ASLR)']],
    ['no DEP', 'win32', { ...windows, hasDep: false }, ['allows code on its stack (no DEP)']],
    ["Visual C++'s library", 'win32', { ...windows, imports: [runtime] }, needs(runtime.library)],
    [
      'another library at the first call',
      'win32',
      { ...windows, delayedImports: [...windows.delayedImports, late] },
      ['loads user32.dll late'],
    ],
    ['SSL_trace', 'win32', { ...windows, delayedImports: [node] }, imports('SSL_trace')],
    [
      'lazy binding',
      'darwin',
      { ...macos, bindsLazily: true },
      ['is not linked with -bind_at_load'],
    ],
    ['a libssl', 'darwin', { ...macos, needed: [macosSsl] }, needs(macosSsl)],
    ['SSL_trace', 'darwin', { ...macos, imports: node.names }, imports('SSL_trace')],
    ['d2i_X', 'darwin', { ...macos, imports: [...names, 'd2i_X'] }, imports('d2i_X')],
    ['a C++ library', 'linux', { ...musl, needed: ['libstdc++.so.6'] }, needs('libstdc++.so.6')],
    [
      'd2i_X',
      'linux',
      { ...musl, imports: [...musl.imports, { name: 'd2i_X', version: null }] },
      imports('d2i_X'),
    ],
    [
      'one more export',
      'linux',
      { ...musl, exports: [...exports, 'main'] },
      [`exports ${exports.join(', ')}, main`],
    ],
  ])('refuse %s on %s', (_, platform, binary, problems) => {
    expect(problemsOf(binary, platform)).toEqual(problems);
  });
});
