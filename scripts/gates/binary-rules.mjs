// What a compiled addon may ask of the machine that loads it: no more than Node itself does there.

const NODE_API = /^(napi|node_api)_/;
/** Weak references that the compiler's start-up files leave; nobody has to have them. */
const START_UP = new Set([
  '__gmon_start__',
  '_ITM_deregisterTMCloneTable',
  '_ITM_registerTMCloneTable',
]);
const EXPORTS = ['napi_register_module_v1', 'node_api_module_get_api_version_v1'];
const MAX_BYTES = 400 * 1024;
const FLOORS = new Map([
  ['GLIBC', '2.28'],
  ['GLIBCXX', '3.4.22'],
  ['CXXABI', '1.3.10'],
  ['GCC', '4.2'],
]);
const LIBRARIES = {
  glibc:
    /^(libc\.so\.6|libm\.so\.6|libpthread\.so\.0|libstdc\+\+\.so\.6|libgcc_s\.so\.1|ld-linux-[\w-]+\.so\.\d)$/,
  // The C++ library is inside: that of an older Alpine would lack symbols.
  musl: /^(libc\.so|libc\.musl-\w+\.so\.1)$/,
  darwin: /^\/usr\/lib\/(libSystem\.B|libc\+\+\.1)\.dylib$/,
  // Only what Windows itself has: Visual C++'s run-time libraries are on some machines only.
  win32: /^(kernel32|msvcrt|ucrtbase|api-ms-win-crt-[\w-]+)\.dll$/,
};
/** How the names of the C library look, where nothing else tells them from those of Node. */
const C_LIBRARY = { musl: /^_?_?[a-z][a-z0-9_]*$/, darwin: /^[a-z]/ };

function isAbove(version, floor) {
  const [left, right] = [version, floor].map((text) => text.split('.').map(Number));
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return false;
}

function* checkFloors({ imports }) {
  for (const { name, version } of imports) {
    if (version === null) continue;
    const [, family, number] = version.match(/^(\w+?)_([\d.]+)$/) ?? [];
    const floor = FLOORS.get(family);
    if (floor === undefined) yield `${name} needs ${version}, which has no floor`;
    else if (isAbove(number, floor)) yield `${name} needs ${version}, above ${family}_${floor}`;
  }
}

function* checkElfFlags(binary) {
  if (!binary.isBoundNow) yield 'is not linked with -z now';
  if (!binary.hasRelro) yield 'is not linked with -z relro';
  if (binary.hasExecutableStack) yield 'has an executable stack';
}

function* checkMachOFlags(binary) {
  if (binary.bindsLazily) yield 'is not linked with -bind_at_load';
}

function* checkPeFlags(binary) {
  if (!binary.hasAslr) yield 'cannot be moved in memory (no ASLR)';
  if (!binary.hasDep) yield 'allows code on its stack (no DEP)';
  for (const { library } of binary.delayedImports) {
    if (library !== 'node.exe') yield `loads ${library} late`;
  }
}

/** The names that may have to come from the Node executable, by the rules of each system. */
function foreignImports(binary) {
  if (binary.format === 'pe') {
    const tables = [...binary.imports, ...binary.delayedImports];
    return tables.filter(({ library }) => library === 'node.exe').flatMap(({ names }) => names);
  }
  if (binary.format === 'mach-o') return binary.imports.filter((name) => /^[A-Za-z]/.test(name));
  const unversioned = binary.imports.filter(({ version }) => version === null);
  return unversioned.map(({ name }) => name).filter((name) => !START_UP.has(name));
}

const familyOf = (name) => name.slice(0, name.indexOf('_') + 1);

function* checkImports(binary, target, openssl) {
  // Some of OpenSSL's names are as lower-case as the C library's: d2i_X509.
  const families = new Set([...openssl].map(familyOf));
  const system = C_LIBRARY[target.libc ?? target.platform];
  let known = 0;
  for (const name of foreignImports(binary)) {
    if (openssl.has(name)) known++;
    else if (NODE_API.test(name)) continue;
    else if (!system?.test(name) || families.has(familyOf(name))) {
      yield `imports ${name}, which is not in native/symbols/openssl.txt`;
    }
  }
  // Without any, OpenSSL would have been linked into the addon.
  if (known < 50) yield `imports only ${known} symbols of OpenSSL from Node`;
}

function* checkLibraries(binary, target) {
  const allowed = LIBRARIES[target.libc ?? target.platform];
  const libraries = binary.needed ?? binary.imports.map(({ library }) => library);
  for (const library of libraries) {
    const isNode = target.platform === 'win32' && library === 'node.exe';
    if (!isNode && !allowed.test(library)) yield `needs the library ${library}`;
  }
}

/**
 * Says what is wrong with a binary, one line each.
 * @param binary what `readBinary` gives
 * @param target {platform, arch, libc}, by the binary's path
 * @param openssl the set of OpenSSL names that every Node exports
 */
export function* checkBinary(binary, size, target, openssl) {
  if (binary.arch !== target.arch) yield `is for ${binary.arch}`;
  if (size > MAX_BYTES) yield `is ${Math.ceil(size / 1024)} KB, above ${MAX_BYTES / 1024}`;
  if (binary.exports.toSorted().join() !== EXPORTS.join()) {
    yield `exports ${binary.exports.join(', ') || 'nothing'}`;
  }
  if (binary.format === 'elf') yield* checkElfFlags(binary);
  if (binary.format === 'elf') yield* checkFloors(binary);
  if (binary.format === 'mach-o') yield* checkMachOFlags(binary);
  if (binary.format === 'pe') yield* checkPeFlags(binary);
  yield* checkLibraries(binary, target);
  yield* checkImports(binary, target, openssl);
}
