/** Functions that give something else at every call, run by TensorFlow: random ones, and steps of a training. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as optimizers from '../../../src/optimizers.js';
import { func, saveModel } from '../../../src/savedmodel.js';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tensorbundle changing '));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

let count = 0;
async function loaded(
  contents: Parameters<typeof saveModel>[0],
  signature: unknown,
): Promise<(x: tf.Tensor) => tf.Tensor> {
  const dir = join(directory, String(count++));
  await saveModel(contents as never, dir, { signatures: signature as never });
  const model = await tf.node.loadSavedModel(dir);
  return x => Object.values(model.predict({ x }) as tf.NamedTensorMap)[0]!;
}

describe('random numbers', () => {
  const N = 4000;
  it.each<[string, (x: tf.Tensor) => tf.Tensor, { mean: number; deviation: number; low: number; high: number }]>([
    ['uniform', x => tf.randomUniform(x.shape, -1, 3), { mean: 1, deviation: 4 / Math.sqrt(12), low: -1, high: 3 }],
    ['whole', x => tf.randomUniformInt(x.shape, 1, 5), { mean: 2.5, deviation: Math.sqrt(1.25), low: 1, high: 4 }],
    ['normal', x => tf.randomNormal(x.shape, 2, 3), { mean: 2, deviation: 3, low: -20, high: 24 }],
    ['truncated', x => tf.truncatedNormal(x.shape, 2, 3), { mean: 2, deviation: 3 * 0.88, low: -4, high: 8 }],
    ['dropout', x => tf.dropout(x, 0.25), { mean: 1, deviation: Math.sqrt(1 / 3), low: 0, high: 4 / 3 + 1e-6 }],
    [
      'alpha dropout',
      x => tf.layers.alphaDropout({ rate: 0.1 }).apply(x, { training: true }) as tf.Tensor,
      { mean: 1.153, deviation: 0.209, low: 1.08, high: 1.79 },
    ],
  ])('%s', async (_, fn, { mean, deviation, low, high }) => {
    const run = func(fn, [{ shape: [null], dtype: 'float32', name: 'x' }]);
    const call = await loaded({ run }, run);
    const [first, second] = [call(tf.ones([N])), call(tf.ones([N]))].map(one => one.cast('float32'));
    expect(first!.sub(second!).abs().sum().dataSync()[0]).toBeGreaterThan(0);
    const moments = tf.moments(first!);
    expect(Math.abs(moments.mean.dataSync()[0]! - mean)).toBeLessThan((6 * deviation) / Math.sqrt(N));
    expect(Math.abs(Math.sqrt(moments.variance.dataSync()[0]!) / deviation - 1)).toBeLessThan(0.1);
    expect(first!.min().dataSync()[0]).toBeGreaterThanOrEqual(low);
    expect(first!.max().dataSync()[0]).toBeLessThanOrEqual(high);
  });
});

describe('a step of a training', () => {
  const makers: readonly (readonly [string, () => tf.Optimizer])[] = [
    ['tf.train.sgd', () => tf.train.sgd(0.1)],
    ['tf.train.momentum', () => tf.train.momentum(0.1, 0.9)],
    ['tf.train.rmsprop', () => tf.train.rmsprop(0.1, 0.9, 0.5, 1e-7, true)],
    ['tf.train.adam', () => tf.train.adam(0.1)],
    ['tf.train.adamax', () => tf.train.adamax(0.1)],
    ['tf.train.adadelta', () => tf.train.adadelta(0.1)],
    ['tf.train.adagrad', () => tf.train.adagrad(0.1)],
    ['SGD', () => new optimizers.SGD({ learningRate: 0.1, momentum: 0.9 })],
    ['RMSprop', () => new optimizers.RMSprop({ learningRate: 0.1 })],
  ];
  it.each(makers)('%s', async (_, make) => {
    const training = (): (() => tf.Tensor) => {
      const weight = tf.variable(tf.tensor1d([1, -2, 3]));
      const optimizer = make();
      return () => optimizer.minimize(() => weight.mul(x).square().mean() as tf.Scalar, true)!;
    };
    const x = tf.linspace(0.1, 1, 12).reshape([4, 3]);
    const before = new Set(Object.values(tf.engine().registeredVariables));
    const step = training();
    step();
    const variables = Object.values(tf.engine().registeredVariables).filter(one => !before.has(one));
    const run = func(y => step().add(y), [{ shape: [], dtype: 'float32', name: 'x' }]);
    const call = await loaded({ run, variables }, run);
    const twin = training();
    twin();
    for (let i = 0; i < 4; i++) {
      const [found, expected] = [call(tf.scalar(0)), twin()].map(one => one.dataSync()[0]!);
      expect(found).toBeCloseTo(expected!, 5);
    }
  });
});
