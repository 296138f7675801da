// Reads the exports, imports and libraries of a thin 64-bit Mach-O file.
// Source: <mach-o/loader.h> and <mach-o/nlist.h> of Apple's SDK.

const MAGIC_64 = 0xfeedfacf;
const LC_SYMTAB = 0x2;
const LC_LOAD_DYLIB = 0xc;
const LC_LOAD_WEAK_DYLIB = 0x80000018;
const LC_DYLD_INFO = 0x22;
const LC_DYLD_INFO_ONLY = 0x80000022;
const LC_DYLD_EXPORTS_TRIE = 0x80000033;
const MH_BINDATLOAD = 0x8;
const N_STAB = 0xe0;
const N_TYPE = 0x0e;
const ARCHES = new Map([
  [0x01000007, 'x64'],
  [0x0100000c, 'arm64'],
]);

function text(bytes, offset) {
  return bytes.toString('latin1', offset, bytes.indexOf(0, offset));
}

function* loadCommands(bytes) {
  let at = 32;
  for (let left = bytes.readUInt32LE(16); left > 0; left--) {
    yield { type: bytes.readUInt32LE(at), at };
    at += bytes.readUInt32LE(at + 4);
  }
}

function readUleb(bytes, at) {
  let value = 0;
  for (let factor = 1; ; factor *= 128) {
    const byte = bytes[at++];
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return { value, next: at };
  }
}

/** The exports are a trie: a node says whether its prefix is a name, and lists what may follow. */
function readTrie(bytes, start) {
  const names = [];
  const pending = [{ at: start, prefix: '' }];
  for (let node = pending.pop(); node; node = pending.pop()) {
    const size = readUleb(bytes, node.at);
    if (size.value > 0) names.push(node.prefix);
    let at = size.next + size.value;
    for (let children = bytes[at++]; children > 0; children--) {
      const suffix = text(bytes, at);
      const child = readUleb(bytes, at + suffix.length + 1);
      pending.push({ at: start + child.value, prefix: node.prefix + suffix });
      at = child.next;
    }
  }
  return names;
}

function readUndefined(bytes, at) {
  const symbols = bytes.readUInt32LE(at + 8);
  const strings = bytes.readUInt32LE(at + 16);
  const names = [];
  for (let index = 0; index < bytes.readUInt32LE(at + 12); index++) {
    const entry = symbols + index * 16;
    const type = bytes[entry + 4];
    if ((type & N_STAB) === 0 && (type & N_TYPE) === 0) {
      names.push(text(bytes, strings + bytes.readUInt32LE(entry)));
    }
  }
  return names;
}

/** C names stand with an underscore in front in Mach-O files. */
const toC = (names) => names.map((name) => name.replace(/^_/, ''));

export function isMachO(bytes) {
  return bytes.readUInt32LE(0) === MAGIC_64;
}

export function readMachO(bytes) {
  if (!isMachO(bytes)) throw new Error('not a thin 64-bit Mach-O file');
  const isBoundAtLoad = (bytes.readUInt32LE(24) & MH_BINDATLOAD) !== 0;
  const result = {
    format: 'mach-o',
    arch: ARCHES.get(bytes.readUInt32LE(4)) ?? 'unknown',
    needed: [],
    exports: [],
    imports: [],
    bindsLazily: false,
  };
  for (const { type, at } of loadCommands(bytes)) {
    if (type === LC_LOAD_DYLIB || type === LC_LOAD_WEAK_DYLIB) {
      result.needed.push(text(bytes, at + bytes.readUInt32LE(at + 8)));
    } else if (type === LC_DYLD_INFO || type === LC_DYLD_INFO_ONLY) {
      // lazy_bind_size. Newer files bind all at load (LC_DYLD_CHAINED_FIXUPS).
      result.bindsLazily = !isBoundAtLoad && bytes.readUInt32LE(at + 36) > 0;
      const start = bytes.readUInt32LE(at + 40);
      if (start > 0) result.exports = toC(readTrie(bytes, start));
    } else if (type === LC_DYLD_EXPORTS_TRIE) {
      result.exports = toC(readTrie(bytes, bytes.readUInt32LE(at + 8)));
    } else if (type === LC_SYMTAB) {
      result.imports = toC(readUndefined(bytes, at));
    }
  }
  return result;
}
