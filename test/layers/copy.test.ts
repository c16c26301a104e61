/** copyWeights: what it pairs, what it refuses, and that nobody shares more than values afterwards. */
import * as tf from '@tensorflow/tfjs-node';
import { afterEach, describe, expect, it } from 'vitest';
import { copyWeights, type RestoreMismatchError } from '../../src/tfjs.js';
import { randomize } from './models.js';

afterEach(() => tf.setBackend('tensorflow'));

const values = (model: tf.LayersModel): number[][] => model.getWeights().map(weight => [...weight.dataSync()]);
const key = (path: string): string => `${path}/.ATTRIBUTES/VARIABLE_VALUE`;

/** Convolution, normalization and a nested model; with Dropout in between, or not. */
function functional(dropout: boolean): tf.LayersModel {
  const drop = (x: tf.SymbolicTensor): tf.SymbolicTensor =>
    dropout ? (tf.layers.dropout({ rate: 0.5 }).apply(x) as tf.SymbolicTensor) : x;
  const inner = tf.sequential({
    layers: [
      tf.layers.dense({ units: 3, inputShape: [8] }),
      tf.layers.batchNormalization(),
      tf.layers.dense({ units: 3 }),
    ],
  });
  const x = tf.input({ shape: [4, 4, 1] });
  let y = drop(tf.layers.conv2d({ filters: 2, kernelSize: 3 }).apply(x) as tf.SymbolicTensor);
  y = drop(tf.layers.batchNormalization().apply(y) as tf.SymbolicTensor);
  y = drop(inner.apply(tf.layers.flatten().apply(y) as tf.SymbolicTensor) as tf.SymbolicTensor);
  return tf.model({ inputs: x, outputs: tf.layers.dense({ units: 2 }).apply(y) as tf.SymbolicTensor });
}

function recurrent(): tf.LayersModel {
  const l = tf.layers;
  return tf.sequential({
    layers: [
      l.embedding({ inputDim: 7, outputDim: 3, inputLength: 4 }),
      l.bidirectional({ layer: l.lstm({ units: 2, returnSequences: true }) as tf.RNN, mergeMode: 'concat' }),
      l.timeDistributed({ layer: l.dense({ units: 3 }) }),
      l.rnn({ cell: [l.lstmCell({ units: 2 }), l.gruCell({ units: 3 })] as tf.layers.RNNCell[] }),
      l.layerNormalization(),
      l.prelu(),
    ],
  });
}

function dense(units: readonly number[], inputs = 4): tf.LayersModel {
  return tf.sequential({
    layers: units.map((n, i) =>
      tf.layers.dense({ units: n, name: `d${i}`, ...(i === 0 ? { inputShape: [inputs] } : {}) }),
    ),
  });
}

/** The copy leaves as many tensors as there were. */
function copied(...args: Parameters<typeof copyWeights>): ReturnType<typeof copyWeights> {
  const { numTensors, numDataBuffers } = tf.memory();
  const status = copyWeights(...args);
  expect(tf.memory().numTensors).toBe(numTensors);
  // What shared its data before may have its own now, and nothing more.
  expect(tf.memory().numDataBuffers).toBeLessThanOrEqual(numDataBuffers + args[1].weights.length);
  return status;
}

