/** Variants: opaque here, but what TensorFlow stored must come back to it through us, in any place of a file. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CheckpointReader, CheckpointWriter, copyCheckpoint, mergeCheckpoints } from '../../src/index.js';
import { differences } from './files.js';
import { type Oracle, type OracleTensor, oracle } from './oracle.js';

const folder = mkdtempSync(join(tmpdir(), 'variants-'));
let o: Oracle;

beforeAll(async () => {
  o = await oracle();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const floats = (...values: number[]): object => ({
  dtype: 'float32',
  shape: [values.length],
  data: Float32Array.from(values),
});
const scalar = (name: string): object => ({ name, value: { dtype: 'int32', shape: [], data: Int32Array.of(1) } });

const cases: [string, object[][]][] = [
  ['a list', [[floats(1, 2), floats(3)]]],
  ['an empty list', [[]]],
  ['three lists', [[floats(1)], [], [floats(4, 5, 6), floats(...Array.from({ length: 3000 }, (_, i) => i))]]],
];

test.each(cases)('%s', async (label, lists) => {
  const directory = join(folder, label);
  mkdirSync(directory);
  const [theirs, ours, copy, merged] = ['theirs', 'ours', 'copy', 'merged'].map(name => join(directory, name)) as [
    string,
    string,
    string,
    string,
  ];
  const args = { name: 'list', dtype: 'float32' };
  await o.run('variant', { op: 'save', prefix: theirs, lists, before: [scalar('z')], after: [scalar('a')], ...args });
  await using reader = await CheckpointReader.open(theirs, { verify: 'open' });
  const list = await reader.read('list');
  expect([list.dtype, list.shape]).toEqual(['variant', lists.length === 1 ? [] : [lists.length]]);
  const writer = new CheckpointWriter(ours);
  for (const name of ['z', 'list', 'a']) writer.add(name, await reader.read(name));
  await writer.finish();
  await copyCheckpoint(theirs, copy);
  await mergeCheckpoints([theirs], merged);
  for (const prefix of [ours, copy, merged]) expect(differences(prefix, theirs)).toEqual([]);
  const back = (await o.run('variant', { op: 'restore', prefix: ours, ...args })) as OracleTensor[][];
  expect(back.map(items => items.map(item => item.bytes.toString('hex')))).toEqual(
    lists.map(items => (items as { data: Float32Array }[]).map(({ data }) => Buffer.from(data.buffer).toString('hex'))),
  );
});

test('bytes that are no variant are refused by name', async () => {
  const prefix = join(folder, 'wrong');
  const writer = new CheckpointWriter(prefix).add('v', { dtype: 'variant', shape: [], data: Uint8Array.of(1, 2, 3) });
  await expect(writer.finish()).rejects.toMatchObject({ code: 'ERR_DTYPE', tensor: 'v' });
  await expect(CheckpointReader.open(prefix)).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' });
});
