// The addon of this checkout, an ELF file (see elf(5)), with something in it that is not as it should be.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const builtAddon = join(__dirname, '..', '..', 'build', 'Release', 'onion_tls.node');

function replace(from: Buffer, to: Buffer): Buffer {
  const bytes = readFileSync(builtAddon);
  const at = bytes.indexOf(from);
  if (at < 0 || from.length !== to.length)
    throw new Error(`cannot replace ${from.toString('hex')}`);
  to.copy(bytes, at);
  return bytes;
}

/** One text of its tables replaced by another of the same length. */
export function withText(from: string, to: string): Buffer {
  return replace(Buffer.from(`\0${from}\0`), Buffer.from(`\0${to}\0`));
}

function words(...values: number[]): Buffer {
  return Buffer.from(Uint32Array.from(values).buffer);
}

const PT_NULL = 0;
const PT_GNU_STACK = 0x6474e551;
const PT_GNU_RELRO = 0x6474e552;
const [READ_WRITE, READ_WRITE_EXECUTE] = [6, 7];

export const withExecutableStack = () =>
  replace(words(PT_GNU_STACK, READ_WRITE), words(PT_GNU_STACK, READ_WRITE_EXECUTE));
export const withoutStackHeader = () =>
  replace(words(PT_GNU_STACK, READ_WRITE), words(PT_NULL, READ_WRITE));
export const withoutRelro = () => replace(words(PT_GNU_RELRO), words(PT_NULL));

/** The entries DT_FLAGS and DT_FLAGS_1 of the dynamic section without BIND_NOW and NOW. */
export function withLazyBinding(): Buffer {
  const [DT_FLAGS, SYMBOLIC, BIND_NOW, DT_FLAGS_1, NOW] = [30, 2, 8, 0x6ffffffb, 1];
  const bytes = replace(
    words(DT_FLAGS, 0, SYMBOLIC | BIND_NOW, 0),
    words(DT_FLAGS, 0, SYMBOLIC, 0),
  );
  const at = bytes.indexOf(words(DT_FLAGS_1, 0, NOW, 0));
  bytes.writeUInt32LE(0, at + 8);
  return bytes;
}

/** As if most of OpenSSL had been linked into it: hardly anything is left to import. */
export function withFewOpensslImports(): Buffer {
  const text = readFileSync(builtAddon).toString('latin1');
  return Buffer.from(
    text.replace(/\0(SSL|X509|EVP|BIO)_/g, (name) => `\0_${name.slice(2)}`),
    'latin1',
  );
}
