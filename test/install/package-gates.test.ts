// The gates on the package: what npm would pack, what installing would start, and the licences.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runModule } from '../support/run-module';

const RULES = 'scripts/gates/package-rules.mjs';

describe('the gates for the package', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'onion-tls-package-'));
    writePackage('node_modules/uplot', { name: 'uplot', version: '1.0.0', license: 'MIT' });
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function write(path: string, text = ''): void {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }

  function writePackage(path: string, manifest: object): void {
    write(join(path, 'package.json'), JSON.stringify(manifest));
  }

  const problems = (statement: string): unknown =>
    runModule(RULES, folder, ['const packed = module.listPacked(input);', statement]);
  const contents = () => problems('return [...module.checkContents(packed)];');
  const scripts = () => problems('return [...module.checkScripts(input)];');
  const licences = () => problems('return [...module.checkLicences(input, packed)];');

  const usual = { name: 'onion-tls', version: '1.0.0', gypfile: false, dependencies: {} };

  test('refuse a file that is not on the list', () => {
    writePackage('.', usual);
    for (const path of ['dist/index.js', 'dist/key.pem', 'scripts/left-over.sh']) write(path);
    expect(contents()).toEqual(expect.arrayContaining(['contains dist/key.pem']));
    expect(contents()).toEqual(expect.arrayContaining(['contains scripts/left-over.sh']));
    expect(contents()).not.toEqual(expect.arrayContaining(['contains dist/index.js']));
  });

  test('refuse a file that makes package managers compile', () => {
    writePackage('.', usual);
    write('binding.gyp', '{}');
    expect(contents()).toEqual(expect.arrayContaining(['contains binding.gyp']));
  });

  test('miss what an installed package is compiled from', () => {
    writePackage('.', { ...usual, files: ['native'] });
    write('native/sources.gypi');
    const found = contents();
    expect(found).toEqual(
      expect.arrayContaining(['lacks scripts/compile.cjs', 'lacks native/addon.gypi']),
    );
    expect(found).not.toEqual(expect.arrayContaining(['lacks native/sources.gypi']));
  });

  test('refuse a package above 3 MB', () => {
    const found = runModule(RULES, { paths: [], size: 3 * 1024 * 1024 + 1 }, [
      'return [...module.checkContents(input)];',
    ]);
    expect(found).toContain('is 3145729 bytes packed, above 3145728');
  });

  test('refuse scripts that run when the package is installed', () => {
    writePackage('.', { ...usual, scripts: { postinstall: 'true', test: 'true' } });
    expect(scripts()).toEqual(['runs the script postinstall when it is installed']);
    writePackage('.', { ...usual, gypfile: undefined });
    expect(scripts()).toEqual([expect.stringContaining('"gypfile" is not false')]);
  });

  test('refuse licences that are not on the list, also of what a dependency brings along', () => {
    writePackage('.', { ...usual, dependencies: { a: '1' } });
    write('dist/cli/bench/page/vendor/LICENSE');
    writePackage('node_modules/a', { license: 'MIT', dependencies: { b: '1' } });
    writePackage('node_modules/b', { license: 'GPL-3.0-only' });
    expect(licences()).toEqual(['depends on b under GPL-3.0-only']);
  });

  test('miss the licence of what is inside', () => {
    writePackage('.', usual);
    write('prebuilds/win32-x64/onion-tls.node');
    expect(licences()).toEqual([
      'lacks dist/cli/bench/page/vendor/LICENSE',
      'lacks prebuilds/win32-x64/mingw-w64-copyright.txt',
    ]);
  });
});
