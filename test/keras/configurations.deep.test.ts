/** Every layer, loss, metric, optimizer and option of TensorFlow.js in the configurations of Keras 3 and tf_keras. */
import { describe } from 'vitest';
import { CONVOLUTIONS } from '../layers/matrix-convolutions.js';
import { bothNamings } from '../layers/matrix-model.js';
import { NESTING } from '../layers/matrix-nesting.js';
import { RECURRENT } from '../layers/matrix-recurrent.js';
import { WEIGHTLESS } from '../layers/matrix-weightless.js';
import { WRAPPERS } from '../layers/matrix-wrappers.js';
import { ARCHITECTURES, MORE_ARCHITECTURES } from '../savedmodel/architectures.js';
import { activations, COMPILATIONS } from '../savedmodel/compilations.js';
import { describeWritten } from './configurations.js';

describe('every layer', () => {
  describeWritten(bothNamings({ ...CONVOLUTIONS, ...RECURRENT, ...WRAPPERS, ...NESTING, ...WEIGHTLESS }));
});

describe('every loss, metric, optimizer and activation', () => {
  describeWritten({
    ...COMPILATIONS,
    ...ARCHITECTURES,
    ...MORE_ARCHITECTURES,
    'every activation': { make: activations },
  });
});
