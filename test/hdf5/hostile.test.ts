/** HDF5 files that are damaged, or made to do harm: each ends with a typed error or values, soon, and in bounds. */
import { describe, expect, test } from 'vitest';
import { TensorBundleError } from '../../src/errors.js';
import { planHdf5 } from '../../src/hdf5/writing/plan-hdf5.js';
import { isDeep } from '../depth.js';
import { FIXTURES, fixture, type Outcome, readHostile } from './hostile-files.js';
import { withRange } from './open-files.js';
import { groupOf, type NodeSpec, wholeFile } from './written-trees.js';

/** A whole file is read in about a millisecond; the rest is for machines that do several things at once. */
const MAX_MS = 3000;

function requireBounded(outcome: Outcome, bytes: number): void {
  expect(outcome.ms).toBeLessThan(MAX_MS);
  // Blocks may be read again and again, each for a small structure.
  expect(outcome.bytes).toBeLessThan(64 * 1024 * 1024 + 64 * bytes);
}

describe.each(FIXTURES)('%s', name => {
  const whole = fixture(name);

  test('is whole', async () => {
    const { codes, objects } = await readHostile(whole);
    expect(codes).toEqual(name === 'latest.h5' ? codes.filter(code => code === 'ERR_NOT_SUPPORTED') : []);
    expect(objects).toBeGreaterThan(name === 'latest.h5' ? 0 : 8);
  });

  test('cut at any length', async () => {
    const step = isDeep ? 3 : 211;
    for (let length = 0; length < whole.length; length += step) {
      const outcome = await readHostile(whole.subarray(0, length));
      requireBounded(outcome, length);
      expect(['ERR_TRUNCATED', 'ERR_NOT_A_CHECKPOINT', 'ERR_CORRUPT']).toContain(outcome.codes[0]);
    }
  });

  test('with any byte changed', async () => {
    const values = [0xff, 0x01, 0x80];
    const step = !isDeep ? 89 : name.startsWith('keras') ? 5 : 1;
    let corrupt = 0;
    for (let at = 0; at < whole.length; at += step) {
      const changed = Buffer.from(whole);
      changed[at]! ^= values[at % 3]!;
      const outcome = await readHostile(changed);
      requireBounded(outcome, whole.length);
      if (outcome.codes.includes('ERR_CORRUPT')) corrupt++;
    }
    expect(corrupt).toBeGreaterThan(3);
  });

  test('with numbers of any size anywhere', async () => {
    const random = randomOf(name.length);
    for (let i = 0; i < (isDeep ? 3000 : 60); i++) {
      const changed = Buffer.from(whole);
      for (let k = 0; k <= i % 4; k++) {
        const at = random(whole.length - 8);
        const width = 1 << random(4);
        const values = [0n, 0xffff_ffff_ffff_ffffn, BigInt(random(whole.length)), BigInt(at), 1n << BigInt(random(63))];
        changed.writeBigUInt64LE(BigInt.asUintN(width * 8, values[random(values.length)]!), at);
      }
      requireBounded(await readHostile(changed), whole.length);
    }
  });
});

/** The same numbers in each run. */
function randomOf(seed: number): (below: number) => number {
  let state = Math.imul(seed, 0x9e3779b1) >>> 0;
  return below => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    return ((state ^ (state >>> 13)) >>> 0) % below;
  };
}

/** A file of this package's writer, and where its structures are. */
async function made(spec: NodeSpec): Promise<{ bytes: Buffer; places: (signature: string) => number[] }> {
  const bytes = Buffer.from(await wholeFile(planHdf5(groupOf(spec), 'made.h5')));
  const places = (signature: string): number[] => {
    const found: number[] = [];
    for (let at = bytes.indexOf(signature); at >= 0; at = bytes.indexOf(signature, at + 1)) found.push(at);
    return found;
  };
  return { bytes, places };
}

const vector: NodeSpec = { dtype: 'float32', shape: [4], seed: 1 };
const tree: NodeSpec = {
  attributes: { text: { text: 'a text that lies in the heap' }, names: { fixed: ['one', 'two'] } },
  children: { a: { children: { b: vector, c: vector } }, d: vector },
};

/** What a file of `tree` becomes by a change of its bytes. */
async function changed(
  change: (bytes: Buffer, places: (signature: string) => number[]) => void,
  spec: NodeSpec = tree,
): Promise<Outcome> {
  const { bytes, places } = await made(spec);
  change(bytes, places);
  const outcome = await readHostile(bytes);
  requireBounded(outcome, bytes.length);
  return outcome;
}

/** Of a B-tree's node: where its first child is. Of a node of symbols: its first symbol. */
const CHILD = 32;
const SYMBOL = 8;

