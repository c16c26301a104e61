/**
 * The addon's reader of tables against the thorough one: whatever it takes, the other reads the same and finds nothing
 * wrong with it; and it takes what writers make.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { crc32c, maskCrc } from '../../src/format/crc.js';
import { TableReader } from '../../src/format/table-reader.js';
import { TableWriter } from '../../src/format/table-writer.js';
import { atOnce } from '../../src/format/turns.js';
import { Scratch } from '../crash/scratch.js';
import { faulty } from '../native/fault-binding.js';

const folder = new Scratch('plain-table').directory();
const path = join(folder, 'x.index');
type Rows = readonly (readonly [Uint8Array, Uint8Array])[];
interface Handle {
  offset: number;
  size: number;
}

function table(rows: Rows, blockSize?: number): Uint8Array {
  const writer = new TableWriter({ blockSize });
  for (const [key, value] of rows) writer.add(key, value);
  return writer.finish();
}

/** Null if the addon does not take it. */
async function plain(bytes: Uint8Array): Promise<TableReader | null> {
  writeFileSync(path, bytes);
  const found = await faulty.openFiles(folder, ['x.index'], 2 ** 30);
  expect(found.isWhole).toBe(true);
  return found.table && TableReader.plain(found.contents!, path, found.table);
}

const thorough = (bytes: Uint8Array): TableReader => atOnce(TableReader.read(bytes, path, { strict: true }));
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const rowsOf = (reader: TableReader): unknown[] =>
  [...reader.entries()].map(({ key, value, offset }) => [hex(key), hex(value), offset]);

function same(found: TableReader, bytes: Uint8Array): void {
  const expected = thorough(bytes);
  expect(expected.problems).toEqual([]);
  expect(rowsOf(found)).toEqual(rowsOf(expected));
  expect(found.header && hex(found.header.value)).toBe(expected.header && hex(expected.header.value));
  for (let i = 0; i < found.count; i++) {
    expect(found.firstByte(i)).toBe(expected.firstByte(i));
    expect(nameOf(found, i)).toBe(nameOf(expected, i));
  }
  if (found.text === null) return;
  const names = found.text.split('\0');
  expect(names).toEqual(Array.from({ length: expected.count - 1 }, (_, i) => expected.name(i + 1)));
}

function nameOf(reader: TableReader, i: number): string | null {
  try {
    return reader.name(i);
  } catch {
    return null;
  }
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const numbered = (count: number): Rows =>
  Array.from({ length: count }, (_, i) => [text(i === 0 ? '' : `name-${String(i).padStart(6, '0')}`), text(`v${i}`)]);

test('takes what is written, over any block size', async () => {
  const row = fc.tuple(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ maxLength: 300 }));
  const rows = fc.uniqueArray(row, { selector: ([key]) => hex(key), minLength: 1, maxLength: 120 });
  await fc.assert(
    fc.asyncProperty(rows, fc.integer({ min: 1, max: 2000 }), async (rows, blockSize) => {
      rows.sort((a, b) => Buffer.compare(a[0], b[0]));
      const bytes = table(rows, blockSize);
      const found = await plain(bytes);
      expect(found).not.toBeNull();
      same(found!, bytes);
    }),
  );
});

test('gives all names as one text where that is short and unambiguous', async () => {
  const textOf = async (rows: Rows): Promise<string | null> => (await plain(table(rows)))!.text;
  expect(await textOf([0, 1, 2].map(i => [text('abc'.slice(0, i)), text('')]))).toBe('a\0ab');
  expect(await textOf(numbered(8192))).toHaveLength(8191 * 12 - 1);
  expect(await textOf(numbered(8193))).toBeNull();
  for (const key of ['a\0b', '\0', 'é'])
    expect(
      await textOf([
        [text(''), text('h')],
        [text(key), text('v')],
      ]),
    ).toBeNull();
});

test('gives no text of names that are long, and takes no table of very many bytes', async () => {
  const long = (count: number, length: number, value: number): Rows => [
    [text(''), text('h')],
    ...Array.from(
      { length: count },
      (_, i) => [text(String(i).padStart(6, '0') + 'k'.repeat(length)), text('v'.repeat(value))] as const,
    ),
  ];
  // The values keep the file so large that the keys may be.
  expect((await plain(table(long(200, 16_000, 1000))))!.text).not.toBeNull();
  const some = await plain(table(long(300, 16_000, 1000)));
  expect(some!.count).toBe(301);
  expect(some!.text).toBeNull();
  expect(await plain(table(long(1100, 16_000, 2000)))).toBeNull();
  expect(await plain(table(long(9, 1, 1_000_000)))).toBeNull();
});

test('takes no table of no entries, and no text that is too long for a name', async () => {
  expect(await plain(table([]))).toBeNull();
  expect(await plain(table([[text('a'.repeat(16_383)), text('')]]))).not.toBeNull();
  expect(await plain(table([[text('a'.repeat(16_384)), text('')]]))).toBeNull();
});

test('takes nothing that the thorough reader would complain of, though all checksums are right', async () => {
  const bytes = table(numbered(40), 150);
  const blocks = blocksOf(bytes);
  expect(blocks.length).toBeGreaterThan(4);
  let taken = 0;
  for (let at = 0; at < bytes.length; at++) {
    for (const change of [1, 0x80, 0xff]) {
      const changed = bytes.slice();
      changed[at]! ^= change;
      mend(changed, blocks);
      const found = await plain(changed);
      if (found === null) continue;
      taken++;
      same(found, changed);
    }
  }
  // Changed values, and keys that are still in order.
  expect(taken).toBeGreaterThan(50);
  for (const end of [0, 1, 47, 48, 100, bytes.length - 1]) expect(await plain(bytes.subarray(0, end))).toBeNull();
  for (const { offset, size } of blocks) {
    const changed = bytes.slice();
    changed[offset + size + 1]! ^= 1;
    expect(await plain(changed)).toBeNull();
  }
}, 30_000);

/** Where the blocks of a table lie that was written here. */
function blocksOf(bytes: Uint8Array): Handle[] {
  let at = bytes.length - 48;
  const varint = (): number => {
    for (let value = 0, shift = 0; ; shift += 7) {
      const byte = bytes[at++]!;
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const handle = (): Handle => ({ offset: varint(), size: varint() });
  const found = [handle(), handle()];
  const index = found[1]!;
  const restarts = bytes[index.offset + index.size - 4]!;
  at = index.offset;
  for (let i = 0; i < restarts; i++) {
    const [, key] = [varint(), varint(), varint()];
    at += key!;
    found.push(handle());
  }
  return found;
}

/** Right checksums again. */
function mend(bytes: Uint8Array, blocks: readonly Handle[]): void {
  const view = new DataView(bytes.buffer);
  for (const { offset, size } of blocks)
    view.setUint32(offset + size + 1, maskCrc(crc32c(bytes.subarray(offset, offset + size + 1))), true);
}
