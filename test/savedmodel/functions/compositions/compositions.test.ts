/** Random functions, in Node. A failure shows the smallest function that fails, and its seed. */
import { describeInNode } from './suite.js';

const seeds = (first: number, count: number): number[] => Array.from({ length: count }, (_, i) => first + i);

describeInNode(seeds(1, 30));
