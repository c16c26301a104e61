/** A shared layer whose calls TensorFlow.js makes in another order than the program made them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import '../../src/register.js';
import * as savedmodel from '../../src/savedmodel.js';
import { loadModel, saveModel } from '../../src/tfjs.js';

/** The second call of `shared` can be made before the first one. */
function model(): tf.LayersModel {
  const input = tf.input({ shape: [3] });
  const shared = tf.layers.dense({ units: 3, name: 'shared', activation: 'tanh' });
  const dense = (name: string): tf.layers.Layer => tf.layers.dense({ units: 3, name, activation: 'sigmoid' });
  const late = shared.apply(dense('before').apply(input)) as tf.SymbolicTensor;
  let early = shared.apply(input) as tf.SymbolicTensor;
  for (const name of ['a', 'b', 'c']) early = dense(name).apply(early) as tf.SymbolicTensor;
  return tf.model({ inputs: input, outputs: [early, late] });
}

function nested(): tf.LayersModel {
  const input = tf.input({ shape: [3] });
  const outputs = model().apply(input) as tf.SymbolicTensor[];
  return tf.model({ inputs: input, outputs: [...outputs].reverse() });
}

const predict = (one: tf.LayersModel): number[][] =>
  (one.predict(tf.tensor2d([[1, -2, 3]])) as tf.Tensor[]).map(output => [...output.dataSync()]);

function compare(found: tf.LayersModel, expected: tf.LayersModel): void {
  for (const [i, output] of predict(expected).entries())
    for (const [j, value] of output.entries()) expect(predict(found)[i]![j]).toBeCloseTo(value, 5);
}

describe('calls of a shared layer keep their places', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tensorbundle-calls-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.each([
    ['checkpoint', model, saveModel, loadModel],
    ['checkpoint, nested', nested, saveModel, loadModel],
    ['savedmodel', model, savedmodel.saveModel, savedmodel.loadModel],
    ['network.keras', model, saveModel, loadModel],
    ['network.h5', nested, saveModel, loadModel],
  ])('%s', async (name, make, save, load) => {
    const one = make();
    const path = join(folder, name);
    await save(one, path);
    compare(await load(path), one);
  });

  it.each(['ckpt', 'file'])('%s://', async scheme => {
    const one = model();
    const url = `${scheme}://${join(folder, scheme)}`;
    await one.save(url);
    compare(await tf.loadLayersModel(scheme === 'file' ? `${url}/model.json` : url), one);
  });
});
