/** A few models in Keras's own files, trained at each turn: from Node to Keras 3 and tf_keras, and back. */
import { CONVOLUTIONS } from '../layers/matrix-convolutions.js';
import { given } from '../layers/matrix-model.js';
import { NESTING } from '../layers/matrix-nesting.js';
import { WRAPPERS } from '../layers/matrix-wrappers.js';
import { randomModel } from '../layers/random-models.js';
import { describeTurns } from './turns.js';

const ROWS = { ...CONVOLUTIONS, ...WRAPPERS, ...NESTING };
const NAMES = ['depthwiseConv2d', 'bidirectional gru', 'models nested three deep'];

describeTurns({
  ...Object.fromEntries(NAMES.map(name => [name, { ...ROWS[name], make: () => ROWS[name]!.make(given) }])),
  'a random model': { make: () => randomModel(3).model },
});
