/**
 * Keras's files with changed bytes and cut ends: what is loaded is right, or the error says what is wrong. Nothing
 * stays open, and no tensor stays in memory.
 */
import '../crash/fault-engine.js';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { Adam } from '../../src/optimizers.js';
import { loadModel, loadWeights, saveModel, saveWeights, TensorBundleError } from '../../src/tfjs.js';
import { Scratch } from '../crash/scratch.js';
import { isDeep } from '../depth.js';
import { faulty } from '../native/fault-binding.js';

const CODES = [
  ...['ERR_CORRUPT', 'ERR_TRUNCATED', 'ERR_CHECKSUM', 'ERR_TOO_LARGE', 'ERR_NOT_SUPPORTED', 'ERR_NOT_A_CHECKPOINT'],
  ...['ERR_MISMATCH', 'ERR_UNMATCHED', 'ERR_NOT_FOUND', 'ERR_DTYPE', 'ERR_SHAPE', 'ERR_INVALID_ARGUMENT'],
];
const folder = new Scratch('damaged-files').directory();
const at = (name: string): string => join(folder, name);
const x = tf.ones([1, 3]);
let answer: Float32Array;

function network(): tf.LayersModel {
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 4, inputShape: [3], activation: 'relu' }), tf.layers.dense({ units: 2 })],
  });
  model.compile({ optimizer: new Adam(), loss: 'meanSquaredError' });
  return model;
}

const predicted = (model: tf.LayersModel): Float32Array =>
  tf.tidy(() => (model.predict(x) as tf.Tensor).dataSync() as Float32Array);

function disposeOf(model: tf.LayersModel): void {
  model.optimizer?.dispose();
  model.dispose();
}

beforeAll(async () => {
  const model = network();
  await model.fit(x, tf.ones([1, 2]), { epochs: 1, verbose: 0 });
  answer = predicted(model);
  await saveModel(model, at('m.keras'));
  await saveModel(model, at('m.h5'));
  await saveWeights(model, at('m.weights.h5'));
});

interface Damage {
  /** Parts of the file: where, and what is put there. */
  readonly changes: readonly (readonly [place: number, mask: number])[];
  /** What is left of the file; 1: all. */
  readonly kept: number;
}

const damages = fc.record<Damage>({
  changes: fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 1, max: 255 })), {
    maxLength: 4,
  }),
  kept: fc.oneof({ weight: 9, arbitrary: fc.constant(1) }, fc.double({ min: 0, max: 1, noNaN: true })),
});

function damaged(bytes: Buffer, { changes, kept }: Damage): Buffer {
  const copy = Buffer.from(bytes);
  for (const [place, mask] of changes) copy[Math.floor(place * (copy.length - 1))]! ^= mask;
  return copy.subarray(0, Math.floor(kept * copy.length));
}

test.each(['m.keras', 'm.h5', 'm.weights.h5'])('%s', async name => {
  const whole = readFileSync(at(name));
  const target = network();
  const before = { tensors: tf.memory().numTensors, descriptors: 0 };
  const codes = new Set<string>();
  const attempt = async (damage: Damage): Promise<void> => {
    const bytes = damaged(whole, damage);
    writeFileSync(at(`damaged-${name}`), bytes);
    const start = performance.now();
    try {
      if (name === 'm.weights.h5') await loadWeights(target, at(`damaged-${name}`));
      else {
        const model = await loadModel(at(`damaged-${name}`));
        // Only an archive has checksums. Bytes between its entries do not matter.
        if (name === 'm.keras') expect(predicted(model)).toEqual(answer);
        disposeOf(model);
      }
    } catch (error) {
      if (!(error instanceof TensorBundleError)) throw error;
      codes.add(error.code);
    }
    expect(performance.now() - start).toBeLessThan(5000);
    expect(faulty.openDescriptors()).toBe(before.descriptors);
  };
  await attempt({ changes: [], kept: 1 });
  before.descriptors = faulty.openDescriptors();
  before.tensors = tf.memory().numTensors;
  await fc.assert(fc.asyncProperty(damages, attempt), { numRuns: isDeep ? 1500 : 60 });
  expect([...codes].filter(code => !CODES.includes(code))).toEqual([]);
  expect(codes.size).toBeGreaterThan(0);
  if (name !== 'm.weights.h5') expect(tf.memory().numTensors).toBe(before.tensors);
});
