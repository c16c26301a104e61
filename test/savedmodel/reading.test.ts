/** SavedModels that tf_keras writes: read by Node, and trained on there. */
import type * as tf from '@tensorflow/tfjs-node';
import { describe, expect } from 'vitest';
import { describeReading } from './reading.js';

describe("Keras's SavedModels", () => {
  describeReading('basics', {
    nested: { optimizer: 'KerasSGD' },
    'named outputs': {},
    adam: { optimizer: 'KerasAdam' },
    nesterov: { optimizer: 'KerasSGD' },
    'legacy adam': { optimizer: 'KerasAdam' },
    'loss scale': { optimizer: 'KerasLossScaleOptimizer' },
    // Its decay is that of its momentum.
    'legacy nadam': {
      warning: /legacy Nadam grows in another way/,
      differs: true,
      check: ({ optimizer }) => expect((optimizer as tf.Optimizer & { decay: number }).decay).toBe(0),
    },
    // The present rate, which the checkpoint has beside, would decay once more.
    'inverse schedule': { optimizer: 'KerasAdam' },
    // The checkpoint of a legacy optimizer has no rate at all, and a decay of 0.
    'legacy inverse schedule': { optimizer: 'KerasAdam' },
    'one loss': { warning: /no loss for the output 'free' \(Keras has none\) here; so it is not/, uncompiled: true },
    'inputs by name': {},
    logits: { check: ({ metricsNames }) => expect(metricsNames).toEqual(['loss', 'acc', 'above']) },
  });
});
