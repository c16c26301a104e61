/** Instances of classes that hold functions, as a tf.Module in Python does. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { func, loadFunctions, saveModel } from '../../../src/savedmodel.js';
import { Checkpoint } from '../../../src/tfjs.js';

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tensorbundle class instances '));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

class Detector {
  readonly weights = tf.variable(tf.tensor1d([1, 2]));
  readonly detect = func((x: tf.Tensor) => x.mul(this.weights), [{ shape: [null, 2], dtype: 'float32' }]);
}

it('is saved with its functions and variables', async () => {
  const dir = join(directory, 'detector');
  await saveModel(new Detector(), dir, { durable: false });
  using functions = await loadFunctions(dir);
  const found = (await functions.serving_default!(tf.ones([3, 2]))) as tf.Tensor;
  expect([...found.dataSync()]).toEqual([1, 2, 1, 2, 1, 2]);
});

it('may be in another object, and have fields that are no values of a checkpoint', async () => {
  const detector = Object.assign(new Detector(), { version: 3, label: 'a', log: () => {}, none: null });
  const dir = join(directory, 'nested');
  await saveModel({ inner: { detector } } as never, dir, { durable: false });
  (await loadFunctions(dir))[Symbol.dispose]();
  const prefix = await new Checkpoint({ detector: detector as never }).save(join(directory, 'ckpt'));
  const other = new Detector();
  detector.weights.assign(tf.tensor1d([5, 6]));
  await new Checkpoint({ detector: other }).restore(prefix);
  expect([...other.weights.dataSync()]).toEqual([1, 2]);
});

it('is refused without functions, and told what to give', async () => {
  class Holder {
    readonly weights = tf.variable(tf.scalar(1));
  }
  const saving = saveModel({ holder: new Holder() } as never, join(directory, 'none'));
  await expect(saving).rejects.toThrow(/'object.holder' is Holder, .* plain object or Map of these/);
});
