// The gates read binaries of all systems; breaking one needs the one that this machine has made, an ELF file.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '..', '..');
const built = join(root, 'build', 'Release', 'onion_tls.node');
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
    const args = [script, '--binaries-only', '--folder', folder];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    return { status, said: stdout + stderr };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The addon of this checkout with one text of its tables replaced by another of the same length. */
function withText(from: string, to: string): Buffer {
  const bytes = readFileSync(built);
  const at = bytes.indexOf(`\0${from}\0`, 0, 'latin1');
  if (at < 0 || from.length !== to.length) throw new Error(`cannot replace ${from}`);
  bytes.write(to, at + 1, 'latin1');
  return bytes;
}

describe('the gates for prebuilt binaries', () => {
  test.each([
    ['an import that some Node lacks', 'SSL_CTX_new', 'SSL_trace_x', 'imports SSL_trace_x'],
    ['a library that is not on the list', 'libc.so.6', 'libz.so.6', 'needs the library libz.so.6'],
    ['a glibc above the floor', GLIBC, NO_GLIBC, `${NO_GLIBC}, above GLIBC_2.28`],
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

  test('refuse a binary for another machine', () => {
    const other = process.arch === 'x64' ? 'arm64' : 'x64';
    const { status, said } = check(readFileSync(built), `linux-${other}/onion-tls.glibc.node`);
    expect(said).toContain(`is for ${process.arch}`);
    expect(status).toBe(1);
  });

  test('refuse a binary above 400 KB', () => {
    const bytes = Buffer.concat([readFileSync(built), Buffer.alloc(400 * 1024)]);
    const { status, said } = check(bytes);
    expect(said).toMatch(/is \d+ KB, above 400/);
    expect(status).toBe(1);
  });

  test('find Node and OpenSSL in the imports of the addon as it is', () => {
    const { said } = check(readFileSync(built));
    expect(said).not.toMatch(/imports|exports|needs the library/);
  });
});
