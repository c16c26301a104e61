/**
 * Indexes of many blocks: entries chosen around every rule by which TensorFlow's TableBuilder ends a block
 * (block size 262,144; an entry of twice that gets a block of its own). Bytes must be TensorFlow's.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CheckpointReader, CheckpointWriter, copyCheckpoint } from '../../src/index.js';
import { differences, filesOf } from './files.js';
import { type NamedTensor, type Oracle, oracle } from './oracle.js';

const BLOCK = 262_144;
const folder = mkdtempSync(join(tmpdir(), 'index-blocks-'));
let o: Oracle;
let made = 0;

beforeAll(async () => {
  o = await oracle();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function scalar(name: string, value = 1): NamedTensor {
  return { name, dtype: 'int32', shape: [], data: Int32Array.of(value) };
}

/** Value of such an entry at offset 0: dtype (2), shape (2), size (2), CRC (5). Later offsets add 2 or more bytes. */
const SCALAR_VALUE_BYTES = 11;

/** Saves the same tensors both ways and gives the size of the index. */
async function same(tensors: readonly NamedTensor[], label: string): Promise<number> {
  const [theirs, ours] = [join(folder, `theirs${++made}`), join(folder, `ours${made}`)];
  await o.saveV2(theirs, tensors);
  const writer = new CheckpointWriter(ours, { durable: false });
  for (const tensor of tensors) writer.add(tensor.name, tensor);
  await writer.finish();
  expect(differences(ours, theirs), label).toEqual([]);
  const reader = await CheckpointReader.open(theirs);
  expect(new Set(reader.names()), label).toEqual(new Set(tensors.map(tensor => tensor.name)));
  await reader.close();
  const size = filesOf(ours).get('.index')!.length;
  for (const prefix of [theirs, ours]) {
    rmSync(`${prefix}.index`);
    rmSync(`${prefix}.data-00000-of-00001`);
  }
  return size;
}

test('the estimate of a block from 12 bytes below to 12 above the block size', async () => {
  // Header entry: 3 + 6; then 3 varints (1 + 3 + 1), the key, the value; one restart and the count.
  const exact = BLOCK - (3 + 6) - (5 + SCALAR_VALUE_BYTES) - 8;
  const sizes: number[] = [];
  for (let more = -12; more <= 12; more++) {
    sizes.push(await same([scalar(`a${'k'.repeat(exact - 1 + more)}`), scalar('b'), scalar('c')], `${more}`));
  }
  // The rule must be met in between: one block more than before shows as a jump of the size.
  const steps = sizes.slice(1).map((size, i) => size - sizes[i]!);
  expect(steps.some(step => step > 5)).toBe(true);
});

test('key and value together around twice the block size', async () => {
  for (let more = -12; more <= 12; more++) {
    const long = 'm'.repeat(2 * BLOCK - SCALAR_VALUE_BYTES + more);
    await same([scalar(long), scalar('a'), scalar('z')], `large entry first in the data, ${more}`);
    await same([scalar('a'), scalar(long), scalar('n')], `large entry second in the data, ${more}`);
  }
});

test('large entries in a row, alone, first and last', async () => {
  const huge = (letter: string, blocks: number): string => letter.repeat(Math.floor(blocks * BLOCK));
  await same([scalar(huge('x', 3))], 'alone');
  await same([scalar(huge('a', 2.5)), scalar(huge('b', 2.1)), scalar(huge('c', 0.4))], 'in a row');
  await same([scalar('a'), scalar('b'), scalar(huge('c', 2))], 'last');
  await same([scalar(huge('c', 1)), scalar(`${huge('c', 1)}d`), scalar(`${huge('c', 1)}e`)], 'a long common prefix');
});

test('keys between which no shorter separator fits, and keys of 0xff-like ends', async () => {
  const pad = 'p'.repeat(BLOCK);
  await same([scalar(`a${pad}`), scalar('b'), scalar(`b${pad}`), scalar(`c${pad}`)], 'neighbouring letters');
  await same([scalar(`a${pad}`), scalar(`a${pad}a`), scalar(`a${pad}c`)], 'one a prefix of the other');
  await same([scalar(`\u{10ffff}${pad}`), scalar(`\u{10ffff}${pad}😀`), scalar('\u{10ffff}')], 'highest code point');
  await same([scalar(`a\0${pad}`), scalar('a\0\0'), scalar('a')], 'NUL');
});

test('values of 100s of KB: shapes of 60 dimensions, thousands of slices', async () => {
  // NumPy, through which the values go to TensorFlow, ends at 64 dimensions.
  const deep = Array.from({ length: 6000 }, (_, i): NamedTensor => {
    const shape = Array.from({ length: 60 }, (_unused, axis) => (axis % 12 === 1 ? 1 + ((i * axis) % 300) : 1));
    shape[7] = 0;
    return { name: `deep/${i}`, dtype: 'uint8', shape, data: new Uint8Array(0) };
  });
  expect(await same(deep, 'deep')).toBeGreaterThan(5 * BLOCK);
  const count = 6000;
  const [theirs, ours, copy] = [
    join(folder, 'slices-theirs'),
    join(folder, 'slices-ours'),
    join(folder, 'slices-copy'),
  ];
  const slices = Array.from({ length: count }, (_, i): NamedTensor => {
    const data = Float32Array.of(i, -i);
    return { name: 'table', slice: `${2 * count} ${2 * i},2`, dtype: 'float32', shape: [2], data };
  });
  await o.saveV2(theirs, slices);
  const writer = new CheckpointWriter(ours, { durable: false });
  slices.forEach((slice, i) => {
    writer.addSlice('table', [2 * count], [2 * i], slice);
  });
  await writer.finish();
  expect(differences(ours, theirs)).toEqual([]);
  await copyCheckpoint(theirs, copy, { durable: false });
  expect(differences(copy, theirs)).toEqual([]);
  const reader = await CheckpointReader.open(theirs);
  const { data } = await reader.read('table', { begin: [2 * 5000 - 1], size: [3] });
  expect([...(data as Float32Array)]).toEqual([-4999, 5000, -5000]);
  await reader.close();
});

test('a full entry of slices larger than twice the block size', async () => {
  const [theirs, copy] = [join(folder, 'wide-theirs'), join(folder, 'wide-copy')];
  // Six extents of two numbers each: about 44 bytes a slice. What lies between the slices is left out.
  const slices = Array.from({ length: 13_000 }, (_, i): NamedTensor => {
    const begin = [200 + (i % 200), 200 + (Math.floor(i / 200) % 200), 300, 301, 302, 303];
    const slice = `400 400 400 400 400 400 ${begin.map(start => `${start},1`).join(':')}`;
    return { name: 'table', slice, dtype: 'uint8', shape: [1, 1, 1, 1, 1, 1], data: Uint8Array.of(i & 255) };
  });
  await o.saveV2(theirs, [...slices, scalar('after')]);
  await copyCheckpoint(theirs, copy, { durable: false });
  expect(differences(copy, theirs)).toEqual([]);
  expect(filesOf(copy).get('.index')!.length).toBeGreaterThan(4 * BLOCK);
});

test('20,000 entries of random names', async () => {
  const names = Array.from({ length: 20_000 }, (_, i) => `layer_${(i * 7919) % 20_011}/${'w'.repeat(i % 57)}é/${i}`);
  expect(
    await same(
      names.map((name, i) => scalar(name, i)),
      '20,000',
    ),
  ).toBeGreaterThan(3 * BLOCK);
});
