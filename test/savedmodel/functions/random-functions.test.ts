/** Functions that draw other numbers at every call, run by TensorFlow. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { func, saveModel } from '../../../src/savedmodel.js';

interface Random {
  readonly fn: (x: tf.Tensor) => tf.Tensor;
  readonly mean: number;
  readonly deviation: number;
  readonly low: number;
  readonly high: number;
}

const alphaDropout = (x: tf.Tensor): tf.Tensor =>
  tf.layers.alphaDropout({ rate: 0.1 }).apply(x, { training: true }) as tf.Tensor;

/** Applied to ones. */
const RANDOM: Readonly<Record<string, Random>> = {
  uniform: { fn: x => tf.randomUniform(x.shape, -1, 3), mean: 1, deviation: 4 / Math.sqrt(12), low: -1, high: 3 },
  whole: { fn: x => tf.randomUniformInt(x.shape, 1, 5), mean: 2.5, deviation: Math.sqrt(1.25), low: 1, high: 4 },
  normal: { fn: x => tf.randomNormal(x.shape, 2, 3), mean: 2, deviation: 3, low: -20, high: 24 },
  truncated: { fn: x => tf.truncatedNormal(x.shape, 2, 3), mean: 2, deviation: 3 * 0.88, low: -4, high: 8 },
  dropout: { fn: x => tf.dropout(x, 0.25), mean: 1, deviation: Math.sqrt(1 / 3), low: 0, high: 4 / 3 + 1e-6 },
  alpha_dropout: { fn: alphaDropout, mean: 1.153, deviation: 0.209, low: 1.08, high: 1.79 },
};

let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tensorbundle changing '));
  const random = Object.entries(RANDOM).map(([name, { fn }]) => [
    name,
    func(fn, [{ shape: [null], dtype: 'float32', name: 'x' }]),
  ]);
  const functions = Object.fromEntries(random) as Record<string, ReturnType<typeof func>>;
  await saveModel({ functions }, dir, { signatures: functions as never });
});

afterAll(() => rm(dir, { recursive: true, force: true }));

async function inTensorFlow(signature: string): Promise<(x: tf.Tensor) => tf.Tensor> {
  const model = await tf.node.loadSavedModel(dir, ['serve'], signature);
  return x => Object.values(model.predict({ x }) as tf.NamedTensorMap)[0]!;
}

describe('random numbers', () => {
  const N = 4000;
  test.each(Object.entries(RANDOM))('%s', async (name, { mean, deviation, low, high }) => {
    const call = await inTensorFlow(name);
    const [first, second] = [call(tf.ones([N])), call(tf.ones([N]))].map(one => one.cast('float32'));
    expect(first!.sub(second!).abs().sum().dataSync()[0]).toBeGreaterThan(0);
    const moments = tf.moments(first!);
    expect(Math.abs(moments.mean.dataSync()[0]! - mean)).toBeLessThan((6 * deviation) / Math.sqrt(N));
    expect(Math.abs(Math.sqrt(moments.variance.dataSync()[0]!) / deviation - 1)).toBeLessThan(0.1);
    expect(first!.min().dataSync()[0]).toBeGreaterThanOrEqual(low);
    expect(first!.max().dataSync()[0]).toBeLessThanOrEqual(high);
  });
});
