/** What an ELF file says to the loader: enough to see how it will treat an addon. 64 bits, little-endian. */
import { readFileSync } from 'node:fs';

export interface Elf {
  /** DT_NEEDED: the libraries it asks for. */
  needed: string[];
  /** DF_1_NODELETE: it is never unloaded. */
  staysLoaded: boolean;
  /** Names of the symbols that it takes from elsewhere. */
  imports: string[];
}

const SECTION = { dynamic: 6, symbols: 11 };
const DT = { needed: 1, flags1: 0x6ffffffb };
const DF_1_NODELETE = 8;

/** Null if the file is not ELF. */
export function readElf(path: string): Elf | null {
  const file = readFileSync(path);
  if (file.toString('latin1', 0, 4) !== '\x7fELF') return null;
  const u64 = (at: number): number => Number(file.readBigUInt64LE(at));
  const sections = Array.from({ length: file.readUInt16LE(60) }, (_, i) => u64(40) + i * file.readUInt16LE(58)).map(
    at => ({
      type: file.readUInt32LE(at + 4),
      offset: u64(at + 24),
      size: u64(at + 32),
      link: file.readUInt32LE(at + 40),
    }),
  );
  /** Where the entries of the section of this type begin, and the strings that they name. */
  const table = (type: number, bytes: number) => {
    const { offset, size, link } = sections.find(section => section.type === type)!;
    const strings = sections[link]!.offset;
    const text = (at: number): string => file.toString('latin1', strings + at, file.indexOf(0, strings + at));
    return { places: Array.from({ length: size / bytes }, (_, i) => offset + i * bytes), text };
  };
  const dynamic = table(SECTION.dynamic, 16);
  const valuesOf = (tag: number): number[] => dynamic.places.filter(at => u64(at) === tag).map(at => u64(at + 8));
  const symbols = table(SECTION.symbols, 24);
  return {
    needed: valuesOf(DT.needed).map(dynamic.text),
    staysLoaded: valuesOf(DT.flags1).some(flags => (flags & DF_1_NODELETE) !== 0),
    // Section 0 is "not here".
    imports: symbols.places
      .filter(at => file.readUInt16LE(at + 6) === 0 && file.readUInt32LE(at) !== 0)
      .map(at => symbols.text(file.readUInt32LE(at))),
  };
}
