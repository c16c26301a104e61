/**
 * How a model was compiled, through every way that saves it whole: names come back, and functions are told of and given
 * again.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import '../../src/register.js';
import { loadModel, loadWeights, ModelCheckpoint, saveModel } from '../../src/tfjs.js';

type Compile = Omit<Parameters<tf.LayersModel['compile']>[0], 'optimizer'>;

const directory = mkdtempSync(join(tmpdir(), 'tensorbundle-compiled-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
let count = 0;
const fresh = (): string => join(directory, `run${count++}`, 'model');

const warnings: string[] = [];
const listen = ({ message }: Error): void => void warnings.push(message);
beforeEach(() => {
  warnings.length = 0;
  process.on('warning', listen);
});
afterEach(() => void process.off('warning', listen));

const squared = (labels: tf.Tensor, predictions: tf.Tensor): tf.Tensor => tf.sub(labels, predictions).square().mean(-1);
const largest = (labels: tf.Tensor, predictions: tf.Tensor): tf.Tensor => tf.sub(labels, predictions).abs().max();
const { metrics } = tf;

function network(outputs: number, args: Compile): tf.LayersModel {
  const input = tf.input({ shape: [2] });
  const heads = Array.from({ length: outputs }, (_, i) => tf.layers.dense({ units: 2, name: `head${i}` }).apply(input));
  const model = tf.model({ inputs: input, outputs: heads as tf.SymbolicTensor[] });
  model.compile({ optimizer: tf.train.momentum(0.1, 0.9), ...args });
  return model;
}

const x = tf.tensor2d([0.5, -0.25, 0.75, 1], [2, 2]);
const y = tf.tensor2d([1, 0, 0, 1], [2, 2]);
async function train(model: tf.LayersModel): Promise<object> {
  const labels = model.outputs.length === 1 ? y : model.outputs.map(() => y);
  const { history } = await model.fit(x, labels, { epochs: 2, shuffle: false, verbose: 0 });
  return { history, weights: model.getWeights().map(weight => [...weight.dataSync()]) };
}

const WHOLE: readonly (readonly [title: string, outputs: number, args: Compile])[] = [
  ['a name', 1, { loss: 'meanSquaredError' }],
  ['names of metrics', 1, { loss: 'categoricalCrossentropy', metrics: ['acc', 'mse', 'MAE', 'cosine'] }],
  ['one metric', 1, { loss: 'hinge', metrics: 'mae' as never }],
  ['names in an array', 2, { loss: ['meanSquaredError', 'meanAbsoluteError'], metrics: ['mse'] }],
  [
    'names by output',
    2,
    { loss: { head0: 'hinge', head1: 'logcosh' }, metrics: { head0: 'acc', head1: ['mse', 'mae'] } as never },
  ],
  [
    'metrics of TensorFlow.js',
    1,
    { loss: 'meanSquaredError', metrics: [metrics.meanSquaredError, metrics.r2Score, 'mae', metrics.recall] as never },
  ],
];

/** What is not saved, and what names it in the warning. */
const LOST: readonly (readonly [title: string, outputs: number, args: Compile, names: readonly string[]])[] = [
  ['a function', 1, { loss: squared }, ["the loss 'squared'"]],
  ['a function among losses', 2, { loss: ['hinge', squared] as never }, ["the loss 'squared'"]],
  [
    'functions by output',
    2,
    { loss: { head0: squared, head1: largest } },
    ["'squared' of the output 'head0'", "'largest' of the output 'head1'"],
  ],
  ['a function as metric', 1, { loss: 'hinge', metrics: ['acc', largest] as never }, ["the metric 'largest'"]],
  [
    'a metric by output',
    2,
    { loss: 'hinge', metrics: { head1: largest } as never },
    ["'largest' of the output 'head1'"],
  ],
  ['one without a name', 1, { loss: [(a: tf.Tensor, b: tf.Tensor) => tf.sub(a, b).square()] }, ['without a name']],
];

