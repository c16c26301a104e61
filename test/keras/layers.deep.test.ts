/** Every layer of TensorFlow.js, in several configurations, in Keras's own files: from Node to Keras and back. */
import { describe } from 'vitest';
import { CONVOLUTIONS } from '../layers/matrix-convolutions.js';
import { given, type Rows } from '../layers/matrix-model.js';
import { NESTING } from '../layers/matrix-nesting.js';
import { RECURRENT } from '../layers/matrix-recurrent.js';
import { WEIGHTLESS } from '../layers/matrix-weightless.js';
import { WRAPPERS } from '../layers/matrix-wrappers.js';
import { describeTurns, type TurnSubject } from './turns.js';

const DILATED = 'TensorFlow.js has no gradient of dilated convolutions';
const NORMALIZED = "TensorFlow.js's gradient of it needs all of its weights";
const differs = (reason: string) => ({ differs: { keras: reason, tf_keras: reason } });
const FROZEN = 'TensorFlow.js trains on with the statistics of the batch where a normalization is frozen';
const FUSED = { tf_keras: 'its normalization is another one within TimeDistributed' };

/** What is to be known about a row here, beside the table. */
const NOTES: Readonly<Record<string, Partial<TurnSubject>>> = {
  conv1d: { untrained: DILATED },
  conv2d: { untrained: DILATED },
  conv3dTranspose: { untrained: 'TensorFlow.js has no gradient of it' },
  batchNormalization: { untrained: NORMALIZED },
  layerNormalization: { untrained: NORMALIZED },
  'layerNormalization without weights': { untrained: NORMALIZED },
  Masking: { untrained: 'TensorFlow.js has no gradient of Any' },
  ThresholdedReLU: { untrained: 'TensorFlow.js has no gradient of Greater' },
  Resizing: { notLoaded: /it cannot be computed within a model/ },
  'recurrent layers that return their states': { untrained: 'TensorFlow.js adds up losses of one rank only' },
  'dense, not trainable': differs(FROZEN),
  'a nested model whose layers are not trainable': differs(FROZEN),
  'gru, reset after, with regularizers, constraints and initializers': differs(
    'TensorFlow.js applies no constraints in a step, and evaluates without regularizers',
  ),
  'timeDistributed conv2d': { differs: FUSED },
  'timeDistributed sequential': { differs: FUSED },
  // Normalized over two examples, whose variance may be small.
  'a model used twice': { tolerance: 1e-5 },
};

function subjects(rows: Rows): Record<string, TurnSubject> {
  return Object.fromEntries(
    Object.entries(rows).map(([name, { make, ...more }]) => [
      name,
      { ...more, make: () => make(given), ...NOTES[name] },
    ]),
  );
}

describe('layers', () => {
  describeTurns(subjects({ ...CONVOLUTIONS, ...WEIGHTLESS }));
});

describe('recurrent layers, wrappers and models in models', () => {
  describeTurns(subjects({ ...RECURRENT, ...WRAPPERS, ...NESTING }));
});
