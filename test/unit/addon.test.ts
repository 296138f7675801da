import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { native } from '../../src/load-addon';

const root = join(__dirname, '..', '..');
const binary = require('node-gyp-build').path(root) as string;

/** The names after a type in the dynamic section of an ELF file, as readelf would list them (System V ABI, chapter 5). */
function elfNeeded(path: string): string[] {
  const file = readFileSync(path);
  const sectionTable = Number(file.readBigUInt64LE(0x28));
  const [entrySize, count] = [file.readUInt16LE(0x3a), file.readUInt16LE(0x3c)];
  const sections = Array.from({ length: count }, (_, index) => {
    const at = sectionTable + index * entrySize;
    return {
      type: file.readUInt32LE(at + 4),
      offset: Number(file.readBigUInt64LE(at + 24)),
      size: Number(file.readBigUInt64LE(at + 32)),
      link: file.readUInt32LE(at + 40),
    };
  });
  const dynamic = sections.find((section) => section.type === 6);
  if (dynamic === undefined) throw new Error('no dynamic section');
  const names = sections[dynamic.link]?.offset ?? 0;
  const needed: string[] = [];
  for (let at = dynamic.offset; at < dynamic.offset + dynamic.size; at += 16) {
    if (file.readBigInt64LE(at) !== 1n) continue;
    const start = names + Number(file.readBigUInt64LE(at + 8));
    needed.push(file.toString('latin1', start, file.indexOf(0, start)));
  }
  return needed;
}

describe('the addon', () => {
  test("runs on Node's own OpenSSL", () => {
    expect(native.opensslVersion).toContain(process.versions.openssl);
    expect(native.opensslMajor).toBe(native.opensslCompiledMajor);
  });

  test('counts the native objects that are alive', () => {
    expect(native.liveObjects()).toEqual({
      chains: expect.any(Number),
      engines: expect.any(Number),
      contexts: expect.any(Number),
    });
  });

  test('loads in a process of its own and ends with it', () => {
    const script = `require(${JSON.stringify(binary)}).liveObjects().chains`;
    expect(execFileSync(process.execPath, ['-p', script], { encoding: 'utf8' }).trim()).toBe('0');
  });
});

const onLinux = process.platform === 'linux' ? describe : describe.skip;

onLinux('the binary', () => {
  test('links no libssl or libcrypto', () => {
    const needed = elfNeeded(binary);
    expect(needed).toContain('libc.so.6');
    expect(needed.filter((name) => /ssl|crypto/.test(name))).toEqual([]);
  });
});