/** Each gives the path of a checkpoint. */
const WAYS: Readonly<Record<string, (model: tf.LayersModel) => Promise<string>>> = {
  saveModel: async model => {
    const path = fresh();
    await saveModel(model, path);
    return path;
  },
  'ckpt://': async model => {
    const path = fresh();
    await model.save(`ckpt://${path}`, { includeOptimizer: true });
    return path;
  },
  ModelCheckpoint: async model => {
    const path = fresh();
    const labels = model.outputs.length === 1 ? y : model.outputs.map(() => y);
    const callback = new ModelCheckpoint({ filepath: path, saveWeightsOnly: false });
    await model.fit(x, labels, { epochs: 2, shuffle: false, verbose: 0, callbacks: callback });
    return path;
  },
};

describe.each(Object.entries(WAYS))('%s', (way, save) => {
  it.each(WHOLE)('%s', async (_, outputs, args) => {
    const model = network(outputs, args);
    await train(model);
    const path = await save(model);
    const loaded = await loadModel(path);
    expect(loaded.metricsNames).toEqual(model.metricsNames);
    expect(await train(loaded)).toEqual(await train(model));
    expect(warnings).toEqual([]);
  });

  it.each(LOST)('%s', async (_, outputs, args, names) => {
    const model = network(outputs, args);
    await train(model);
    const path = await save(model);
    await nextTurn();
    expect(warnings).toHaveLength(1);
    for (const name of [...names, 'loadModel(path, { loss, metrics })']) expect(warnings[0]).toContain(name);
    const [bare, later] = [await loadModel(path), await tf.loadLayersModel(`ckpt://${path}`)];
    for (const one of [bare, later]) expect(one.optimizer).toBeUndefined();
    // Compiled afterwards, with the state of the optimizer from the same checkpoint.
    later.compile({ optimizer: tf.train.momentum(0.1, 0.9), ...args });
    (await loadWeights(later, path)).assertConsumed();
    const given = await loadModel(path, args);
    await save(model);
    const expected = await train(model);
    expect(await train(given)).toEqual(way === 'ModelCheckpoint' ? await train(later) : expected);
    if (way !== 'ModelCheckpoint') expect(await train(later)).toEqual(expected);
    await nextTurn();
    // Once for each model, not at each epoch.
    expect(warnings.filter(text => text.includes(model.name))).toHaveLength(1);
  });
});

describe('loadModel', () => {
  it('compile: false gives a model without an optimizer; loss and metrics replace those that were saved', async () => {
    const path = fresh();
    await saveModel(network(1, { loss: 'meanSquaredError', metrics: ['mae'] }), path);
    expect((await loadModel(path, { compile: false })).optimizer).toBeUndefined();
    const other = await loadModel(path, { loss: squared, metrics: ['mse'] });
    expect([other.loss, other.metricsNames]).toEqual([squared, ['loss', 'mse']]);
    await saveModel(network(1, { loss: 'hinge' }), path, { includeOptimizer: false });
    await expect(loadModel(path, { loss: squared })).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
  });
});

describe('file://', () => {
  it.each([
    ...WHOLE.slice(0, 5),
    ...WHOLE.slice(5).map(([title]) => [title, 1, { loss: 'hinge', metrics: [metrics.mse] as never }] as const),
  ])('%s', async (_, outputs, args) => {
    const model = network(outputs, args);
    const path = fresh();
    await train(model);
    await model.save(`file://${path}`, { includeOptimizer: true });
    const loaded = await tf.loadLayersModel(`file://${path}/model.json`);
    expect(await train(loaded)).toEqual(await train(model));
    expect(warnings).toEqual([]);
  });

  it.each(LOST)('%s', async (_, outputs, args, names) => {
    const model = network(outputs, args);
    const path = fresh();
    await train(model);
    await model.save(`file://${path}`, { includeOptimizer: true });
    await nextTurn();
    expect(warnings).toHaveLength(1);
    for (const name of [...names, 'ckpt://']) expect(warnings[0]).toContain(name);
    expect(existsSync(join(path, 'model.json'))).toBe(true);
    expect((await tf.loadLayersModel(`file://${path}/model.json`)).optimizer).toBeUndefined();
  });
});
