/** The same directory again and again, as a training does: TensorFlow always finds the last model, and nothing else. */
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CheckpointReader } from '../../src/index.js';
import { saveModel } from '../../src/savedmodel.js';

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tensorbundle again '));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

function make(units: number): tf.LayersModel {
  return tf.sequential({ layers: [tf.layers.dense({ units, inputShape: [2], kernelInitializer: 'ones' })] });
}

async function kernelIn(dir: string): Promise<readonly number[]> {
  await using reader = await CheckpointReader.open(join(dir, 'variables', 'variables'));
  return reader.entry('layer_with_weights-0/kernel/.ATTRIBUTES/VARIABLE_VALUE').shape;
}

it('replaces a model by another', async () => {
  const dir = join(directory, 'model');
  for (const units of [1, 2, 3]) {
    await saveModel(make(units), dir, { shards: units });
    expect(await kernelIn(dir)).toEqual([2, units]);
    expect(await readdir(directory)).toEqual(['model']);
    const files = await readdir(join(dir, 'variables'));
    expect(files).toHaveLength(units + 1);
  }
});

it('of two calls the last one wins', async () => {
  const dir = join(directory, 'model');
  await Promise.all([1, 2, 3].map(units => saveModel(make(units), dir, { durable: false })));
  expect(await kernelIn(dir)).toEqual([2, 3]);
  expect(await readdir(directory)).toEqual(['model']);
});

it('leaves a directory alone that holds something else', async () => {
  const dir = join(directory, 'mine');
  await mkdir(dir);
  await writeFile(join(dir, 'notes.txt'), 'mine');
  await expect(saveModel(make(1), dir)).rejects.toMatchObject({ code: 'ERR_EXISTS' });
  expect(await readdir(dir)).toEqual(['notes.txt']);
  expect((await readdir(directory)).sort()).toEqual(['mine', 'model']);
});

it('an aborted save leaves the old model, and no tensor behind', async () => {
  const dir = join(directory, 'model');
  const before = await kernelIn(dir);
  const model = make(7);
  const { numTensors } = tf.memory();
  const controller = new AbortController();
  const saving = saveModel(model, dir, { signal: controller.signal });
  controller.abort();
  await expect(saving).rejects.toMatchObject({ code: 'ERR_ABORTED' });
  expect(await kernelIn(dir)).toEqual(before);
  expect(tf.memory().numTensors).toBe(numTensors);
  expect((await readdir(directory)).sort()).toEqual(['mine', 'model']);
});

it('saves where the path led at the moment of the call', async () => {
  const before = process.cwd();
  process.chdir(directory);
  const saving = saveModel(make(2), 'below/relative');
  process.chdir(tmpdir());
  try {
    await saving;
  } finally {
    process.chdir(before);
  }
  expect(await kernelIn(join(directory, 'below', 'relative'))).toEqual([2, 2]);
});
