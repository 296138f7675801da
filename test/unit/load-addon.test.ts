import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AddonError } from '../../src/errors';
import { type Host, loadAddon, native, OPENSSL_MAJOR } from '../../src/load-addon';

const addon = { opensslMajor: 3, opensslCompiledMajor: 3, opensslVersion: '3.0.0' };
const usual: Host = { versions: {}, root: join(__dirname, '..', '..'), load: () => addon };

function refusalOf(host: Partial<Host>): AddonError {
  try {
    loadAddon({ ...usual, ...host });
  } catch (error) {
    if (error instanceof AddonError) return error;
  }
  throw new Error('it was not refused with an AddonError');
}

/** Loading fails with this message. */
function fails(message: string): Host['load'] {
  return () => {
    throw new Error(message);
  };
}

describe('loadAddon', () => {
  test('returns an addon that fits', () => {
    expect(loadAddon(usual)).toBe(addon);
  });

  test('knows which OpenSSL the addon is made for', () => {
    expect(OPENSSL_MAJOR).toBe(native.opensslCompiledMajor);
  });

  test.each([
    ['bun', 'Bun'],
    ['deno', 'Deno'],
    ['electron', 'Electron'],
  ])('refuses %s before the addon is loaded', (key, name) => {
    const load = jest.fn();
    const error = refusalOf({ versions: { [key]: '1.0.0' }, load });
    expect(load).not.toHaveBeenCalled();
    expect(error.code).toBe('ERR_ONION_RUNTIME');
    expect(error.message).toContain(`does not run in ${name}`);
  });

  test('refuses a bundle before the addon of another package is loaded', () => {
    const load = jest.fn();
    const error = refusalOf({ root: tmpdir(), load });
    expect(load).not.toHaveBeenCalled();
    expect(error.code).toBe('ERR_ONION_NO_BINARY');
    expect(error.message).toContain('tell the bundler');
  });

  test.each([
    '/x/onion-tls.glibc.node: undefined symbol: SSL_CTX_new',
    'Error relocating /x/onion-tls.musl.node: napi_throw: symbol not found',
    "dlopen(/x/onion_tls.node, 0x0001): symbol not found in flat namespace '_SSL_CTX_new'",
    'dlopen(/x/onion_tls.node, 1): Symbol not found: _d2i_X509',
    '\\\\?\\C:\\x\\onion-tls.node: The specified procedure could not be found.',
    '\\\\?\\C:\\x\\onion-tls.node: A dynamic link library (DLL) initialization routine failed.',
  ])('says what to do when the runtime lacks OpenSSL: %s', (message) => {
    const error = refusalOf({ load: fails(message) });
    expect(error.code).toBe('ERR_ONION_RUNTIME');
    expect(error.message).toContain('use a build from nodejs.org');
  });

  test.each([
    'No native build was found for platform=x',
    "/lib/libc.so.6: version `GLIBC_2.28' not found (required by /x/onion-tls.glibc.node)",
    'Error relocating /x/onion-tls.glibc.node: __memcpy_chk: symbol not found',
    '/x/onion_tls.node: undefined symbol: _ZSt4cout',
    "dlopen(/x/onion_tls.node, 0x0001): symbol not found in flat namespace '__ZSt4cout'",
  ])('says what to install when no binary fits the machine: %s', (message) => {
    const error = refusalOf({ load: fails(message) });
    expect(error.code).toBe('ERR_ONION_NO_BINARY');
    expect(error.message).toMatch(
      /install a C\+\+20 compiler, make and Python 3, then run: node "/,
    );
    expect(error.message).toContain(join('scripts', 'compile.cjs'));
    expect(error.message).toContain(message);
  });

  test('refuses another major version of OpenSSL', () => {
    const load = () => ({ ...addon, opensslMajor: 4, opensslVersion: '4.0.1' });
    const error = refusalOf({ load });
    expect(error.code).toBe('ERR_ONION_OPENSSL_VERSION');
    expect(error.message).toContain('4.0.1');
  });

  test('refuses a newer major version of OpenSSL that the addon cannot be loaded into', () => {
    const load = fails('/x/onion-tls.glibc.node: undefined symbol: SSL_CTX_new');
    const error = refusalOf({ versions: { openssl: '4.0.1' }, load });
    expect(error.code).toBe('ERR_ONION_OPENSSL_VERSION');
    expect(error.message).toContain('4.0.1');
  });

  test('says which options let a Node without addons have this one', () => {
    const load = () => {
      throw Object.assign(new Error('disabled'), { code: 'ERR_DLOPEN_DISABLED' });
    };
    const error = refusalOf({ load });
    expect(error.code).toBe('ERR_ONION_RUNTIME');
    expect(error.message).toContain('--allow-addons');
  });
});
