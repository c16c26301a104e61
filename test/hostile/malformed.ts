/** The corpus of malformed indexes: one case for each class of lie, with the errors it may be answered with. */
import { sliceKey } from '../../src/format/slice-key.js';
import { block, entry, field, HEADER, shapeOf, table, u32, varint, withEntry, withRows } from './index-bytes.js';

export interface MalformedCase {
  name: string;
  index: Uint8Array;
  /** Bytes of the data file; 8 bytes of zeros if absent. */
  data?: Uint8Array;
  /** Code of the error of reading `w`. */
  code: string;
  /** Read well by a reader, but a finding of `verify`. */
  readable?: boolean;
}

const BIG = 2n ** 64n - 1n;
const NEAR = 2n ** 63n;
const C = 'ERR_CORRUPT';
const slice = (...extents: [number, number][]): number[] =>
  field(
    7,
    extents.flatMap(([start, length]) => field(1, [...field(1, start), ...field(2, length)])),
  );
const keyOfSlice = (begin: number[], size: number[]): number[] => [...sliceKey('w', { begin, size })];
const head = { key: '', value: HEADER };
const row = { key: 'w', value: entry() };
const group = (depth: number): number[] => [
  ...new Array<number>(depth).fill((9 << 3) | 3),
  ...new Array<number>(depth).fill((9 << 3) | 4),
];
const strings = (...lengths: (number | bigint)[]): Uint8Array =>
  Uint8Array.from([...lengths.flatMap(length => varint(length)), 0, 0, 0, 0]);
const footerOf = (offset: number | bigint, size: number | bigint): number[] => [...varint(offset), ...varint(size)];

/** A tensor of 4 elements in two slices, as given. */
function sliced(full: number[], parts: { begin: number[]; size: number[]; value: number[] }[]): Uint8Array {
  const rows = parts.map(({ begin, size, value }) => ({ key: keyOfSlice(begin, size), value }));
  return withRows([...rows, { key: 'w', value: full }]);
}
const fullEntry = (...slices: number[][]): number[] => [...field(1, 1), ...field(2, shapeOf(4)), ...slices.flat()];
const half = (begin: number, size: number): { begin: number[]; size: number[]; value: number[] } => ({
  begin: [begin],
  size: [size],
  value: entry({ shape: shapeOf(size), size: 4 * size }),
});

