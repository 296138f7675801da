// What the npm package has inside that is not onion-tls, beside its dependencies: the licences gate
// and the SBOM read this list, prebuilds/README.md says the same in words.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** From npm, copied into dist/ with their licences. */
const COPIED = [{ name: 'uplot', licenceFile: 'dist/cli/bench/page/vendor/LICENSE' }];

/** Parts of compilers' own libraries that are linked into binaries. */
const LINKED = [
  { name: 'libc++', license: 'Apache-2.0 WITH LLVM-exception', into: 'linux-*-musl' },
  { name: 'libc++abi', license: 'Apache-2.0 WITH LLVM-exception', into: 'linux-*-musl' },
  { name: 'libstdc++', license: 'GPL-3.0-or-later WITH GCC-exception-3.1', into: 'win32-x64' },
  {
    name: 'mingw-w64',
    license: 'ZPL-2.1',
    into: 'win32-x64',
    licenceFile: 'prebuilds/win32-x64/mingw-w64-copyright.txt',
  },
];

/** @returns {{name: string, version?: string, license: string, into?: string, licenceFile?: string}[]} */
export function listInside(root) {
  const copied = COPIED.map((each) => {
    const file = join(root, 'node_modules', each.name, 'package.json');
    const { version, license } = JSON.parse(readFileSync(file, 'utf8'));
    return { ...each, version, license };
  });
  return [...copied, ...LINKED];
}
