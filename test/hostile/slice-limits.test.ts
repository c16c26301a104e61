/**
 * Slices by the thousand, of any geometry, in an index of anybody's: what is looked at is bounded, and no more than
 * promised is kept.
 */
import { decodedNames } from '../bundle/decodes.js';
import '../crash/fault-engine.js';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { BoxTree } from '../../src/format/box-tree.js';
import { decodeEntry, decodeEntryInSteps, MAX_EXTENTS, MAX_SLICES } from '../../src/format/entry.js';
import { sliceKeyOf } from '../../src/format/slice-key.js';
import { overlaps, type SliceExtent, type TensorSlice } from '../../src/format/slices.js';
import { atOnce } from '../../src/format/turns.js';
import { CheckpointReader, verifyCheckpoint } from '../../src/index.js';
import { Scratch } from '../crash/scratch.js';
import { faulty } from '../native/fault-binding.js';
import { entryOf, place } from './index-bytes.js';

vi.mock('../../src/format/entry.js', async original =>
  (await import('../bundle/decodes.js')).watched(await original()),
);

const scratch = new Scratch('limits');

afterEach(() => {
  faulty.setFaults(null);
  expect(faulty.openDescriptors()).toBe(0);
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
    return place(scratch.directory(), [...rows, [Buffer.from(name), entryOf({ shape, slices: listed })]], offset);
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
