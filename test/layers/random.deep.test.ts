/**
 * Random architectures exchanged with tf_keras, in batches. The seed is in the test's name; a failure shows the JSON.
 */
import { describe } from 'vitest';
import { describeExchange, type Subject } from './keras.js';
import { randomModel } from './random-models.js';

/** From `RANDOM_SEED` if that is set, to try others or to repeat one. */
const FIRST = Number(process.env.RANDOM_SEED ?? 1);
const COUNT = Number(process.env.RANDOM_COUNT ?? 200);
const BATCH = 100;

function subject(seed: number): Subject {
  const { vocabulary } = randomModel(seed);
  return { make: () => randomModel(seed).model, ...(vocabulary === undefined ? {} : { vocabulary }) };
}

for (let begin = 0; begin < COUNT; begin += BATCH) {
  const seeds = Array.from({ length: Math.min(BATCH, COUNT - begin) }, (_, i) => FIRST + begin + i);
  describe(`seeds ${seeds[0]} to ${seeds.at(-1)}`, () => {
    describeExchange(Object.fromEntries(seeds.map(seed => [`seed ${seed}`, subject(seed)])));
  });
}
