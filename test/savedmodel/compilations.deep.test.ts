/** More architectures, and models compiled with every optimizer and every loss: tf_keras trains them as Node does. */
import { describe } from 'vitest';
import { MORE_ARCHITECTURES } from './architectures.js';
import { COMPILATIONS } from './compilations.js';
import { describeSaved } from './exchange.js';

describe('architectures and compilations', () => {
  describeSaved({ ...MORE_ARCHITECTURES, ...COMPILATIONS });
});