describe('structures', () => {
  test('are whole before they are changed', async () => {
    expect((await changed(() => undefined)).codes).toEqual([]);
  });

  test('a tree that has itself as a child', async () => {
    const outcome = await changed((bytes, places) => {
      for (const at of places('TREE')) {
        bytes[at + 5] = 1;
        bytes.writeBigUInt64LE(BigInt(at), at + CHILD);
      }
    });
    expect(outcome.codes).toContain('ERR_CORRUPT');
    expect(outcome.messages[0]).toMatch(/two places of a tree lead to the same/);
  });

  test('a tree of 255 levels, each of which is the same node with another level', async () => {
    const outcome = await changed((bytes, places) => {
      const [root] = places('TREE');
      bytes[root! + 5] = 255;
      bytes.writeBigUInt64LE(BigInt(places('TREE')[1]!), root! + CHILD);
    });
    expect(outcome.messages[0]).toMatch(/wrong level/);
  });

  test('two children of a tree in one place', async () => {
    const outcome = await changed((bytes, places) => {
      const [root] = places('TREE');
      bytes.writeUInt16LE(2, root! + 6);
      bytes.copy(bytes, root! + CHILD + 16, root! + CHILD, root! + CHILD + 8);
    });
    expect(outcome.messages[0]).toMatch(/two places of a tree lead to the same/);
  });

  test('more symbols, children, names and messages than there are bytes', async () => {
    const counts: [signature: string, at: number][] = [
      ['SNOD', 6],
      ['TREE', 6],
    ];
    for (const [signature, at] of counts) {
      const outcome = await changed((bytes, places) => bytes.writeUInt16LE(0xffff, places(signature)[0]! + at));
      expect(outcome.codes).toEqual(['ERR_CORRUPT']);
    }
    for (const size of [0x7fff_ffff_ffff_ffffn, 0xffff_ffffn, 1n]) {
      const outcome = await changed((bytes, places) => bytes.writeBigUInt64LE(size, places('HEAP')[0]! + 8));
      expect([['ERR_CORRUPT'], ['ERR_TOO_LARGE']]).toContainEqual(outcome.codes);
    }
  });

  test('a group in itself, which has no end but the depth of a path', async () => {
    const { bytes, places } = await made(tree);
    // The first symbol of the root is the group `a`: now it leads to the root.
    const [symbols] = places('SNOD')
      .filter(at => bytes.readUInt16LE(at + 6) === 2)
      .slice(-1);
    const root = bytes.readBigUInt64LE(64);
    for (const at of places('SNOD')) bytes.writeBigUInt64LE(root, at + SYMBOL + 8);
    expect(symbols).toBeDefined();
    const outcome = await readHostile(bytes);
    requireBounded(outcome, bytes.length);
    expect(outcome.codes).toEqual([]);

    await withRange(bytes, async file => {
      expect((await file.at('a/a/a/a'))!.id).toBe(file.root.id);
      const names = Array.from({ length: 300 }, () => 'a');
      await expect(file.at(names.join('/'))).rejects.toMatchObject({ code: 'ERR_TOO_LARGE' });
    });
  });

  test('texts that lie in themselves, or are longer than their heap', async () => {
    const heap = (places: (signature: string) => number[]): number => places('GCOL')[0]!;
    for (const size of [0xffff_ffffn, 1n << 40n, 100_000n]) {
      const inHeap = await changed((bytes, places) => bytes.writeBigUInt64LE(size, heap(places) + 16 + 8));
      expect(inHeap.codes).toEqual(['ERR_CORRUPT']);
      const ofHeap = await changed((bytes, places) => bytes.writeBigUInt64LE(size, heap(places) + 8));
      expect([[], ['ERR_CORRUPT']]).toContainEqual(ofHeap.codes);
    }
    const twice = await changed((bytes, places) => {
      const at = heap(places) + 16;
      bytes.writeBigUInt64LE(0n, at + 8);
      bytes.copy(bytes, at + 16, at, at + 16);
    });
    expect(twice.messages[0]).toMatch(/two texts 1/);
  });

  test('shapes, places and sizes of a dataset beyond the file', async () => {
    // The layout of `d` is that of 16 bytes: its size, and before it its address.
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(16n);
    const layoutOf = (bytes: Buffer): number => bytes.indexOf(Buffer.concat([Buffer.from([3, 1])]), 96);
    const addressed = await changed(bytes => bytes.writeBigUInt64LE(1n << 50n, layoutOf(bytes) + 2));
    expect(addressed.codes).toContain('ERR_CORRUPT');
    const small = await changed(bytes => bytes.writeBigUInt64LE(15n, layoutOf(bytes) + 10));
    expect(small.messages[0]).toMatch(/needs 16 bytes, but has 15/);
    const absent = await changed(bytes => bytes.writeBigUInt64LE(0xffff_ffff_ffff_ffffn, layoutOf(bytes) + 2));
    expect(absent.codes).toEqual([]);
  });
});

test('an error tells where in which file', async () => {
  const { bytes, places } = await made(tree);
  const [symbols] = places('SNOD');
  bytes[symbols!] = 0;

  const error: unknown = await withRange(bytes, file => file.at('a/b')).catch(failure => failure as unknown);
  expect(error).toBeInstanceOf(TensorBundleError);
  expect(error).toMatchObject({ code: 'ERR_CORRUPT', path: 'made.h5', expected: 'SNOD' });
  expect(places('SNOD').concat(symbols!)).toContain((error as TensorBundleError).offset);
});
