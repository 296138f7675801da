// Reads the imports (direct and delayed) and exports of a 64-bit Windows image.
// Source: Microsoft's "PE Format" specification.

const MACHINES = new Map([
  [0x8664, 'x64'],
  [0xaa64, 'arm64'],
]);
const EXPORT_TABLE = 0;
const IMPORT_TABLE = 1;
const DELAY_IMPORT_TABLE = 13;
const BY_ORDINAL = 1n << 63n;

function text(bytes, offset) {
  return bytes.toString('latin1', offset, bytes.indexOf(0, offset));
}

/** Addresses in an image count from where it is loaded; this turns them into places in the file. */
function addressMapper(bytes, header) {
  const optionalSize = bytes.readUInt16LE(header + 20);
  const sections = Array.from({ length: bytes.readUInt16LE(header + 6) }, (_, index) => {
    const at = header + 24 + optionalSize + index * 40;
    return {
      address: bytes.readUInt32LE(at + 12),
      size: Math.max(bytes.readUInt32LE(at + 8), bytes.readUInt32LE(at + 16)),
      offset: bytes.readUInt32LE(at + 20),
    };
  });
  return (address) => {
    const section = sections.find(
      (each) => address >= each.address && address < each.address + each.size,
    );
    if (!section) throw new Error(`address 0x${address.toString(16)} is in no section`);
    return address - section.address + section.offset;
  };
}

function readExports(bytes, address, place) {
  if (address === 0) return [];
  const table = place(address);
  const names = place(bytes.readUInt32LE(table + 32));
  return Array.from({ length: bytes.readUInt32LE(table + 24) }, (_, index) =>
    text(bytes, place(bytes.readUInt32LE(names + index * 4))),
  );
}

function readNames(bytes, address, place) {
  const names = [];
  for (let at = place(address); ; at += 8) {
    const entry = bytes.readBigUInt64LE(at);
    if (entry === 0n) return names;
    const isOrdinal = (entry & BY_ORDINAL) !== 0n;
    names.push(isOrdinal ? `#${entry & 0xffffn}` : text(bytes, place(Number(entry)) + 2));
  }
}

/** Both import tables are lists of (library, names); they differ in where these stand in an entry. */
function readImports(bytes, { address, size }, place, layout) {
  const imports = [];
  if (address === 0) return imports;
  const start = place(address);
  for (let at = start; at < start + size; at += layout.size) {
    const library = bytes.readUInt32LE(at + layout.library);
    if (library === 0) break;
    const names =
      bytes.readUInt32LE(at + layout.names) || bytes.readUInt32LE(at + layout.otherNames);
    imports.push({
      library: text(bytes, place(library)).toLowerCase(),
      names: readNames(bytes, names, place),
    });
  }
  return imports;
}

export function isPe(bytes) {
  return bytes.readUInt16BE(0) === 0x4d5a;
}

export function readPe(bytes) {
  const header = bytes.readUInt32LE(0x3c);
  if (!isPe(bytes) || bytes.readUInt16LE(header + 24) !== 0x20b) {
    throw new Error('not a 64-bit Windows image');
  }
  const place = addressMapper(bytes, header);
  const directory = (index) => ({
    address: bytes.readUInt32LE(header + 24 + 112 + index * 8),
    size: bytes.readUInt32LE(header + 24 + 116 + index * 8),
  });
  const direct = { size: 20, library: 12, names: 0, otherNames: 16 };
  const delayed = { size: 32, library: 4, names: 16, otherNames: 16 };
  const characteristics = bytes.readUInt16LE(header + 24 + 70);
  return {
    format: 'pe',
    arch: MACHINES.get(bytes.readUInt16LE(header + 4)) ?? 'unknown',
    timestamp: bytes.readUInt32LE(header + 8),
    hasAslr: (characteristics & 0x40) !== 0,
    hasDep: (characteristics & 0x100) !== 0,
    exports: readExports(bytes, directory(EXPORT_TABLE).address, place),
    imports: readImports(bytes, directory(IMPORT_TABLE), place, direct),
    delayedImports: readImports(bytes, directory(DELAY_IMPORT_TABLE), place, delayed),
  };
}
