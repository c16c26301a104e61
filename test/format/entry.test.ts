/** Header, entries, slices: golden bytes from TensorFlow 2.21, round trips, and messages that are wrong. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BoxTree } from '../../src/format/box-tree.js';
import { dtypeOfNumber } from '../../src/format/dtypes.js';
import { decodeEntry, encodeEntry, type StoredEntry } from '../../src/format/entry.js';
import { decodeHeader, encodeHeader } from '../../src/format/header.js';
import { sliceKey } from '../../src/format/slice-key.js';
import { covers, decodeSliceKey, isFullSlice, overlaps, type TensorSlice } from '../../src/format/slices.js';
import { atOnce } from '../../src/format/turns.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const entry = (given: Partial<StoredEntry>): StoredEntry => ({
  dtypeNumber: 1,
  dtype: dtypeOfNumber(given.dtypeNumber ?? 1),
  shape: [],
  shard: 0,
  offset: 0,
  size: 0,
  crc: 0,
  slices: [],
  ...given,
});

test('the header of one shard', () => {
  expect(hex(encodeHeader(1))).toBe('08011a020801');
  expect(decodeHeader(bytes('0805 1001 1a020801'), 'p')).toEqual({ numShards: 5, bigEndian: true });
});

test.each([
  ['0a00', 'ERR_V1_FORMAT'],
  ['', 'ERR_CORRUPT'],
  ['0801 1002', 'ERR_CORRUPT'],
  ['0801 1a021002', 'ERR_NOT_SUPPORTED'],
  ['08ffffffffffffffffff01', 'ERR_CORRUPT'],
  ['08a08d06', 'ERR_CORRUPT'],
])('header %s gives %s', (text, code) => {
  expect(() => decodeHeader(bytes(text), 'p')).toThrow(expect.objectContaining({ code, path: 'p' }));
});

test('entries as TensorFlow writes them', () => {
  expect(hex(encodeEntry(entry({})))).toBe('0801120035d8ea82a2');
  expect(hex(encodeEntry(entry({ shape: [0] })))).toBe('08011202120035d8ea82a2');
});

test('an entry survives', () => {
  const size = fc.integer({ min: 0, max: 1 << 30 });
  fc.assert(
    fc.property(
      fc.array(fc.nat(5000), { maxLength: 4 }),
      size,
      size,
      size,
      fc.nat(0xffffffff),
      (shape, shard, offset, n, crc) => {
        const value = entry({ shape, shard, offset: offset * 4096, size: n, crc });
        expect(decodeEntry(encodeEntry(value))).toEqual(value);
      },
    ),
  );
});

test('a partitioned entry has slices and no place', () => {
  const slices = [
    [
      { start: 0, length: 2 },
      { start: 0, length: null },
    ],
    [
      { start: 2, length: 2 },
      { start: 0, length: null },
    ],
  ];
  const value = entry({ shape: [4, 3], slices });
  expect(hex(encodeEntry(value))).toBe('080112081202080412020803' + '3a060a0210020a00' + '3a080a04080210020a00');
  expect(decodeEntry(encodeEntry(value)).slices).toEqual(slices);
});

test.each([
  ['cut short', '0801 1208 12'],
  ['a dimension of -1', '120d 120b 08ffffffffffffffffff01'],
  ['too many elements', '1214 1208 0880808080808010 1208 0880808080808010'],
  ['unknown rank', '1202 1801'],
  ['a wrong wire type', '0a00'],
  ['a group that does not end', '7b7b7b7b'],
  ['deep groups', '7b'.repeat(40)],
  ['an end above 2^53', '20ffffffffffffff0f 28ffffffffffffff0f'],
  ['a slice of another rank', '3a020a00'],
  ['a field number 0', '0000'],
])('an entry with %s is corrupt', (_, text) => {
  expect(() => decodeEntry(bytes(text), { path: 'p', tensor: 't', offset: 7 })).toThrow(
    expect.objectContaining({ code: 'ERR_CORRUPT', path: 'p', tensor: 't' }),
  );
});

test('an unknown field and a closed group are skipped', () => {
  expect(decodeEntry(bytes('0801 1200 7b 0801 7c f83f05')).dtypeNumber).toBe(1);
});

test('random bytes never do anything but throw our error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), data => {
      for (const decode of [decodeEntry, decodeSliceKey, (b: Uint8Array) => decodeHeader(b, 'p')]) {
        try {
          decode(data);
        } catch (error) {
          expect(error).toHaveProperty('code');
        }
      }
    }),
    { numRuns: 5000 },
  );
});

test('slice keys', () => {
  const slice = { begin: [0, 0], size: [2, 3] };
  expect(hex(sliceKey('v', slice, [4, 3]))).toBe('00' + '760001' + '0102' + '8082' + '807f');
  expect(hex(sliceKey(bytes('00ff'), { begin: [64], size: [8192] }))).toBe(
    '00' + '00ffff000001' + '0101' + 'c040' + 'e02000',
  );
  const number = fc.oneof(fc.nat(300), fc.maxSafeNat());
  fc.assert(
    fc.property(fc.uint8Array(), fc.array(fc.tuple(number, number), { maxLength: 5 }), (name, extents) => {
      const value = { begin: extents.map(e => e[0]), size: extents.map(e => e[1]) };
      const decoded = decodeSliceKey(sliceKey(name, value));
      expect(decoded.slice).toEqual(value);
      expect(hex(decoded.name)).toBe(hex(name));
    }),
  );
});

const overlapping = (slices: TensorSlice[]): [number, number] | null =>
  atOnce(overlaps(slices, atOnce(BoxTree.build(slices))));

test('geometry of slices', () => {
  expect(isFullSlice({ begin: [0], size: [4] }, [4])).toBe(true);
  const rows = [0, 1, 2, 3].map(row => ({ begin: [row, 0], size: [1, 3] }));
  expect(overlapping(rows)).toBeNull();
  expect(covers(rows, [4, 3])).toBe(true);
  expect(covers(rows.slice(1), [4, 3])).toBe(false);
  expect(overlapping([...rows, { begin: [2, 2], size: [1, 1] }])).toEqual([2, 4]);
});
