/** Gives tensors of a checkpoint another type number, as if a later TensorFlow had saved them; checksums are right. */
import { readFileSync, writeFileSync } from 'node:fs';
import { decodeEntry, encodeEntry } from '../../src/format/entry.js';
import { decodeSliceKey } from '../../src/format/slice-key.js';
import { TableReader } from '../../src/format/table-reader.js';
import { TableWriter } from '../../src/format/table-writer.js';
import { atOnce } from '../../src/format/turns.js';

function nameOf(key: Uint8Array): string {
  return new TextDecoder().decode(key[0] === 0 ? decodeSliceKey(key).name : key);
}

/** `numberOf` gives the new number for a tensor's name, or undefined to leave it as it is. */
export function retype(prefix: string, numberOf: (name: string) => number | undefined): void {
  const path = `${prefix}.index`;
  const table = new TableWriter();
  for (const { key, value } of atOnce(TableReader.read(readFileSync(path), path)).entries()) {
    const number = key.length === 0 ? undefined : numberOf(nameOf(key));
    table.add(key, number === undefined ? value : encodeEntry({ ...decodeEntry(value), dtypeNumber: number }));
  }
  writeFileSync(path, table.finish());
}

/** The type numbers of an index, by name; of slices too. */
export function numbersOf(prefix: string): [name: string, number: number][] {
  const path = `${prefix}.index`;
  const rows = [...atOnce(TableReader.read(readFileSync(path), path)).entries()];
  return rows.flatMap(({ key, value }) => (key.length === 0 ? [] : [[nameOf(key), decodeEntry(value).dtypeNumber]]));
}
