/** More random functions, in Node and in TensorFlow. A failure shows the smallest function that fails, and its seed. */
import { describeInNode, describeSavedCompositions } from './suite.js';

/** From `RANDOM_SEED` if that is set, to try others or to repeat one. */
const FIRST = Number(process.env.RANDOM_SEED ?? 2001);
const COUNT = Number(process.env.RANDOM_COUNT ?? 200);

const seeds = Array.from({ length: COUNT }, (_, i) => FIRST + i);

describeInNode(seeds);
describeSavedCompositions(seeds, { together: 8, consumers: [['load'], ['load', 'node'], ['load', 'session']] });
