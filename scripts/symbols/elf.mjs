// Reads what the dynamic linker reads of a 64-bit little-endian ELF file (see elf(5)):
// the libraries and symbol versions it needs, the symbols it imports and exports, and its flags.

const SHT_DYNAMIC = 6;
const SHT_DYNSYM = 11;
const SHT_GNU_VERNEED = 0x6ffffffe;
const SHT_GNU_VERSYM = 0x6fffffff;
const PT_GNU_STACK = 0x6474e551;
const PT_GNU_RELRO = 0x6474e552;
const DT_NEEDED = 1;
const DT_FLAGS = 30;
const DT_FLAGS_1 = 0x6ffffffb;
const DF_BIND_NOW = 8;
const DF_1_NOW = 1;
const MACHINES = new Map([
  [62, 'x64'],
  [183, 'arm64'],
]);

function text(bytes, offset) {
  return bytes.toString('latin1', offset, bytes.indexOf(0, offset));
}

function readSections(bytes) {
  const start = Number(bytes.readBigUInt64LE(40));
  const size = bytes.readUInt16LE(58);
  return Array.from({ length: bytes.readUInt16LE(60) }, (_, index) => {
    const at = start + index * size;
    return {
      type: bytes.readUInt32LE(at + 4),
      offset: Number(bytes.readBigUInt64LE(at + 24)),
      size: Number(bytes.readBigUInt64LE(at + 32)),
      link: bytes.readUInt32LE(at + 40),
      info: bytes.readUInt32LE(at + 44),
    };
  });
}

function readSegments(bytes) {
  const start = Number(bytes.readBigUInt64LE(32));
  const size = bytes.readUInt16LE(54);
  return Array.from({ length: bytes.readUInt16LE(56) }, (_, index) => ({
    type: bytes.readUInt32LE(start + index * size),
    flags: bytes.readUInt32LE(start + index * size + 4),
  }));
}

/** .gnu.version_r: the index of a version to its name and the library that has it. */
function readVersions(bytes, section, strings) {
  const versions = new Map();
  let at = section.offset;
  for (let left = section.info; left > 0; left--) {
    const library = text(bytes, strings + bytes.readUInt32LE(at + 4));
    let entry = at + bytes.readUInt32LE(at + 8);
    for (let count = bytes.readUInt16LE(at + 2); count > 0; count--) {
      const name = text(bytes, strings + bytes.readUInt32LE(entry + 8));
      versions.set(bytes.readUInt16LE(entry + 6) & 0x7fff, { name, library });
      entry += bytes.readUInt32LE(entry + 12);
    }
    at += bytes.readUInt32LE(at + 12);
  }
  return versions;
}

function readSymbols(bytes, sections) {
  const table = sections.find((section) => section.type === SHT_DYNSYM);
  const strings = sections[table.link].offset;
  const needs = sections.find((section) => section.type === SHT_GNU_VERNEED);
  const indices = sections.find((section) => section.type === SHT_GNU_VERSYM);
  const versions = needs ? readVersions(bytes, needs, sections[needs.link].offset) : new Map();
  const symbols = [];
  for (let index = 1; index < table.size / 24; index++) {
    const at = table.offset + index * 24;
    const name = text(bytes, strings + bytes.readUInt32LE(at));
    if (name === '') continue;
    const version = indices
      ? versions.get(bytes.readUInt16LE(indices.offset + index * 2) & 0x7fff)
      : undefined;
    symbols.push({
      name,
      isDefined: bytes.readUInt16LE(at + 6) !== 0,
      isWeak: bytes[at + 4] >> 4 === 2,
      version: version?.name ?? null,
      library: version?.library ?? null,
    });
  }
  return { symbols, versions: [...versions.values()] };
}

function readDynamic(bytes, sections) {
  const section = sections.find((each) => each.type === SHT_DYNAMIC);
  const strings = sections[section.link].offset;
  const needed = [];
  let isBoundNow = false;
  for (let at = section.offset; at < section.offset + section.size; at += 16) {
    const tag = Number(bytes.readBigUInt64LE(at));
    const value = Number(bytes.readBigUInt64LE(at + 8));
    if (tag === DT_NEEDED) needed.push(text(bytes, strings + value));
    if (tag === DT_FLAGS && value & DF_BIND_NOW) isBoundNow = true;
    if (tag === DT_FLAGS_1 && value & DF_1_NOW) isBoundNow = true;
  }
  return { needed, isBoundNow };
}

export function isElf(bytes) {
  return bytes.readUInt32BE(0) === 0x7f454c46;
}

export function readElf(bytes) {
  if (!isElf(bytes) || bytes[4] !== 2 || bytes[5] !== 1) {
    throw new Error('not a 64-bit little-endian ELF file');
  }
  const sections = readSections(bytes);
  const segments = readSegments(bytes);
  const { symbols, versions } = readSymbols(bytes, sections);
  return {
    format: 'elf',
    arch: MACHINES.get(bytes.readUInt16LE(18)) ?? 'unknown',
    ...readDynamic(bytes, sections),
    hasRelro: segments.some(({ type }) => type === PT_GNU_RELRO),
    // Without a word on it, Linux makes the stack executable.
    hasExecutableStack: !segments.some(
      ({ type, flags }) => type === PT_GNU_STACK && (flags & 1) === 0,
    ),
    versions,
    exports: symbols.filter((symbol) => symbol.isDefined).map(({ name }) => name),
    imports: symbols.filter((symbol) => !symbol.isDefined),
  };
}
