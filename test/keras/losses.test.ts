/** Losses and metrics of Keras with options, through every way that saves a model whole, as exact as names are. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, describe, expect, it } from 'vitest';
import '../../src/register.js';
import * as savedmodel from '../../src/savedmodel.js';
import { loadModel, saveModel } from '../../src/tfjs.js';
import { modelFromKeras } from '../../src/training/keras/config/model-from-keras.js';

const directory = mkdtempSync(join(tmpdir(), 'tensorbundle losses '));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const object = (name: string, config: object): object => ({ class_name: name, config });
const dense = (name: string, units: number, from = 'x'): object => ({
  ...object('Dense', { name, units }),
  name,
  inbound_nodes: [[[from, 0, 0, {}]]],
});
const input = { ...object('InputLayer', { name: 'x', batch_input_shape: [null, 2] }), name: 'x', inbound_nodes: [] };
const layers = [input, dense('one', 3), dense('two', 3), dense('three', 3)];
const outputs = ['one', 'two', 'three'].map(name => [name, 0, 0]);
const architecture = object('Functional', {
  name: 'net',
  layers,
  input_layers: [['x', 0, 0]],
  output_layers: outputs,
});

const COMPILED = {
  optimizer_config: object('SGD', { name: 'SGD', learning_rate: 0.1, is_legacy_optimizer: false }),
  loss: [
    object('SparseCategoricalCrossentropy', { from_logits: true, reduction: 'auto', ignore_class: null }),
    object('CategoricalCrossentropy', { from_logits: true, label_smoothing: 0.25, axis: -1 }),
    object('Huber', { name: 'huber_loss', delta: 0.5 }),
  ],
  loss_weights: { three: 3, one: 0.5 },
  metrics: [['accuracy'], [object('BinaryAccuracy', { name: 'above', threshold: 0.25 })], ['mse']],
  weighted_metrics: null,
};

const x = tf.tensor2d([0.5, -0.25, 0.75, 1], [2, 2]);
const targets = [
  tf.tensor2d([[2], [0]]),
  tf.tensor2d([0, 1, 0, 1, 0, 0], [2, 3]),
  tf.tensor2d([4, 0, -2, 1, 3, 0], [2, 3]),
];

async function made(compiled: object): ReturnType<typeof modelFromKeras> {
  const config = JSON.stringify(architecture);
  const training = JSON.stringify({ ...COMPILED, ...compiled });
  return modelFromKeras({ config, training, path: 'FILE', bytes: 1000, options: {} });
}

function evaluated(model: tf.LayersModel): number[] {
  return tf.tidy(() => [model.evaluate(x, targets)].flat().map(one => one.dataSync()[0]!));
}

async function warned<T>(call: () => Promise<T>): Promise<{ result: T; warnings: string[] }> {
  const warnings: string[] = [];
  const listen = ({ message }: Error): void => void warnings.push(message);
  process.on('warning', listen);
  try {
    const result = await call();
    await nextTurn();
    return { result, warnings };
  } finally {
    process.off('warning', listen);
  }
}

describe('losses of Keras with options', () => {
  it.each(['checkpoint', 'model.keras', 'model.h5', 'savedmodel'])('come back from %s', async name => {
    const { model, remarks } = await made({});
    expect(remarks).toEqual(['the logs have the losses of its outputs with their weights']);
    const names = ['loss', 'one_loss', 'two_loss', 'three_loss', 'one_acc', 'two_above', 'three_mse'];
    expect(model.metricsNames).toEqual(names);
    const path = join(directory, name);
    const isSavedModel = name === 'savedmodel';
    const saved = await warned<unknown>(() =>
      isSavedModel ? savedmodel.saveModel(model, path) : saveModel(model, path, { durable: false }),
    );
    expect(saved.warnings.join('\n')).toBe('');
    const { result: again } = await warned(() => (isSavedModel ? savedmodel.loadModel(path) : loadModel(path)));
    expect(again.metricsNames).toEqual(names);
    for (let step = 0; step < 2; step++) {
      const wanted = evaluated(model);
      for (const [i, one] of evaluated(again).entries()) expect(one).toBeCloseTo(wanted[i]!, 6);
      for (const one of [model, again]) await one.trainOnBatch(x, targets);
    }
  });

  it('with a weight differ from Keras where those without one do', async () => {
    const loss = ['hinge', 'mean_squared_error', 'mean_squared_error'];
    const { remarks } = await made({ loss });
    expect(remarks.at(-1)).toMatch(/hinge losses take targets of -1 and 1/);
    const { remarks: others } = await made({ loss: loss.map(() => 'poisson') });
    expect(others.join()).not.toMatch(/hinge/);
  });

  it('have exact gradients far from 0', async () => {
    const { model } = await made({ metrics: null });
    const losses = (model as unknown as { lossFunctions: ((a: tf.Tensor, b: tf.Tensor) => tf.Tensor)[] }).lossFunctions;
    const far = tf.tensor2d([[1000, 0, -1000]]);
    const gradient = tf.grad((logits: tf.Tensor) => losses[0]!(tf.tensor2d([[2]]), logits).mean());
    expect([...gradient(far).dataSync()]).toEqual([0.5, 0, -0.5]);
    expect(losses[0]!(tf.tensor2d([[2]]), far).dataSync()[0]).toBe(1000);
  });

  it('of the wrong kind leave the model uncompiled, and TensorFlow.js has no place for them', async () => {
    const sum = object('BinaryCrossentropy', { from_logits: true, reduction: 'sum' });
    const { model, remarks } = await made({ loss: sum });
    expect(model.optimizer).toBeFalsy();
    expect(remarks[0]).toMatch(/there is no loss BinaryCrossentropy with reduction: "sum" here/);
    const { model: compiled } = await made({});
    const folder = join(directory, 'tfjs');
    const { warnings } = await warned(() => compiled.save(`file://${folder}`, { includeOptimizer: true }));
    expect(warnings.join('\n')).toMatch(
      /the loss 'sparseCategoricalCrossentropy', .* the model will be loaded uncompiled/,
    );
  });
});
