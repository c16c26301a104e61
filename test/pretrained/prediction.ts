/** What a model predicts, compared with what another framework predicted from the same weights. */
import * as tf from '@tensorflow/tfjs-node';
import { expect } from 'vitest';
import type { Plain } from './python.js';

/** Of the largest value of an output: sums are done in another order. */
const TOLERANCE = 1e-5;

export function predict(model: tf.LayersModel, { shape, data }: Plain): Plain[] {
  return tf.tidy(() =>
    [model.predict(tf.tensor(data, shape))]
      .flat()
      .map(output => ({ shape: [...output.shape], data: [...output.dataSync()] })),
  );
}

export function expectClose(found: readonly Plain[], expected: readonly Plain[]): void {
  expect(found.map(({ shape }) => shape)).toEqual(expected.map(({ shape }) => shape));
  for (const [index, output] of found.entries()) {
    const wanted = expected[index]!.data;
    const scale = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    // Outputs of zeros or of one value only would agree whatever was loaded.
    expect(new Set(wanted).size).toBeGreaterThan(1);
    const worst = output.data.reduce((most, value, i) => Math.max(most, Math.abs(value - wanted[i]!)), 0);
    expect(worst / scale, `output ${index}`).toBeLessThanOrEqual(TOLERANCE);
  }
}

/** Multiplies every weight by its own factor near 1, so that activations keep their scale. */
export function change(model: tf.LayersModel, seed: number): void {
  tf.tidy(() => {
    const weights = model.getWeights();
    model.setWeights(
      weights.map((weight, i) => weight.mul(tf.randomUniform(weight.shape, 0.9, 1.1, 'float32', seed + i))),
    );
  });
}
