/** `ls` and `show` of Keras's own files, without TensorFlow. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { beforeAll, expect, test } from 'vitest';
import { saveModel, saveWeights } from '../../src/tfjs.js';
import { Scratch } from '../crash/scratch.js';
import { run, runJson } from './program.js';

const folder = new Scratch('keras-files').directory();
const at = (name: string): string => join(folder, name);
const KERNEL = 'layers/dense/vars/0';

interface Listing {
  prefix: string;
  numShards: number;
  bytes: number;
  tensors: { name: string; dtype: string; shape: number[]; offset: number; crc32c: null }[];
}

beforeAll(async () => {
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3], name: 'd' })] });
  model.setWeights([tf.tensor2d([1, 2, 3, 4, 5, 6], [3, 2]), tf.tensor1d([0, 0.5])]);
  await saveModel(model, at('m.keras'));
  await saveModel(model, at('m.h5'));
  await saveWeights(model, at('m.weights.h5'));
});

test('ls lists the datasets of each form', () => {
  for (const name of ['m.keras', 'm.weights.h5']) {
    const { code, json } = runJson<Listing>(['ls', at(name)]);
    expect([code, json.prefix, json.numShards, json.bytes]).toEqual([0, at(name), 1, 32]);
    expect(json.tensors.map(({ name: tensor, dtype, shape }) => [tensor, dtype, shape])).toEqual([
      [KERNEL, 'float32', [3, 2]],
      ['layers/dense/vars/1', 'float32', [2]],
    ]);
    // The place in the file itself, also within an archive.
    const { offset } = json.tensors[0]!;
    expect(readFileSync(at(name)).readFloatLE(offset + 20)).toBe(6);
  }
  const { out } = run(['ls', at('m.h5')]);
  expect(out).toContain('model_weights/d/d/kernel:0\tfloat32\t[3,2]\t24\n');
});

test('show prints values', () => {
  const { code, json } = runJson<object>(['show', at('m.keras'), KERNEL]);
  expect(code).toBe(0);
  expect(json).toMatchObject({
    name: KERNEL,
    stats: { min: 1, max: 6, mean: 3.5 },
    values: [
      [1, 2],
      [3, 4],
      [5, 6],
    ],
  });
  expect(run(['show', at('m.h5'), 'model_weights/d/d/bias:0']).out).toContain('[0, 0.5]');
  const missing = run(['show', at('m.keras'), 'vars/1']);
  expect([missing.code, missing.err]).toEqual([1, expect.stringContaining("did you mean 'layers/dense/vars/1'?")]);
});

test('damaged files, and files of another kind', () => {
  const bytes = readFileSync(at('m.keras'));
  writeFileSync(at('cut.keras'), bytes.subarray(0, -30));
  expect(run(['ls', at('cut.keras')])).toMatchObject({ code: 1, err: expect.stringContaining('ERR_TRUNCATED') });
  bytes[bytes.indexOf('HDF') + 1000]! ^= 1;
  writeFileSync(at('changed.keras'), bytes);
  expect(run(['ls', at('changed.keras')])).toMatchObject({ code: 1, err: expect.stringContaining('ERR_CHECKSUM') });
  writeFileSync(at('text.h5'), 'hello');
  expect(run(['ls', at('text.h5')])).toMatchObject({ code: 3, err: expect.stringContaining('ERR_NOT_A_CHECKPOINT') });
  expect(run(['ls', at('absent.keras')])).toMatchObject({ code: 1, err: expect.stringContaining('ERR_NOT_FOUND') });
});
