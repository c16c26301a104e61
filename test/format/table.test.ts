/**
 * The table: bytes of an empty one by hand, round trips over many blocks, and files that are damaged or made to harm.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TensorBundleError } from '../../src/errors.js';
import { crc32c, maskCrc, unmaskCrc } from '../../src/format/crc.js';
import { TableReader } from '../../src/format/table-reader.js';
import { TableWriter } from '../../src/format/table-writer.js';
import { atOnce } from '../../src/format/turns.js';

const read = (bytes: Uint8Array, path: string, options?: { strict?: boolean }): TableReader =>
  atOnce(TableReader.read(bytes, path, options));
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

function table(rows: readonly (readonly [Uint8Array, Uint8Array])[], blockSize?: number): Uint8Array {
  const writer = new TableWriter({ blockSize });
  for (const [key, value] of rows) writer.add(key, value);
  return writer.finish();
}

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof TensorBundleError) {
      expect(error.path).toBe('x.index');
      expect(error.offset).toBeTypeOf('number');
      return error.code;
    }
    throw error;
  }
  return 'none';
}

test('an empty table is two blocks of one restart and a footer', () => {
  const bytes = table([]);
  expect(Buffer.from(bytes.subarray(0, 8)).toString('hex')).toBe('0000000001000000');
  expect(bytes.length).toBe(2 * 13 + 48);
  expect(Buffer.from(bytes.subarray(26, 31)).toString('hex')).toBe('00080d0800');
  expect(Buffer.from(bytes.subarray(-8)).toString('hex')).toBe('57fb808b247547db');
  expect(read(bytes, 'x.index', { strict: true }).problems).toEqual([]);
});

test('masking is inverted', () => {
  expect(maskCrc(0)).toBe(0xa282ead8);
  expect(crc32c(text('123456789'))).toBe(0xe3069283);
  fc.assert(fc.property(fc.nat(0xffffffff), crc => unmaskCrc(maskCrc(crc)) === crc));
});

test('what is written is read, over any block size', () => {
  const row = fc.tuple(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ maxLength: 60 }));
  fc.assert(
    fc.property(
      fc.uniqueArray(row, { selector: ([key]) => Buffer.from(key).toString('hex'), maxLength: 200 }),
      fc.integer({ min: 1, max: 2000 }),
      (rows, blockSize) => {
        rows.sort((a, b) => Buffer.compare(a[0], b[0]));
        const reader = read(table(rows, blockSize), 'x.index', { strict: true });
        expect(reader.problems).toEqual([]);
        expect([...reader.entries()].map(({ key, value }) => [Array.from(key), Array.from(value)])).toEqual(
          rows.map(([key, value]) => [Array.from(key), Array.from(value)]),
        );
        rows.forEach(([key], i) => {
          expect(reader.find(key)).toBe(i);
        });
      },
    ),
    { numRuns: 200 },
  );
});

test('names are read as UTF-8, ASCII or not', () => {
  const names = ['', 'a/b', 'a/bß', 'a/c', 'z漢', '😀'];
  const reader = read(table(names.map(name => [text(name), text('v')])), 'x.index');
  expect(names.map((_, i) => reader.name(i))).toEqual(names);
});

test('keys out of order and twice are refused', () => {
  expect(() =>
    table([
      [text('b'), text('')],
      [text('a'), text('')],
    ]),
  ).toThrow(/byte order/);
  expect(() =>
    table([
      [text('a'), text('')],
      [text('a'), text('')],
    ]),
  ).toThrow(/twice/);
});

test('every truncation and every flipped bit is a typed error or a strict problem', () => {
  const rows = Array.from(
    { length: 60 },
    (_, i) => [text(`layer/${String(i).padStart(3, '0')}`), text('value')] as const,
  );
  const bytes = table(rows, 300);
  for (let length = 0; length < bytes.length; length++) {
    const code = codeOf(() => read(bytes.subarray(0, length), 'x.index'));
    expect(code).toBe(length < 48 ? 'ERR_TRUNCATED' : 'ERR_NOT_A_CHECKPOINT');
  }
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const damaged = bytes.slice();
    damaged[bit >>> 3]! ^= 1 << (bit & 7);
    let problems = 0;
    const code = codeOf(() => {
      problems = read(damaged, 'x.index', { strict: true }).problems.length;
    });
    expect(code !== 'none' || problems > 0, `bit ${bit}`).toBe(true);
  }
});

/** A file of one data block with these contents, its checksums right. */
function forged(contents: readonly number[], type = 0): Uint8Array {
  const block = (bytes: readonly number[], kind: number): number[] => {
    const crc = maskCrc(crc32c(Uint8Array.from([...bytes, kind])));
    return [...bytes, kind, crc & 255, (crc >>> 8) & 255, (crc >>> 16) & 255, crc >>> 24];
  };
  const data = block(contents, type);
  const metaindex = block([0, 0, 0, 0, 1, 0, 0, 0], 0);
  const index = block([0, 1, 2, 0x7f, 0, contents.length, 0, 0, 0, 0, 1, 0, 0, 0], 0);
  const handles = [data.length, 8, data.length + metaindex.length, 14];
  const footer = [...handles, ...new Array<number>(36).fill(0), 0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb];
  return Uint8Array.from([...data, ...metaindex, ...index, ...footer]);
}

const ONE_RESTART = [0, 0, 0, 0, 1, 0, 0, 0];

test('a snappy block is read', () => {
  // Literal of all 15 bytes: entry 'a' = 'bcd', restarts.
  const raw = [0, 1, 3, 97, 98, 99, 100, ...ONE_RESTART];
  const reader = read(forged([raw.length, (raw.length - 1) << 2, ...raw], 1), 'x.index');
  expect(reader.name(0)).toBe('a');
  expect(Buffer.from(reader.value(0)).toString()).toBe('bcd');
});

test.each([
  ['value longer than the block', [0, 1, 0x7f, 97, ...ONE_RESTART]],
  ['key length near 2^64', [0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0, ...ONE_RESTART]],
  ['first entry shares', [5, 1, 0, 97, ...ONE_RESTART]],
  ['shares more than the key before has', [0, 1, 0, 97, 9, 1, 0, 98, ...ONE_RESTART]],
  ['keys fall', [0, 1, 0, 98, 0, 1, 0, 97, ...ONE_RESTART]],
  ['key repeated', [0, 1, 0, 97, 1, 0, 0, ...ONE_RESTART]],
  ['restart count too high', [0, 1, 0, 97, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]],
  ['no restart', [0, 1, 0, 97, 0, 0, 0, 0]],
  ['restart inside an entry', [0, 1, 0, 97, 0, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0]],
  ['too short for a restart count', [0, 0]],
])('a block with %s is corrupt', (_, contents) => {
  expect(codeOf(() => read(forged(contents), 'x.index'))).toBe('ERR_CORRUPT');
});

test.each([
  ['snappy length bomb', [0xff, 0xff, 0xff, 0xff, 0x0f, 0], 1],
  ['snappy copy before the start', [8, 0x01, 0x01, ...ONE_RESTART], 1],
  ['snappy ends early', [50, 0, 97], 1],
  ['unknown compression', [...ONE_RESTART], 2],
])('%s is corrupt', (_, contents, type) => {
  expect(codeOf(() => read(forged(contents, type), 'x.index'))).toBe('ERR_CORRUPT');
});

test('other files are named', () => {
  expect(() => read(text(`{"a":${' '.repeat(60)}1}`), 'x.index')).toThrow(/JSON/);
  expect(() => read(new Uint8Array(0), 'x.index')).toThrow(/TensorFlow/);
});
