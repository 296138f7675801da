import { isElf, readElf } from './elf.mjs';
import { isMachO, readMachO } from './mach-o.mjs';
import { isPe, readPe } from './pe.mjs';

/** What a compiled file imports and exports, whichever of the three systems it is for. */
export function readBinary(bytes) {
  if (isElf(bytes)) return readElf(bytes);
  if (isPe(bytes)) return readPe(bytes);
  if (isMachO(bytes)) return readMachO(bytes);
  throw new Error('neither an ELF, a PE nor a Mach-O file');
}
