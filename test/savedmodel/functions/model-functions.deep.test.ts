/** Models in everything that runs SavedModels. */
import { describe } from 'vitest';
import { describeFunctions } from './saved-models.js';
import { SERVED_MODELS } from './served-models.js';

describe('models', () => {
  describeFunctions(SERVED_MODELS);
});
