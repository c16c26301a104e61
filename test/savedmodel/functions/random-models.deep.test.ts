/** Random architectures as SavedModels: their functions compute, and train, as in Node. The seed is in the name. */
import * as tf from '@tensorflow/tfjs-node';
import { describe } from 'vitest';
import { randomModel } from '../../layers/random-models.js';
import type { Consumer } from './proof.js';
import { describeFunctions, type Loading } from './saved-models.js';

/** From `RANDOM_SEED` if that is set, to try others or to repeat one. */
const FIRST = Number(process.env.RANDOM_SEED ?? 1);
const COUNT = Number(process.env.RANDOM_COUNT ?? 50);
const CONSUMERS: readonly (readonly Consumer[])[] = [['load'], ['load', 'node'], ['load', 'session']];

function subject(seed: number): Loading {
  const { model, vocabulary } = randomModel(seed);
  // Without scale or center, TensorFlow.js's BatchNormalization throws when it is trained.
  const isUntrainable = /"BatchNormalization","config":\{[^}]*"(center|scale)":false/.test(
    JSON.stringify(model.toJSON(null, false)),
  );
  tf.dispose(model.weights.map(weight => weight.read()));
  const consumers = CONSUMERS[seed % CONSUMERS.length]!;
  return {
    make: () => randomModel(seed).model,
    consumers,
    isUntrainable,
    ...(vocabulary === undefined ? {} : { vocabulary }),
  };
}

const seeds = Array.from({ length: COUNT }, (_, i) => FIRST + i);

describe(`seeds ${seeds[0]} to ${seeds.at(-1)}`, () => {
  describeFunctions(Object.fromEntries(seeds.map(seed => [`seed ${seed}`, subject(seed)])));
});
