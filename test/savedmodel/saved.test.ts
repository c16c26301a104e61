/** SavedModels of real architectures, compiled or not: tf_keras loads, evaluates and trains them as Node does. */
import { describe } from 'vitest';
import { ARCHITECTURES } from './architectures.js';
import { activations } from './compilations.js';
import { describeSaved } from './exchange.js';

describe('architectures and activations', () => {
  describeSaved({ ...ARCHITECTURES, 'every activation': { make: activations } });
});
