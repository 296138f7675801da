import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { native } from '../../src/load-addon';

const root = join(__dirname, '..', '..');
const binary = require('node-gyp-build').path(root) as string;

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
