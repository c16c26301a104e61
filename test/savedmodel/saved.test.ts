/** SavedModels of real architectures, compiled or not: tf_keras loads, evaluates and trains them as Node does. */
import { describe } from 'vitest';
import { ARCHITECTURES } from './architectures.js';
import { PARTS } from './compilations.js';
import { describeSaved } from './exchange.js';

describe('architectures, activations and metrics', () => {
  describeSaved({ ...ARCHITECTURES, ...PARTS });
});
