// The two builds have to make the same addon: node-gyp's in build/Release and CMake's must import and
// export the same names and need the same libraries.
//
//   npm run build:native && npm run build:cmake && node scripts/compare-builds.mjs
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readBinary } from './symbols/binary.mjs';

const FILES = ['build/Release/onion_tls.node', 'build-cmake/addon/Release/onion_tls.node'];

function describe(file) {
  const path = fileURLToPath(new URL(`../${file}`, import.meta.url));
  if (!existsSync(path)) throw new Error(`${file} is missing`);
  const binary = readBinary(readFileSync(path));
  const imports = binary.imports.map((each) => each.name ?? each.library ?? each);
  return {
    exports: new Set(binary.exports),
    // What the compilers take of the C++ library depends on how they inline.
    imports: new Set(imports.filter((name) => !/^_|^(mem|str)|^(malloc|free|abort)$/.test(name))),
    needed: new Set((binary.needed ?? []).filter((name) => !/^lib(m|gcc_s)\.so/.test(name))),
    isBoundNow: new Set([String(binary.isBoundNow)]),
  };
}

const [first, second] = FILES.map(describe);
let differences = 0;
for (const key of Object.keys(first)) {
  for (const each of new Set([...first[key], ...second[key]])) {
    if (first[key].has(each) && second[key].has(each)) continue;
    console.error(`${key}: ${each} is only in ${first[key].has(each) ? FILES[0] : FILES[1]}`);
    differences++;
  }
}
if (differences > 0) process.exit(1);
console.log(`both builds: ${first.imports.size} imports, ${first.exports.size} exports, the same`);
