/** TensorFlow.js alone, without tfjs-node: the cpu backend. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { loadWeights, saveWeights } from '../../src/tfjs.js';

function model(): tf.LayersModel {
  return tf.sequential({
    layers: [
      tf.layers.conv2d({ filters: 2, kernelSize: 2, inputShape: [4, 4, 1] }),
      tf.layers.batchNormalization(),
      tf.layers.flatten(),
      tf.layers.dense({ units: 3 }),
    ],
  });
}

it('saves and loads on the cpu backend, without leaking', async () => {
  await tf.setBackend('cpu');
  const directory = await mkdtemp(join(tmpdir(), 'tensorbundle-cpu-'));
  const saved = model();
  const fresh = model();
  const before = tf.memory().numTensors;
  await saveWeights(saved, join(directory, 'model'));
  (await loadWeights(fresh, directory)).assertConsumed();
  expect(tf.memory().numTensors).toBe(before);
  const input = tf.ones([1, 4, 4, 1]);
  const predict = (m: tf.LayersModel): number[] => [...(m.predict(input) as tf.Tensor).dataSync()];
  expect(predict(fresh)).toEqual(predict(saved));
  await rm(directory, { recursive: true });
});