export const MALFORMED: readonly MalformedCase[] = [
  // Blocks and the footer.
  {
    name: 'index block handle with a size near 2^64',
    index: table({ footer: meta => [...meta, ...footerOf(0, BIG)] }),
    code: C,
  },
  {
    name: 'index block handle with an offset near 2^64',
    index: table({ footer: meta => [...meta, ...footerOf(BIG, 4)] }),
    code: C,
  },
  {
    name: 'offset + size of a handle wraps',
    index: table({ footer: meta => [...meta, ...footerOf(BIG, 6)] }),
    code: C,
  },
  {
    name: 'metaindex handle outside the file',
    index: table({ footer: (_, i) => [...footerOf(100_000, 8), ...i] }),
    code: C,
  },
  {
    name: 'footer handle is an overlong varint',
    index: table({ footer: () => new Array<number>(40).fill(0x80) }),
    code: C,
  },
  {
    name: 'footer handle points at the data block as the index',
    index: table({ footer: m => [...m, ...footerOf(0, 1)] }),
    code: 'ERR_CHECKSUM',
  },
  {
    name: 'data block handle points at the index block itself',
    index: table({ index: () => block([{ key: 'zz', value: footerOf(2 ** 20, 8) }]) }),
    code: C,
  },
  {
    name: 'data block handle near 2^64',
    index: table({ index: () => block([{ key: 'zz', value: footerOf(0, NEAR) }]) }),
    code: C,
  },
  {
    name: 'data block handle cut short',
    index: table({ index: () => block([{ key: 'zz', value: [0x80] }]) }),
    code: C,
  },
  {
    name: 'the same data block twice',
    index: table({
      index: h =>
        block(
          [
            { key: 'a', value: h },
            { key: 'zz', value: h },
          ],
          [0, 6],
        ),
    }),
    code: C,
  },
  { name: 'no data block at all', index: table({ index: () => block([]) }), code: 'ERR_NOT_A_CHECKPOINT' },
  { name: 'unknown compression', index: table({ type: 7 }), code: C },
  { name: 'snappy length bomb', index: table({ type: 1, data: [...varint(0xffff_ffff), 0, 0] }), code: C },
  {
    name: 'snappy copy before its start',
    index: table({ type: 1, data: [...varint(8), 0x01 | (4 << 2), 200] }),
    code: C,
  },
  {
    name: 'snappy literal beyond its input',
    index: table({ type: 1, data: [...varint(20), 60 << 2, 200, 1] }),
    code: C,
  },
  { name: 'a block of 2 bytes', index: table({ data: [0, 0] }), code: C },
  { name: 'restart count beyond the block', index: table({ data: block([head, row], [0], 0x3fff_ffff) }), code: C },
  { name: 'restart count that wraps', index: table({ data: block([head, row], [0], 0xffff_ffff) }), code: C },
  { name: 'restart within an entry', index: table({ data: block([head, row], [0, 1]) }), code: C },
  { name: 'restart outside the block', index: table({ data: block([head, row], [0, 0x7fff_ffff]) }), code: C },
  { name: 'restarts in falling order', index: table({ data: block([head, row], [9, 0]) }), code: C },
  { name: 'gap before the footer', index: table({ gap: [1, 2, 3] }), code: C, readable: true },
  {
    name: 'padding of the footer is not zero',
    index: table({ footer: (m, i) => [...m, ...i, ...new Array<number>(40 - m.length - i.length).fill(1)] }),
    code: C,
    readable: true,
  },
  {
    name: 'index key below its block',
    index: table({ index: h => block([{ key: 'a', value: h }]) }),
    code: C,
    readable: true,
  },
  // Records.
  { name: 'shared length near 2^64', index: withRows([{ ...row, shared: BIG }]), code: C },
  { name: 'shared longer than the key before', index: withRows([{ ...row, shared: 5 }]), code: C },
  { name: 'key length near 2^64', index: withRows([{ ...row, keyLength: BIG }]), code: C },
  { name: 'key length near 2^32', index: withRows([{ ...row, keyLength: 0xffff_fff0 }]), code: C },
  { name: 'value length near 2^64', index: withRows([{ ...row, valueLength: BIG - 1n }]), code: C },
  { name: 'key + value length wraps', index: withRows([{ ...row, keyLength: NEAR, valueLength: NEAR }]), code: C },
  { name: 'repeated key', index: withRows([row, row]), code: C },
  { name: 'unsorted keys', index: withRows([{ ...row, key: 'x' }, row]), code: C },
  { name: 'key that is not UTF-8', index: withRows([{ ...row, key: [0x66, 0xff, 0xfe] }, row]), code: C },
  // The header.
  { name: 'no header', index: table({ data: block([row]) }), code: 'ERR_NOT_A_CHECKPOINT' },
  { name: 'no shards', index: withEntry(entry(), field(3, field(1, 1))), code: C },
  { name: '2^31 shards', index: withEntry(entry(), field(1, 2 ** 31)), code: C },
  { name: 'a negative number of shards', index: withEntry(entry(), field(1, BIG)), code: C },
  { name: 'unknown endianness', index: withEntry(entry(), [...field(1, 1), ...field(2, 7)]), code: C },
  {
    name: 'a newer format',
    index: withEntry(entry(), [...field(1, 1), ...field(3, [...field(1, 9), ...field(2, 9)])]),
    code: 'ERR_NOT_SUPPORTED',
  },
  { name: 'the old format', index: withEntry(entry(), field(1, [1, 2, 3])), code: 'ERR_V1_FORMAT' },
  { name: 'header cut short', index: withEntry(entry(), [8]), code: C },
  // Entries.
  { name: 'entry that is no message', index: withEntry([0xff, 0xff, 0xff]), code: C },
  { name: 'field number 0', index: withEntry([0, 1]), code: C },
  { name: 'impossible wire type', index: withEntry([(1 << 3) | 7, 1]), code: C },
  { name: 'wrong wire type of a known field', index: withEntry([...entry(), (4 << 3) | 5, ...u32(1)]), code: C },
  { name: 'overlong varint', index: withEntry([(4 << 3) | 0, ...new Array<number>(11).fill(0x80), 0]), code: C },
  { name: 'sub-message longer than the entry', index: withEntry([(2 << 3) | 2, ...varint(BIG)]), code: C },
  { name: 'groups nested 10,000 deep', index: withEntry([...entry(), ...group(10_000)]), code: C },
  { name: 'a group that does not end', index: withEntry([...entry(), (9 << 3) | 3]), code: C },
  { name: 'no dtype', index: withEntry(entry({ dtype: 0 })), code: 'ERR_DTYPE' },
  { name: 'negative dtype', index: withEntry(entry({ dtype: BIG })), code: C },
  { name: 'negative dimension', index: withEntry(entry({ shape: shapeOf(BIG) })), code: C },
  { name: 'shape of 2^64 elements', index: withEntry(entry({ shape: shapeOf(2 ** 32, 2 ** 32) })), code: C },
  { name: 'shape that wraps to 2 elements', index: withEntry(entry({ shape: shapeOf(2n ** 62n, 8, 2) })), code: C },
  {
    name: 'shape of 2^52 elements in a file of 8 bytes',
    index: withEntry(entry({ shape: shapeOf(2 ** 26, 2 ** 26) })),
    code: C,
  },
  {
    name: 'overflow hidden behind a dimension of 0',
    index: withEntry(entry({ shape: shapeOf(2 ** 40, 2 ** 40, 0), size: 0 })),
    code: C,
  },
  { name: 'unknown rank', index: withEntry(entry({ shape: field(3, 1) })), code: C },
  { name: '300 dimensions', index: withEntry(entry({ shape: shapeOf(...new Array<number>(300).fill(1)) })), code: C },
  { name: 'size below shape x dtype', index: withEntry(entry({ size: 4 })), code: C },
  { name: 'size above shape x dtype', index: withEntry(entry({ size: 12 })), code: C },
  { name: 'negative size', index: withEntry(entry({ size: BIG - 7n })), code: C },
  { name: 'negative offset', index: withEntry(entry({ offset: BIG - 7n })), code: C },
  { name: 'offset + size wraps', index: withEntry(entry({ offset: NEAR, size: NEAR })), code: C },
  { name: 'offset + size above 2^53', index: withEntry(entry({ offset: 2n ** 53n - 4n })), code: C },
  { name: 'range beyond the end of the file', index: withEntry(entry({ offset: 4 })), code: 'ERR_TRUNCATED' },
  { name: 'shard beyond the total', index: withEntry(entry({ shard: 1 })), code: C },
  { name: 'shard number of 2^40', index: withEntry(entry({ shard: 2 ** 40 })), code: C },
  { name: 'shard number -1', index: withEntry(entry({ shard: BIG })), code: C },
  {
    name: 'missing data file',
    index: withEntry(entry({ shard: 1 }), [...field(1, 2), ...field(3, field(1, 1))]),
    code: 'ERR_MISSING_SHARD',
  },
  {
    name: 'overlapping ranges',
    index: withRows([row, { key: 'x', value: entry({ offset: 4, size: 4, shape: shapeOf(1) }) }]),
    code: C,
    readable: true,
  },
  // Strings and variants.
  { name: 'more strings than bytes', index: withEntry(entry({ dtype: 7, shape: shapeOf(1000) })), code: C },
  { name: '2^50 strings', index: withEntry(entry({ dtype: 7, shape: shapeOf(2 ** 50) })), code: C },
  {
    name: 'string longer than its tensor',
    index: withEntry(entry({ dtype: 7, shape: shapeOf(1), size: 6 })),
    data: strings(200),
    code: C,
  },
  {
    name: 'string of 2^64 bytes',
    index: withEntry(entry({ dtype: 7, shape: shapeOf(1), size: 14 })),
    data: strings(BIG),
    code: C,
  },
  {
    name: 'string lengths that wrap',
    index: withEntry(entry({ dtype: 7, shape: shapeOf(2), size: 24 })),
    data: strings(NEAR, NEAR),
    code: C,
  },
  {
    name: 'string bytes left over',
    index: withEntry(entry({ dtype: 7, shape: shapeOf(1), size: 8 })),
    data: Uint8Array.from([1, 0, 0, 0, 0, 1, 2, 3]),
    code: C,
  },
  {
    name: 'variant longer than its tensor',
    index: withEntry(entry({ dtype: 21, shape: shapeOf(1) })),
    data: Uint8Array.from([200, 1, 0, 0, 0, 0, 0, 0]),
    code: C,
  },
  // Slices.
  { name: 'slice of another rank', index: withEntry(fullEntry(slice([0, 2], [0, 2]))), code: C },
  { name: 'slice outside its tensor', index: withEntry(fullEntry(slice([3, 2]))), code: C },
  {
    name: 'slice start near 2^63',
    index: withEntry(fullEntry(field(7, field(1, [...field(1, NEAR - 1n), ...field(2, 2)])))),
    code: C,
  },
  { name: 'slice of length 0', index: withEntry(fullEntry(slice([1, 0]))), code: C },
  { name: 'slice without its entry', index: withEntry(fullEntry(slice([0, 2]), slice([2, 2]))), code: C },
  { name: 'slice gap', index: sliced(fullEntry(slice([0, 2])), [half(0, 2)]), code: 'ERR_SLICE_GAP' },
  {
    name: 'slice overlap',
    index: sliced(fullEntry(slice([0, 2]), slice([1, 2])), [half(0, 2), half(1, 2)]),
    code: 'ERR_SLICE_OVERLAP',
  },
  {
    name: 'slice shape is not its geometry',
    index: sliced(fullEntry(slice([0, 2]), slice([2, 2])), [
      half(0, 2),
      { ...half(2, 2), value: entry({ shape: shapeOf(1), size: 4 }) },
    ]),
    code: C,
  },
  {
    name: 'slice of another type',
    index: sliced(fullEntry(slice([0, 2]), slice([2, 2])), [half(0, 2), { ...half(2, 2), value: entry({ dtype: 3 }) }]),
    code: C,
  },
  {
    name: 'slice that is sliced again',
    index: sliced(fullEntry(slice([0, 4])), [{ begin: [0], size: [4], value: fullEntry(slice([0, 2])) }]),
    code: C,
  },
  {
    name: 'tensor of 2^52 bytes in two slices of 8',
    index: sliced(
      [...field(1, 1), ...field(2, shapeOf(2 ** 50)), ...slice([0, 2]), ...slice([2, 2])],
      [half(0, 2), half(2, 2)],
    ),
    code: 'ERR_SLICE_GAP',
  },
];
