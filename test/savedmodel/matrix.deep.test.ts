/** Every layer of TensorFlow.js, as SavedModels that tf_keras loads. */
import { describe } from 'vitest';
import { CONVOLUTIONS } from '../layers/matrix-convolutions.js';
import { bothNamings } from '../layers/matrix-model.js';
import { NESTING } from '../layers/matrix-nesting.js';
import { RECURRENT } from '../layers/matrix-recurrent.js';
import { WEIGHTLESS } from '../layers/matrix-weightless.js';
import { WRAPPERS } from '../layers/matrix-wrappers.js';
import { describeSaved } from './exchange.js';

describe('every layer', () => {
  describeSaved(bothNamings({ ...CONVOLUTIONS, ...RECURRENT, ...WRAPPERS, ...NESTING, ...WEIGHTLESS }));
});
