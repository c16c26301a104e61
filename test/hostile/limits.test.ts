/**
 * Indexes that would make work, memory or reading grow faster than themselves. What is counted are entries, looks, bytes
 * and operations, at N and 4 N.
 */
import '../crash/fault-engine.js';
import { constants } from 'node:buffer';
import { closeSync, ftruncateSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { IndexFile } from '../../src/bundle/index-file.js';
import { BoxTree } from '../../src/format/box-tree.js';
import type { ByteOrigin } from '../../src/format/bytes.js';
import { dtypeInfo } from '../../src/format/dtypes.js';
import {
  decodeEntry,
  decodeEntryInSteps,
  encodeEntry,
  MAX_EXTENTS,
  MAX_SLICES,
  type StoredEntry,
} from '../../src/format/entry.js';
import { encodeHeader } from '../../src/format/header.js';
import { sliceKeyOf } from '../../src/format/slice-key.js';
import { overlaps, type SliceExtent, type TensorSlice } from '../../src/format/slices.js';
import { decodeStrings } from '../../src/format/strings.js';
import { MAX_KEY_BYTES } from '../../src/format/table-columns.js';
import {
  MAX_KEY_EXPANSION,
  MAX_KEY_LENGTH,
  MAX_LONG_KEY_LENGTH,
  MAX_LONG_KEYS,
  MAX_LONG_NAMES,
  MAX_NAME_LENGTH,
  MIN_ENTRY_BYTES,
} from '../../src/format/table-format.js';
import { TableReader } from '../../src/format/table-reader.js';
import { TableWriter } from '../../src/format/table-writer.js';
import { atOnce, inTurns, sorted } from '../../src/format/turns.js';
import {
  CheckpointReader,
  CheckpointWriter,
  copyCheckpoint,
  mergeCheckpoints,
  verifyCheckpoint,
} from '../../src/index.js';
import { Scratch } from '../crash/scratch.js';
import { faulty } from '../native/fault-binding.js';
import { block, field, type Row, table, varint } from './index-bytes.js';

/** The tensors of entries that were decoded: the real functions, counted. A short entry is not decoded in steps. */
const decodedNames = vi.hoisted((): (string | undefined)[] => []);
vi.mock('../../src/format/entry.js', async original => {
  const real = await original<typeof import('../../src/format/entry.js')>();
  const counted =
    <T>(decode: (bytes: Uint8Array, origin?: ByteOrigin) => T) =>
    (bytes: Uint8Array, origin?: ByteOrigin): T => {
      decodedNames.push(origin?.tensor);
      return decode(bytes, origin);
    };
  const { decodeEntry, decodeEntryInSteps } = real;
  return { ...real, decodeEntry: counted(decodeEntry), decodeEntryInSteps: counted(decodeEntryInSteps) };
});

const scratch = new Scratch('limits');
const MEBIBYTE = 2 ** 20;

afterEach(() => {
  faulty.setFaults(null);
  expect(faulty.openDescriptors()).toBe(0);
});

const codeOf = (bytes: Uint8Array): string => {
  try {
    atOnce(TableReader.read(bytes, 'x.index'));
    return 'none';
  } catch (error) {
    return (error as { code: string }).code;
  }
};

const entryOf = (given: Partial<StoredEntry>): Uint8Array =>
  encodeEntry({
    dtypeNumber: 1,
    dtype: dtypeInfo('float32'),
    shape: [],
    shard: 0,
    offset: 0,
    size: 0,
    crc: 0,
    slices: [],
    ...given,
  });

function place(rows: readonly (readonly [Uint8Array, Uint8Array])[], dataBytes: number): string {
  const prefix = join(scratch.directory(), 'model');
  const writer = new TableWriter();
  writer.add(new Uint8Array(0), encodeHeader(1));
  for (const [key, value] of [...rows].sort((a, b) => Buffer.compare(a[0], b[0]))) writer.add(key, value);
  writeFileSync(`${prefix}.index`, writer.finish());
  const data = openSync(`${prefix}.data-00000-of-00001`, 'w');
  ftruncateSync(data, dataBytes);
  closeSync(data);
  return prefix;
}

describe('entries and keys', () => {
  /** Keys of which each shares all but its last two bytes with the one before. */
  const chain = (count: number, keyLength: number, value: readonly number[]): Row[] =>
    Array.from({ length: count }, (_, i) => {
      const end = [33 + Math.floor(i / 90), 33 + (i % 90)];
      const whole = [...new Array<number>(keyLength - 2).fill(97), ...end];
      return i === 0 ? { key: whole, value } : { key: end, value, shared: keyLength - 2 };
    });

  test('an entry needs at least 8 bytes of the file', () => {
    expect(codeOf(table({ data: block(chain(8000, 3, [1, 2, 3])) }))).toBe('none');
    // Without values: 5 bytes an entry.
    const slim = table({ data: block(chain(8000, 3, [])) });
    expect(slim.length / 8000).toBeLessThan(MIN_ENTRY_BYTES);
    expect(codeOf(slim)).toBe('ERR_TOO_LARGE');
  });

  test('keys that expand in the data blocks and in the index block', () => {
    const rows = chain(8000, 1000, [1, 2, 3]);
    const bytes = table({ data: block(rows) });
    expect((8000 * 1000) / bytes.length).toBeGreaterThan(MAX_KEY_EXPANSION);
    expect(codeOf(bytes)).toBe('ERR_TOO_LARGE');
    // Handles of blocks that follow each other, each of one empty block.
    const expanding = table({
      gap: new Array<number>(13 * 8000).fill(0),
      index: handle =>
        block(
          chain(8000, 1000, [1, 2]).map((row, i) => ({
            ...row,
            value: i === 0 ? handle : [...varint(60 + 13 * i), 8],
          })),
        ),
    });
    expect(codeOf(expanding)).toBe('ERR_TOO_LARGE');
  });

  test('a key has at most 16,383 bytes, a few of them more', async () => {
    const keys = (count: number, length: number): string => {
      const writer = new TableWriter();
      writer.add(new Uint8Array(0), encodeHeader(1));
      // Without a shared beginning: the file is as large as the keys.
      for (let i = 0; i < count; i++)
        writer.add(Buffer.from(String(1000 + i).padEnd(length, 'k')), Uint8Array.of(1, 2, 3));
      return codeOf(writer.finish());
    };
    expect(keys(300, MAX_KEY_LENGTH)).toBe('none');
    expect(keys(MAX_LONG_KEYS, MAX_KEY_LENGTH + 1)).toBe('none');
    expect(keys(MAX_LONG_KEYS + 1, MAX_KEY_LENGTH + 1)).toBe('ERR_TOO_LARGE');
    expect(keys(1, MAX_LONG_KEY_LENGTH)).toBe('none');
    expect(keys(1, MAX_LONG_KEY_LENGTH + 1)).toBe('ERR_TOO_LARGE');
  });

  test('the longest names that are written can be read again', async () => {
    const writer = new CheckpointWriter(join(scratch.directory(), 'model'), { durable: false });
    const value = { dtype: 'float32', shape: [2], data: new Float32Array(2) } as const;
    const tooLong = expect.objectContaining({ code: 'ERR_BAD_NAME', expected: MAX_NAME_LENGTH });
    expect(() => writer.add('ü'.repeat(MAX_NAME_LENGTH / 2 + 1), value)).toThrow(tooLong);
    expect(() => writer.addSlice('n'.repeat(MAX_NAME_LENGTH + 1), [4], [0], value)).toThrow(tooLong);
    const longest = ['ü'.repeat(MAX_NAME_LENGTH / 2), '\0'.repeat(MAX_NAME_LENGTH)];
    for (const name of longest) writer.addSlice(name, [4], [0], value);
    const many = Array.from({ length: MAX_LONG_NAMES - 4 }, (_, i) => `${i}`.padEnd(20_000, 'm'));
    for (const name of many) writer.add(name, value);
    expect(() => writer.add('one too many'.padEnd(20_000, 'm'), value)).toThrow(
      expect.objectContaining({ code: 'ERR_BAD_NAME', expected: MAX_LONG_NAMES }),
    );
    await writer.finish();
    const reader = await CheckpointReader.open(writer.prefix);
    expect(reader.names().length).toBe(longest.length + many.length);
    for (const name of [...longest, ...many]) expect(reader.has(name)).toBe(true);
    await reader.close();
  });

  test('all keys fit into one string', () => {
    expect(MAX_KEY_BYTES).toBeLessThanOrEqual(constants.MAX_STRING_LENGTH);
  });

  test('long keys stop as often as many short ones', async () => {
    const value = [...entryOf({ shape: [0] }), ...field(100, new Array<number>(500).fill(0))];
    const writer = new TableWriter();
    writer.add(new Uint8Array(0), encodeHeader(1));
    for (let i = 0; i < 1200; i++)
      writer.add(Buffer.from(`${'k'.repeat(16_000)}${10_000 + i}`), Uint8Array.from(value));
    const bytes = writer.finish();
    let stops = 0;
    for (const steps = TableReader.read(bytes, 'x.index'); !steps.next().done; ) stops++;
    expect(stops).toBeGreaterThan(10);
    const attempts = [...(await IndexFile.read(bytes, 'x.index')).attempts()];
    expect(attempts.filter(attempt => attempt !== null).length).toBe(1200);
    expect(attempts.filter(attempt => attempt === null).length).toBeGreaterThan(10);
  });

  test('100,000 entries in good faith are read, and names are there without a long wait', async () => {
    const rows = Array.from({ length: 100_000 }, (_, i) => [Buffer.from(`t${i}`), entryOf({ shape: [0] })] as const);
    const reader = await CheckpointReader.open(place(rows, 0));
    expect(reader.names().length).toBe(100_000);
    await reader.close();
  });

  test('an abort is heard while a large index is read', async () => {
    const rows = Array.from({ length: 200_000 }, (_, i) => [Buffer.from(`t${i}`), entryOf({ shape: [0] })] as const);
    const prefix = place(rows, 0);
    const controller = new AbortController();
    setImmediate(() => setTimeout(() => controller.abort(), 1));
    await expect(CheckpointReader.open(prefix, { signal: controller.signal })).rejects.toMatchObject({
      code: 'ERR_ABORTED',
    });
  });
});

describe('bytes that many entries claim', () => {
  const bytesRead = (): number =>
    faulty
      .operations()
      .filter(({ syscall, path }) => syscall === 'pread' && path?.includes('.data-'))
      .reduce((sum, { result }) => sum + Math.max(0, result), 0);

  const claims = (count: number, range: (i: number) => { offset: number; size: number }): string => {
    const rows = Array.from({ length: count }, (_, i) => {
      const { offset, size } = range(i);
      return [Buffer.from(`t${i}`), entryOf({ shape: [size / 4], offset, size, crc: 1 })] as const;
    });
    return place(rows, 4 * MEBIBYTE);
  };

  test.each([
    ['the same', () => ({ offset: 0, size: 4 * MEBIBYTE })],
    ['of the same beginning', (i: number) => ({ offset: 0, size: 4 * MEBIBYTE - 4 * i })],
    ['of the same end', (i: number) => ({ offset: 4 * i, size: 4 * MEBIBYTE - 4 * i })],
    ['nested', (i: number) => ({ offset: 4 * i, size: 4 * MEBIBYTE - 8 * i })],
  ])('%s: no byte is read twice, and it is damage', async (_, range) => {
    for (const count of [10, 40]) {
      const prefix = claims(count, range);
      faulty.setFaults(null);
      const report = await verifyCheckpoint(prefix);
      expect(bytesRead()).toBeLessThanOrEqual(4 * MEBIBYTE);
      expect(bytesRead()).toBeGreaterThan(0);
      expect(report.problems.filter(({ code }) => code === 'ERR_CORRUPT').length).toBe(count - 1);
      expect(report.unreferencedBytes).toBe(0);
      faulty.setFaults(null);
      await expect(CheckpointReader.open(prefix, { verify: 'open' })).rejects.toMatchObject({ code: 'ERR_CORRUPT' });
      const copy = join(scratch.directory(), 'copy');
      await expect(copyCheckpoint(prefix, copy)).rejects.toMatchObject({ code: 'ERR_CORRUPT' });
      await expect(mergeCheckpoints([prefix], copy)).rejects.toMatchObject({ code: 'ERR_CORRUPT' });
      expect(bytesRead()).toBe(0);
    }
  });

  test('tensors without bytes may lie at one place', async () => {
    const rows = Array.from(
      { length: 10 },
      (_, i) => [Buffer.from(`t${i}`), entryOf({ shape: [0], offset: 8 })] as const,
    );
    expect(await verifyCheckpoint(place(rows, 16))).toMatchObject({ ok: true, unreferencedBytes: 16 });
  });

  test('a report has a bounded length', async () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => [Buffer.from(`t${i}`), entryOf({ dtypeNumber: 0 })] as const);
    const report = await verifyCheckpoint(place(rows, 0));
    expect(report.ok).toBe(false);
    expect(report.problems.length).toBe(10_001);
    expect(report.problems.at(-1)!.message).toContain('10000 more problems');
  });
});

