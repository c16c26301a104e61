/** Configurations that Keras 3 and tf_keras write: read by Node, and trained on there. */
import { describe } from 'vitest';
import { describeConfigs } from './configs.js';

describe("Keras's configurations", () => {
  describeConfigs('basics', {
    dense: {},
    images: {},
    sequences: {},
    masks: {},
    merged: {},
    stated: {},
    volumes: {},
    nested: {},
    named: {},
    shared: {},
    'loss from logits': {},
  });
});
