/** Models that were compiled with every optimizer and every loss: tf_keras evaluates and trains them as Node does. */
import { describe } from 'vitest';
import { COMPILATIONS } from './compilations.js';
import { describeSaved } from './exchange.js';

describe('compilations', () => {
  describeSaved(COMPILATIONS);
});
