/** Every layer of TensorFlow.js, with and without training, in everything that runs SavedModels. */
import { describe } from 'vitest';
import { CONVOLUTIONS } from '../../layers/matrix-convolutions.js';
import { given, type Rows } from '../../layers/matrix-model.js';
import { NESTING } from '../../layers/matrix-nesting.js';
import { RECURRENT } from '../../layers/matrix-recurrent.js';
import { WEIGHTLESS } from '../../layers/matrix-weightless.js';
import { WRAPPERS } from '../../layers/matrix-wrappers.js';
import { ARCHITECTURES, MORE_ARCHITECTURES } from '../architectures.js';
import { activations } from '../compilations.js';
import type { ModelSubject } from './model-proof.js';
import { describeFunctions } from './saved-models.js';

function subjectsOf(rows: Rows): Record<string, ModelSubject> {
  return Object.fromEntries(Object.entries(rows).map(([name, row]) => [name, { ...row, make: () => row.make(given) }]));
}

describe.each(Object.entries({ CONVOLUTIONS, RECURRENT, WRAPPERS, NESTING, WEIGHTLESS }))('%s', (_, rows) => {
  describeFunctions(subjectsOf(rows));
});

describe('architectures and activations', () => {
  describeFunctions({ ...ARCHITECTURES, ...MORE_ARCHITECTURES, 'every activation': { make: activations } });
});
