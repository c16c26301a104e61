/** 100 random architectures, from Node to both Kerases and back. The seed is in the test's name. */
import { describe } from 'vitest';
import { randomModel } from '../layers/random-models.js';
import { describeTurns, type TurnSubject } from './turns.js';

/** From `RANDOM_SEED` if that is set, to try others or to repeat one. */
const FIRST = Number(process.env.RANDOM_SEED ?? 1);
const COUNT = Number(process.env.RANDOM_COUNT ?? 100);

function subject(seed: number): TurnSubject {
  const { vocabulary } = randomModel(seed);
  return {
    make: () => randomModel(seed).model,
    untrained: 'perhaps',
    ...(vocabulary === undefined ? {} : { vocabulary }),
  };
}

const seeds = Array.from({ length: COUNT }, (_, i) => FIRST + i);

describe(`seeds ${seeds[0]} to ${seeds.at(-1)}`, () => {
  describeTurns(Object.fromEntries(seeds.map(seed => [`seed ${seed}`, subject(seed)])), COUNT / 2);
});
