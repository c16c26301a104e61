/**
 * The description of a model is used again for the next save, but never when it would be another one. Each test changes
 * something, and compares what is kept with a description that is made anew.
 */
import * as tf from '@tensorflow/tfjs-node';
import { afterEach, expect, test } from 'vitest';
import { buildObjectGraph } from '../../src/graph/stored/encode.js';
import { checkpointRoot, type Trackable } from '../../src/graph/trackable.js';
import { Adam as KerasAdam } from '../../src/optimizers.js';
import type { DescribeOptions } from '../../src/training/checkpoint/description.js';
import { describeModel, loadedModel, modelRoot } from '../../src/training/models/kept-description.js';

afterEach(() => tf.disposeVariables());

function network(inner: tf.layers.Layer[] = []): tf.Sequential {
  const layers = [tf.layers.dense({ units: 4, inputShape: [3], activation: 'relu' }), tf.layers.dropout({ rate: 0.1 })];
  return tf.sequential({ layers: [...layers, ...inner, tf.layers.dense({ units: 2 })] });
}

function compiled(optimizer: tf.Optimizer = tf.train.adam(), inner: tf.layers.Layer[] = []): tf.Sequential {
  const model = network(inner);
  model.compile({ optimizer, loss: 'meanSquaredError' });
  return model;
}

async function step(model: tf.LayersModel): Promise<void> {
  const [x, y] = [tf.ones([2, 3]), tf.ones([2, 2])];
  await model.fit(x, y, { epochs: 1, verbose: 0 });
  tf.dispose([x, y]);
}

/** All that a save would write under this root, but for the bytes of large values. */
async function written(root: Trackable): Promise<unknown> {
  const { tensors, extras, serialized } = buildObjectGraph(root);
  const all = [
    ...tensors.map(({ key, attribute }) => ({ key, of: attribute })),
    ...extras.map(({ key, extra }) => ({ key, of: extra })),
  ];
  const values = [];
  for (const { key, of } of all) {
    const capture = of.capture();
    values.push([key, 'writtenAs' in of ? of.writtenAs : '', of.dtype, of.shape, await capture.data()]);
    capture.release();
  }
  return { values, graph: Buffer.from(serialized).toString('latin1') };
}

/** Whether the description was used again. Fails if it is not what a new one would be. */
async function isReused(model: tf.LayersModel, before: Trackable, options: DescribeOptions = {}): Promise<boolean> {
  const now = modelRoot(model, options);
  expect(await written(now)).toEqual(await written(checkpointRoot(describeModel(model, options))));
  return now === before;
}

test('a model that is loaded again is described twice, and then no more', async () => {
  const model = compiled();
  await step(model);
  const once = loadedModel(model, { optimizers: true });
  const twice = loadedModel(model, { optimizers: true });
  expect(twice).not.toBe(once);
  expect(loadedModel(model, { optimizers: true })).toBe(twice);
  await step(model);
  expect(loadedModel(model, { optimizers: true })).toBe(twice);
  expect(await isReused(model, modelRoot(model, { optimizers: true }), { optimizers: true })).toBe(true);
  // The optimizer is another one, or is left out.
  expect(loadedModel(model, { optimizers: false })).not.toBe(twice);
  model.compile({ optimizer: tf.train.sgd(0.1), loss: 'meanSquaredError' });
  expect(loadedModel(model, { optimizers: true })).not.toBe(twice);
});

test('a description is used again while a model is only trained', async () => {
  for (const optimizer of [tf.train.adam(), tf.train.sgd(0.1), tf.train.momentum(0.1, 0.9), tf.train.rmsprop(0.1)]) {
    const model = compiled(optimizer);
    await step(model);
    const before = modelRoot(model, {});
    expect(buildObjectGraph(before)).toBe(buildObjectGraph(before));
    for (let i = 0; i < 3; i++) {
      await step(model);
      expect(await isReused(model, before)).toBe(true);
    }
  }
});

test('an inner model, a normalization and a functional model are kept, too', async () => {
  const model = compiled(tf.train.adam(), [
    tf.sequential({ layers: [tf.layers.dense({ units: 4, inputShape: [4] }), tf.layers.batchNormalization()] }),
  ]);
  await step(model);
  expect(await isReused(model, modelRoot(model, {}))).toBe(true);
  const input = tf.input({ shape: [3] });
  const functional = tf.model({ inputs: input, outputs: tf.layers.dense({ units: 2 }).apply(input) as never });
  expect(await isReused(functional, modelRoot(functional, {}))).toBe(true);
});

