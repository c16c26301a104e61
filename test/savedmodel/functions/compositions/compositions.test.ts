/** Random functions. A failure shows the smallest function that fails, and its seed. */
import { describeInNode, describeSavedCompositions } from './suite.js';

const seeds = (first: number, count: number): number[] => Array.from({ length: count }, (_, i) => first + i);

describeInNode(seeds(1, 30));
describeSavedCompositions(seeds(1001, 16), {
  together: 8,
  consumers: [
    ['load', 'node'],
    ['load', 'session'],
  ],
});