describe('slices', () => {
  type Geometry = (i: number, n: number) => TensorSlice;
  const box = (...axes: [number, number][]): TensorSlice => ({
    begin: axes.map(([begin]) => begin),
    size: axes.map(([, size]) => size),
  });
  /** Columns of which each begins and ends elsewhere, so that along the rows all lie over each other. */
  const staircase: Geometry = (i, n) => box([i, 2 * n - i - (i % 2)], [i, 1]);
  const side = (n: number): number => Math.ceil(Math.sqrt(n));
  const geometries: [string, Geometry][] = [
    ['rows', i => box([i, 1], [0, 8])],
    ['staircase', staircase],
    [
      'staircase on its side',
      (i, n) => ({ begin: staircase(i, n).begin.toReversed(), size: staircase(i, n).size.toReversed() }),
    ],
    ['staircase among other dimensions', (i, n) => box([0, 3], [i, 2 * n - i], [0, 7], [i, 1])],
    ['rows on the left, columns on the right', (i, n) => (i % 2 ? box([i, 1], [0, n]) : box([0, n], [n + i, 1]))],
    ['a grid', (i, n) => box([5 * (i % side(n)), 5], [7 * Math.floor(i / side(n)), 7])],
    [
      'bricks',
      (i, n) => box([2 * Math.floor(i / side(n)), 2], [10 * (i % side(n)) + 5 * (Math.floor(i / side(n)) % 2), 10]),
    ],
    ['a diagonal in three dimensions', i => box([i, 1], [i, 1], [i, 1])],
    [
      'three bundles of needles',
      (i, n) => [box([0, n], [i, 1], [0, 1]), box([n, 1], [0, n], [i, 1]), box([i, 1], [n, 1], [n, n])][i % 3]!,
    ],
  ];

  test.each(geometries)('%s: looks grow with their number, for all against all and for one', (_, geometry) => {
    const looks = [3000, 12_000].map(n => {
      const boxes = Array.from({ length: n }, (_, i) => geometry(i, n));
      const tree = atOnce(BoxTree.build(boxes));
      expect(atOnce(overlaps(boxes, tree))).toBeNull();
      const all = tree.looks;
      tree.looks = 0;
      const { begin } = boxes[n >> 1]!;
      expect([...tree.find({ begin, size: begin.map(() => 1) })]).toEqual([n >> 1]);
      return { all, one: tree.looks };
    });
    expect(looks[1]!.all).toBeLessThan(6 * looks[0]!.all);
    expect(looks[1]!.one).toBeLessThan(1000);
    const boxes = Array.from({ length: 3000 }, (_, i) => geometry(i, 3000));
    const twice = [...boxes, { ...boxes[1500]!, size: boxes[1500]!.size.map(() => 1) }];
    expect(atOnce(overlaps(twice, atOnce(BoxTree.build(twice))))).toEqual([1500, 3000]);
  });

  test('a geometry that is too hard is refused', () => {
    // Planks that cross each other at different heights: along every axis most lie over each other.
    const n = 6000;
    const boxes = Array.from({ length: n }, (_, i) =>
      i % 2 ? box([0, n], [i, 1], [i, 1]) : box([i, 1], [0, n], [i, 1]),
    );
    const tree = atOnce(BoxTree.build(boxes));
    expect(atOnce(overlaps(boxes, tree))).toBeNull();
    tree.looks = Number.MAX_SAFE_INTEGER;
    expect(() => atOnce(overlaps(boxes, tree))).toThrow(expect.objectContaining({ code: 'ERR_TOO_LARGE' }));
  });

  test('slices that lie over each other along every axis, in many dimensions', () => {
    // Three sticks in a cube that do not touch, to the power of m.
    const sticks: [number, number][][] = [
      [
        [0, 1],
        [1, 1],
        [0, 2],
      ],
      [
        [0, 2],
        [0, 1],
        [1, 1],
      ],
      [
        [1, 1],
        [0, 2],
        [0, 1],
      ],
    ];
    const arrangement = (m: number): TensorSlice[] =>
      Array.from({ length: 3 ** m }, (_, i) => {
        // In an order that has nothing to do with their places.
        const digits = ((i * 7919) % 3 ** m).toString(3).padStart(m, '0');
        return box(...[...digits].flatMap(digit => sticks[Number(digit)]!));
      });
    expect(atOnce(overlaps(arrangement(5), atOnce(BoxTree.build(arrangement(5)))))).toBeNull();
    const boxes = arrangement(9);
    const tree = atOnce(BoxTree.build(boxes));
    let stops = 0;
    const steps = overlaps(boxes, tree);
    const run = (): void => {
      while (!steps.next().done) stops++;
    };
    expect(run).toThrow(expect.objectContaining({ code: 'ERR_TOO_LARGE' }));
    expect(tree.looks).toBeLessThan(10_000_000);
    expect(stops).toBeGreaterThan(tree.looks / 1_000_000);
  });

  test('dimensions of all slices of one tensor are limited, and decoded in steps', () => {
    const of = (slices: number, rank: number): Uint8Array =>
      entryOf({
        shape: new Array<number>(rank).fill(1),
        slices: new Array<SliceExtent[]>(slices).fill(new Array<SliceExtent>(rank).fill(whole)),
      });
    const most = of(MAX_EXTENTS / 128, 128);
    const steps = decodeEntryInSteps(most);
    let stops = 0;
    let step = steps.next();
    for (; !step.done; step = steps.next()) stops++;
    expect(stops).toBeGreaterThan(100);
    expect(step.value.slices.length).toBe(MAX_EXTENTS / 128);
    for (const [slices, rank] of [
      [MAX_EXTENTS / 128 + 1, 128],
      [MAX_SLICES + 1, 1],
      [MAX_SLICES + 1, 0],
    ] as const)
      expect(() => decodeEntry(of(slices, rank))).toThrow(expect.objectContaining({ code: 'ERR_TOO_LARGE' }));
  });

  test('pieces and ranges decode the entry once', async () => {
    const rows = Array.from({ length: 4000 }, (_, i) => [{ start: i, length: 1 }, whole]);
    const prefix = partitioned('p', [4000, 8], rows);
    const reader = await CheckpointReader.open(prefix, { verify: 'never' });
    const before = decodedNames.filter(name => name === 'p').length;
    let pieces = 0;
    for await (const _ of reader.pieces('p', { bytes: 4096 })) pieces++;
    for (let i = 0; i < 10; i++) await reader.read('p', { begin: [i, 0], size: [1, 4] });
    await reader.close();
    expect(pieces).toBeGreaterThan(30);
    // Its own entry and those of its slices.
    expect(decodedNames.filter(name => name === 'p').length - before).toBe(1 + rows.length);
  });

  const whole: SliceExtent = { start: 0, length: null };

  /** A tensor of the slices, each with an entry of its own, unless `listed` names others. */
  function partitioned(name: string, shape: number[], extents: SliceExtent[][], listed = extents): string {
    let offset = 0;
    const rows = extents.map(extent => {
      const size = extent.map(({ length }, axis) => length ?? shape[axis]!);
      const bytes = 4 * size.reduce((product, n) => product * n, 1);
      const value = entryOf({ shape: size, offset, size: bytes, crc: bytes === 0 ? 0 : 1 });
      offset += bytes;
      return [sliceKeyOf(name, extent), value] as const;
    });
    return place([...rows, [Buffer.from(name), entryOf({ shape, slices: listed })]], offset);
  }

  test('a range is read from the slices that hold it', async () => {
    for (const n of [500, 2000]) {
      const rows = Array.from({ length: n }, (_, i) => [
        { start: i, length: 1 },
        { start: 0, length: null },
      ]);
      const prefix = partitioned('p', [n, 8], rows);
      const reader = await CheckpointReader.open(prefix, { verify: 'never' });
      faulty.setFaults(null);
      const { data } = await reader.read('p', { begin: [n - 3, 2], size: [2, 4] });
      expect((data as Float32Array).length).toBe(8);
      expect(faulty.operations().filter(({ syscall }) => syscall === 'pread').length).toBeLessThan(4);
      await reader.close();
    }
  });

  test('a list that names one slice of a long name again and again', async () => {
    const name = 'n'.repeat(16_000);
    const extent = [{ start: 0, length: 2 }];
    const many = new Array<SliceExtent[]>(50_000).fill(extent);
    const prefix = partitioned(name, [4], [extent], many);
    const reader = await CheckpointReader.open(prefix);
    expect(reader.entry(name).slices.length).toBe(50_000);
    await expect(reader.read(name)).rejects.toMatchObject({ code: 'ERR_SLICE_OVERLAP' });
    await reader.close();
    const report = await verifyCheckpoint(prefix);
    expect(report.problems.map(({ code }) => code)).toContain('ERR_SLICE_OVERLAP');
    // Without elements they do not overlap.
    const none = partitioned(
      name,
      [0],
      [[{ start: 0, length: null }]],
      many.map(() => [{ start: 0, length: null }]),
    );
    expect((await verifyCheckpoint(none)).ok).toBe(true);
  });
});

test('more strings than are read', () => {
  const count = 9_000_000;
  const context = { path: 'x', tensor: 's' };
  expect(() => decodeStrings(new Uint8Array(count + 4), count, context)).toThrow(
    expect.objectContaining({ code: 'ERR_TOO_LARGE', found: count }),
  );
});

test('long computations give way, and hear a signal', async () => {
  const numbers = Array.from({ length: 100_000 }, (_, i) => (i * 7919) % 100_003);
  const order = await inTurns(
    sorted(numbers, (a, b) => a - b),
    undefined,
    'sorting',
  );
  expect(order).toEqual(numbers.toSorted((a, b) => a - b));
  expect(atOnce(sorted<number>([], () => 0))).toEqual([]);
  const controller = new AbortController();
  function* endless() {
    for (;;) yield;
  }
  const work = inTurns(endless(), controller.signal, 'the work');
  setTimeout(() => controller.abort(), 1);
  await expect(work).rejects.toMatchObject({ code: 'ERR_ABORTED', message: 'the work was aborted' });
});