type Change = (model: tf.Sequential) => unknown;
const CHANGES: Record<string, Change> = {
  'a layer is added': model => model.add(tf.layers.dense({ units: 2 })),
  'a layer is removed': model => model.pop(),
  'a layer is frozen': model => {
    model.layers[0]!.trainable = false;
  },
  'a weight is frozen': model => {
    (model.layers[0]!.weights[0] as unknown as { trainable: boolean }).trainable = false;
  },
  'a layer is renamed': model => {
    model.layers[0]!.name = 'other';
  },
  'the model is compiled anew': model => model.compile({ optimizer: tf.train.adam(), loss: 'meanSquaredError' }),
  'the optimizer is replaced': model => {
    model.optimizer = tf.train.rmsprop(0.1);
  },
  'the slots are replaced': async model => model.optimizer.setWeights(await model.optimizer.getWeights()),
  'a slot is replaced in its place': model => {
    const { accumulatedFirstMoment: slots } = model.optimizer as unknown as {
      accumulatedFirstMoment: { variable: tf.Variable }[];
    };
    slots[0]!.variable = tf.variable(tf.ones(slots[0]!.variable.shape as [number, number]), false);
  },
  'the slots are gone': model => {
    Object.assign(model.optimizer, { accumulatedFirstMoment: [], accumulatedSecondMoment: [] });
  },
  'a variable is made anew': model => {
    const layer = model.layers[0] as unknown as { kernel: { val: tf.Variable } };
    const { val } = layer.kernel;
    layer.kernel.val = tf.variable(tf.ones(val.shape as [number, number]), true, 'made anew');
  },
  'two weights change places': model => {
    const layer = model.layers[0] as unknown as { kernel: unknown; bias: unknown };
    [layer.kernel, layer.bias] = [layer.bias, layer.kernel];
  },
  'a layer gets a variable in a field': model => {
    Object.assign(model.layers[1]!, { more: tf.variable(tf.scalar(1)) });
  },
  'a layer gets a list with a variable': model => {
    Object.assign(model.layers[1]!, { more: [{ deep: tf.variable(tf.scalar(1)) }] });
  },
};

for (const [name, change] of Object.entries(CHANGES)) {
  test(`a description is made anew when ${name}`, async () => {
    const model = compiled();
    await step(model);
    const before = modelRoot(model, {});
    await change(model);
    expect(await isReused(model, before)).toBe(false);
  });
}

test('a list in a field that gets a variable later is seen', async () => {
  const model = compiled();
  const more: unknown[] = [];
  Object.assign(model.layers[1]!, { more });
  const before = modelRoot(model, {});
  expect(await isReused(model, before)).toBe(true);
  more.push(tf.variable(tf.scalar(1)));
  expect(await isReused(model, before)).toBe(false);
});

test('the first step, a momentum, and another learning rate of SGD are seen', async () => {
  for (const optimizer of [tf.train.sgd(0.1), tf.train.adagrad(0.1), tf.train.adadelta(0.1), tf.train.adamax(0.1)]) {
    const model = compiled(optimizer);
    const before = modelRoot(model, {});
    await step(model);
    expect(await isReused(model, before)).toBe(false);
  }
  const model = compiled(tf.train.rmsprop(0.1, 0.9, 0.9));
  await step(model);
  const before = modelRoot(model, {});
  Object.assign(model.optimizer, { momentum: 0 });
  expect(await isReused(model, before)).toBe(false);
  const moved = compiled(tf.train.momentum(0.1, 0.9));
  await step(moved);
  const usual = modelRoot(moved, {});
  Object.assign(moved.optimizer, { learningRate: 0.5 });
  expect(await isReused(moved, usual)).toBe(true);
  Object.assign(moved.optimizer, { learningRate: -1 });
  expect(await isReused(moved, usual)).toBe(false);
});

test('other options make another description', async () => {
  const model = compiled();
  await step(model);
  const before = modelRoot(model, {});
  expect(await isReused(model, before, { optimizers: false })).toBe(false);
  expect(await isReused(model, before, { optimizerKeys: 'legacy' })).toBe(false);
  expect(await isReused(model, modelRoot(model, {}))).toBe(true);
});

test('what is not known to stay the same is described for each save', async () => {
  const recurrent = network([tf.layers.reshape({ targetShape: [2, 2] }), tf.layers.lstm({ units: 2 })]);
  expect(await isReused(recurrent, modelRoot(recurrent, {}))).toBe(false);
  const own = compiled(new KerasAdam() as unknown as tf.Optimizer);
  await step(own);
  expect(await isReused(own, modelRoot(own, {}))).toBe(false);
});

test('a disposed model is refused as before', async () => {
  const model = compiled();
  await step(model);
  modelRoot(model, {});
  model.layers[0]!.weights[0]!.read().dispose();
  expect(() => modelRoot(model, {})).toThrow(expect.objectContaining({ code: 'ERR_STATE' }));
});
