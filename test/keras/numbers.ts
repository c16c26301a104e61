/** What a model computes, in numbers that another framework can be compared by. */
import * as tf from '@tensorflow/tfjs-node';
import { expect } from 'vitest';
import type { Input } from '../layers/keras.js';

/** What a model is evaluated with and trained on. */
export interface Batch {
  inputs: Input[];
  targets: Input[];
}

function tensors(all: readonly Input[]): tf.Tensor | tf.Tensor[] {
  const made = all.map(({ shape, data }) => tf.tensor(data, shape));
  return made.length > 1 ? made : made[0]!;
}

function reset(model: tf.LayersModel): void {
  for (const layer of model.layers) if ((layer as { stateful?: boolean }).stateful) layer.resetStates();
}

export function predictions(model: tf.LayersModel, inputs: readonly Input[]): number[][] {
  reset(model);
  const batchSize = inputs[0]!.shape[0]!;
  return tf.tidy(() => [model.predict(tensors(inputs), { batchSize })].flat().map(one => [...one.dataSync()]));
}

/** The loss of all outputs together. */
export function evaluate(model: tf.LayersModel, { inputs, targets }: Batch): number {
  reset(model);
  const batchSize = inputs[0]!.shape[0]!;
  return tf.tidy(() => {
    const found = [model.evaluate(tensors(inputs), tensors(targets), { batchSize })].flat();
    // With several outputs, TensorFlow.js gives the sum of the losses so far for each of them first.
    return found[model.outputs.length - 1]!.dataSync()[0]!;
  });
}

export async function train(model: tf.LayersModel, { inputs, targets }: Batch, steps: number): Promise<void> {
  reset(model);
  const [x, y] = [tensors(inputs), tensors(targets)];
  for (let step = 0; step < steps; step++) await model.trainOnBatch(x, y);
  tf.dispose([x, y]);
}

/** Relative to the wanted value where that is above 1. */
export function expectNear(found: number[][], wanted: number[][], tolerance: number, what: string): void {
  expect(
    found.map(({ length }) => length),
    what,
  ).toEqual(wanted.map(({ length }) => length));
  const all = wanted.flat();
  const errors = found.flat().map((value, i) => Math.abs(value - all[i]!) / Math.max(1, Math.abs(all[i]!)));
  const worst = errors.reduce((most, error) => Math.max(most, error), 0);
  expect(worst, what).toBeLessThanOrEqual(tolerance);
}

/** Shape and sum of squares of each weight, in no order: to compare where a model cannot be run. */
export type Squares = [number[], number][];

export function squares(model: tf.LayersModel): Squares {
  const values = [...new Set(model.weights)].map(weight => {
    let sum = 0;
    for (const value of weight.read().dataSync()) sum += value ** 2;
    return [weight.shape as number[], sum] as [number[], number];
  });
  return values.sort(compare);
}

/** As Python sorts lists. */
function compare([a, x]: [number[], number], [b, y]: [number[], number]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length || x - y;
}

/** Whether it draws random numbers in training. */
export function isRandom(model: tf.LayersModel): boolean {
  let found = false;
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    const { class_name: name, rate, dropout, recurrent_dropout: recurrent } = value as Record<string, unknown>;
    if (/^(GaussianNoise|RandomWidth)$/.test(String(name)) || [rate, dropout, recurrent].some(one => Number(one) > 0))
      found = true;
    for (const child of Object.values(value)) visit(child);
  };
  visit(model.toJSON(null, false));
  return found;
}
