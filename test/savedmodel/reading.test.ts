/** SavedModels that tf_keras writes: read by Node, and trained on there. */
import { describe } from 'vitest';
import { describeReading } from './reading.js';

describe("Keras's SavedModels", () => {
  describeReading('basics', {
    nested: { optimizer: 'KerasSGD' },
    'named outputs': {},
    adam: { optimizer: 'KerasAdam' },
    nesterov: { optimizer: 'KerasSGD' },
    'legacy adam': { optimizer: 'KerasAdam' },
    'loss scale': { optimizer: 'KerasLossScaleOptimizer' },
  });
});
