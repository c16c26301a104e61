/** Functions with large constants: memory for three of them is enough, and TensorFlow has the right values. */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { expect, it } from 'vitest';
import { func, saveModel } from '../../../src/savedmodel.js';

const BYTES = 200e6;
const ROWS = 100;

it('a function with 200 MB of constants', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'tensorbundle large '));
  const table = tf.randomUniform([ROWS, BYTES / 4 / ROWS]);
  const rows = func((ids: tf.Tensor1D) => table.gather(ids), [{ shape: [null], dtype: 'int32', name: 'ids' }]);
  const product = func((x: tf.Tensor2D) => x.matMul(table as tf.Tensor2D), [{ shape: [null, ROWS], dtype: 'float32' }]);
  // So that all that takes memory once is there.
  const small = func(x => x.matMul(tf.ones([3, 1])), [{ shape: [null, 3], dtype: 'float32' }]);
  await saveModel({ small }, join(directory, 'small'));
  const before = process.memoryUsage().rss;
  await saveModel({ rows, product }, join(directory, 'large'), { signatures: rows, durable: false });
  const grown = process.resourceUsage().maxRSS * 1024 - before;
  expect(grown).toBeLessThan(3.5 * BYTES);
  expect((await stat(join(directory, 'large/saved_model.pb'))).size).toBeLessThan(BYTES + 1e5);
  const loaded = await tf.node.loadSavedModel(join(directory, 'large'));
  const found = Object.values(loaded.predict({ ids: tf.tensor1d([7, 99], 'int32') }) as tf.NamedTensorMap)[0]!;
  expect(
    found
      .sub(table.gather([7, 99]))
      .abs()
      .max()
      .dataSync()[0],
  ).toBe(0);
  await rm(directory, { recursive: true, force: true });
}, 300_000);
