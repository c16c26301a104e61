/**
 * One save of a model as a file of Keras, in a process that a fault may kill: joined into one script, so that it starts
 * quickly. argv[2]: { path, k, faults }.
 */
import { createRequire } from 'node:module';
import * as tf from '@tensorflow/tfjs';
import { saveModel, saveWeights } from '../../src/tfjs.js';
import type { Fault, FaultBinding } from '../native/fault-binding.js';

export interface KillJob {
  path: string;
  /** Every weight has this value. */
  k: number;
  faults: readonly Fault[];
}

const { path, k, faults } = JSON.parse(process.argv[2]!) as KillJob;
const engine = createRequire(import.meta.url)(process.env.TENSORBUNDLE_BINDING!) as FaultBinding;
const dense = { kernelInitializer: tf.initializers.constant({ value: k }), useBias: false };
const model = tf.sequential({
  layers: [tf.layers.dense({ ...dense, units: 300, inputShape: [1000] }), tf.layers.dense({ ...dense, units: 1 })],
});
model.compile({ optimizer: tf.train.adam(), loss: 'meanSquaredError' });
engine.setFaults(faults);
await (path.endsWith('.weights.h5') ? saveWeights(model, path) : saveModel(model, path));
console.log(JSON.stringify(engine.operations()));
