/** The functions that a LayersModel gets in a SavedModel: TensorFlow runs them, and Python trains them. */
import { describe } from 'vitest';
import type { Consumer } from './proof.js';
import { describeFunctions } from './saved-models.js';
import { SERVED_MODELS } from './served-models.js';

// The other models, and everything that runs SavedModels, are in the deep test and in those of objects.
const consumers: readonly Consumer[] = ['load', 'node'];

describe('models', () => {
  describeFunctions(
    Object.fromEntries(
      Object.entries(SERVED_MODELS)
        .slice(0, 1)
        .map(([name, subject]) => [name, { ...subject, consumers }]),
    ),
  );
});