describe.each(['order', 'path'] as const)('by %s', by => {
  it('a functional model into the same with Dropout', () => {
    const from = functional(false);
    const to = functional(true);
    randomize(from, 1);
    const status = copied(from, to, { by });
    status.assertConsumed();
    expect(status.loaded).toHaveLength(16);
    expect(values(to)).toEqual(values(from));
    const input = tf.randomNormal([2, 4, 4, 1]);
    const predict = (model: tf.LayersModel): number[] => [...(model.predict(input) as tf.Tensor).dataSync()];
    expect(predict(to)).toEqual(predict(from));
  });

  it('recurrent layers, wrappers and cells', () => {
    const [from, to] = [recurrent(), recurrent()];
    randomize(from, 2);
    copied(from, to, { by }).assertConsumed();
    expect(values(to)).toEqual(values(from));
  });

  it('a model into itself, and into one that shares its layers', () => {
    const model = functional(false);
    randomize(model, 3);
    const before = values(model);
    copied(model, model, { by }).assertConsumed();
    expect(values(model)).toEqual(before);
    const part = tf.model({ inputs: model.inputs, outputs: model.layers[2]!.output as tf.SymbolicTensor });
    expect(copied(model, part, { by }).loaded).toHaveLength(6);
    expect(values(model)).toEqual(before);
  });

  it('gives independent models: neither training nor disposal of one reaches the other', async () => {
    const [from, to] = [dense([3, 2]), dense([3, 2])];
    randomize(from, 4);
    const expected = values(from);
    copied(from, to, { by });
    from.compile({ optimizer: tf.train.sgd(0.5), loss: 'meanSquaredError' });
    await from.fit(tf.ones([8, 4]), tf.zeros([8, 2]), { verbose: 0 });
    expect(values(from)).not.toEqual(expected);
    expect(values(to)).toEqual(expected);
    from.dispose();
    expect(values(to)).toEqual(expected);
  });

  it('names what is missing and what is unused, and copies the rest', () => {
    const [short, long] = [dense([3]), dense([3, 2])];
    randomize(long, 5);
    const unused = copied(long, short, { by });
    expect(unused.unused).toEqual([key('layer_with_weights-1/kernel'), key('layer_with_weights-1/bias')]);
    expect(values(short)).toEqual(values(long).slice(0, 2));
    randomize(short, 6);
    const missing = copied(short, long, { by });
    expect(missing.missing).toEqual([key('layer_with_weights-1/kernel'), key('layer_with_weights-1/bias')]);
    expect(String(missing)).toContain('layer d1: kernel (layer_with_weights-1/kernel');
    expect(values(long).slice(0, 2)).toEqual(values(short));
  });

  it('a mismatch throws and changes nothing', () => {
    const [from, to] = [dense([3, 2]), dense([3, 5])];
    randomize(from, 7);
    const before = values(to);
    const { numTensors } = tf.memory();
    const error = (() => {
      try {
        return copyWeights(from, to, { by });
      } catch (reason) {
        return reason as RestoreMismatchError;
      }
    })() as RestoreMismatchError;
    expect(error).toMatchObject({ code: 'ERR_MISMATCH', expected: 'float32 [3,5]', found: 'float32 [3,2]' });
    expect(error.message).toContain(
      'layer d1 expects kernel [3,5]; the other model has [3,2] at layer_with_weights-1/kernel',
    );
    expect(error.status.mismatched).toHaveLength(2);
    expect(error.status.loaded).toEqual([]);
    expect(values(to)).toEqual(before);
    expect(tf.memory().numTensors).toBe(numTensors);
  });

  it.each([
    ['cpu', 'tensorflow', 'tensorflow'],
    ['tensorflow', 'cpu', 'tensorflow'],
    ['cpu', 'tensorflow', 'cpu'],
  ])('from %s to %s, while %s is in use', async (first, second, inUse) => {
    await tf.setBackend(first);
    const from = dense([3, 2]);
    randomize(from, 8);
    const expected = values(from);
    await tf.setBackend(second);
    const to = dense([3, 2]);
    await tf.setBackend(inUse);
    copyWeights(from, to, { by }).assertConsumed();
    expect(values(to)).toEqual(expected);
    from.dispose();
    expect(values(to)).toEqual(expected);
    const output = tf.tidy(() => [...(to.predict(tf.ones([1, 4])) as tf.Tensor).dataSync()]);
    expect(output.every(Number.isFinite)).toBe(true);
  });
});

describe('order and path', () => {
  it('differ where a layer was put before another: order refuses, path too, by its own pairs', () => {
    const from = dense([3, 2]);
    const to = tf.sequential({
      layers: [tf.layers.dense({ units: 4, inputShape: [4] }), ...[3, 2].map(units => tf.layers.dense({ units }))],
    });
    for (const by of ['order', 'path'] as const) {
      expect(() => copyWeights(from, to, { by })).toThrowError(expect.objectContaining({ code: 'ERR_MISMATCH' }));
    }
  });

  it('differ for a nested model that became flat', () => {
    const nested = tf.sequential({ layers: [dense([3, 3]), tf.layers.dense({ units: 1 })] });
    const flat = dense([3, 3, 1]);
    randomize(nested, 9);
    copied(nested, flat).assertConsumed();
    expect(values(flat)).toEqual(values(nested));
    expect(() => copyWeights(nested, flat, { by: 'path' })).toThrowError(
      expect.objectContaining({ code: 'ERR_MISMATCH', found: 'float32 [3,1]' }),
    );
  });

  it('a frozen layer does not change what is paired', () => {
    const [from, to] = [dense([4, 4]), dense([4, 4])];
    randomize(from, 10);
    to.layers[0]!.trainable = false;
    copied(from, to).assertConsumed();
    to.layers[0]!.trainable = true;
    expect(values(to)).toEqual(values(from));
  });

  it('anything else is refused', () => {
    const model = dense([1]);
    const wrong = { by: 'name' } as unknown as { by: 'order' };
    for (const action of [
      () => copyWeights(model, model, wrong),
      () => copyWeights(model, {} as tf.LayersModel),
      () => copyWeights(tf.sequential(), model),
    ]) {
      expect(action).toThrowError(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }));
    }
    const disposed = dense([1]);
    disposed.dispose();
    expect(() => copyWeights(disposed, model)).toThrowError(expect.objectContaining({ code: 'ERR_STATE' }));
  });
});

describe('an array that dataSync gives', () => {
  it.each(['tensorflow', 'cpu'])('%s: what is written into it changes one model only', async backend => {
    await tf.setBackend(backend);
    const [one, two] = [dense([2]), dense([2])];
    copyWeights(one, two);
    const before = values(one);
    for (const weight of two.getWeights()) weight.dataSync().fill(7);
    expect(values(one)).toEqual(before);
    copyWeights(one, two);
    for (const weight of one.getWeights()) weight.dataSync().fill(9);
    expect(values(two)).toEqual(before);
  });
});
