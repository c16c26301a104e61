/**
 * Strings given as texts: what is refused, and when they are taken. That Python stores the same:
 * test/oracle/values.test.ts.
 */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { itemOf } from '../../src/bundle/source.js';
import {
  CheckpointReader,
  CheckpointWriter,
  type LazyTensor,
  TensorBundleError,
  type TensorSource,
} from '../../src/index.js';
import { Scratch } from '../crash/scratch.js';

const scratch = new Scratch('strings');
const fresh = (): string => join(scratch.directory(), 'model');
test('half of a character is refused, by name and position, wherever it is given', async () => {
  const broken = ['fine', '\ud83d'];
  const refusal = { code: 'ERR_DTYPE', tensor: 's', found: 1 };
  const lazy: (() => LazyTensor['data'])[] = [
    () => () => broken,
    () => async () => broken,
    () =>
      async function* () {
        yield* broken;
      },
  ];
  const writer = new CheckpointWriter(fresh());
  expect(() => writer.add('s', { dtype: 'string', shape: [2], data: broken })).toThrow(
    expect.objectContaining(refusal),
  );
  for (const data of lazy) {
    const one = new CheckpointWriter(fresh()).add('s', { dtype: 'string', shape: [2], data: data() } as TensorSource);
    const error = await one.finish().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(TensorBundleError);
    expect(error).toMatchObject(refusal);
  }
});

test('texts are the strings they were when they were given', async () => {
  const prefix = fresh();
  const data = ['one', 'two'];
  await using writer = new CheckpointWriter(prefix, { durable: false });
  writer.add('s', { dtype: 'string', shape: [2], data });
  data[1] = 'six';
  await writer.finish();
  await using reader = await CheckpointReader.open(prefix);
  expect(((await reader.read('s')).data as Uint8Array[]).map(one => Buffer.from(one).toString())).toEqual([
    'one',
    'two',
  ]);
});

test('texts become one buffer in their stored form when they are given, and no array for each', () => {
  const { bytes, content } = itemOf('s', { dtype: 'string', shape: [3], data: ['a', 'größe', ''] }, undefined);
  expect(content).toMatchObject({ kind: 'memory', own: 'kept' });
  expect(bytes).toBe(3 + 4 + 1 + 7);
  // Bytes stay the caller's until the save.
  const given = itemOf('s', { dtype: 'string', shape: [1], data: [new Uint8Array(5)] }, undefined);
  expect(given).toMatchObject({ bytes: null, content: { kind: 'elements', lengths: [5] } });
});
