/** A training that is interrupted: saved, loaded and trained on by turns, beside the same without a stop. */
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { expect } from 'vitest';
import { copyWeights } from '../../src/tfjs.js';

export type Scheme = 'ckpt' | 'file';

export interface Life {
  /** A compiled model, whose weights may differ from call to call. */
  make(): tf.LayersModel;
  /** A few steps; the same at each call for the same turn. */
  train(model: tf.LayersModel, turn: number): Promise<void>;
}

/** Bit for bit, by name: the order tells trainable weights from others, and what is frozen may change on the way. */
export function bitsOf(model: tf.LayersModel): string[] {
  const lines = model.weights.map(weight => {
    const { buffer, byteOffset, byteLength } = (weight.read() as tf.Tensor).dataSync();
    return `${weight.originalName} ${Buffer.from(buffer, byteOffset, byteLength).toString('hex')}`;
  });
  return lines.sort();
}

export function disposeAll(model: tf.LayersModel): void {
  // A model does not own the optimizer that it was given.
  const { optimizer } = model;
  model.dispose();
  optimizer?.dispose();
}

async function saved(model: tf.LayersModel, scheme: Scheme, directory: string): Promise<string> {
  const path = join(directory, scheme);
  await model.save(`${scheme}://${path}`, { includeOptimizer: true });
  return `${scheme}://${path}${scheme === 'file' ? '/model.json' : ''}`;
}

/**
 * A save leaves no tensor, nor does a model that is loaded and disposed of, beside those that TensorFlow.js leaves of
 * any such model.
 */
export async function saveAndLoad(model: tf.LayersModel, scheme: Scheme, directory: string): Promise<tf.LayersModel> {
  const count = (): number => tf.memory().numTensors;
  const start = count();
  // It keeps the weights of models in models, for one.
  (await tf.models.modelFromJSON({ modelTopology: model.toJSON(null, false) as never })).dispose();
  const Optimizer = model.optimizer.constructor as unknown as {
    fromConfig(type: unknown, config: object): tf.Optimizer;
  };
  Optimizer.fromConfig(Optimizer, model.optimizer.getConfig()).dispose();
  const kept = count() - start;
  const before = count();
  const url = await saved(model, scheme, directory);
  expect(count(), `a save to ${scheme}://`).toBe(before);
  disposeAll(await tf.loadLayersModel(url));
  expect(count() - before, `a load from ${scheme}://`).toBeLessThanOrEqual(kept);
  return await tf.loadLayersModel(url);
}

/**
 * Fails unless the weights are the same after each turn, however often the model went through files between: once after
 * a turn, and once more before the next. The models that are replaced live on, so that the names of variables are
 * taken.
 */
export async function liveThrough({ make, train }: Life, scheme: Scheme, directory: string): Promise<void> {
  const [whole, first] = [make(), make()];
  copyWeights(whole, first);
  const models = [first];
  for (const turn of [0, 1, 2]) {
    await train(whole, turn);
    let model = models.at(-1)!;
    await train(model, turn);
    expect(bitsOf(model), `${scheme}://, turn ${turn}`).toEqual(bitsOf(whole));
    for (let i = 0; i < 2; i++) {
      model = await saveAndLoad(model, scheme, directory);
      models.push(model);
      expect(bitsOf(model), `${scheme}://, loaded after turn ${turn}`).toEqual(bitsOf(whole));
      expect(model.optimizer.iterations).toBe(whole.optimizer.iterations);
    }
  }
  for (const model of [whole, ...models]) disposeAll(model);
}
