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
import type { Consumer } from './proof.js';
import { describeFunctions } from './saved-models.js';

/** Models that cannot become functions, and what is said then. */
const NOT_TRACED: Readonly<Record<string, RegExp>> = {
  'stateful recurrent layers': /the layer 'a' \(SimpleRNN\) is stateful/,
  'gru, reset after, stateful': /the layer 'a' \(GRU\) is stateful/,
  // TensorFlow.js cannot run it either.
  Resizing: /the layer 'x' \(Resizing\) threw: Error in resizeBilinear/,
  CategoryEncoding: /reads the values of a tensor \(in the layer 'x' \(CategoryEncoding\)/,
};

/** Without scale, TensorFlow.js's BatchNormalization throws when it is trained. */
const UNTRAINABLE: readonly string[] = ['batchNormalization'];

function subjectsOf(rows: Rows): Record<string, ModelSubject> {
  const subjects = Object.entries(rows).map(([name, row]) => {
    const notTraced = NOT_TRACED[name];
    const isUntrainable = UNTRAINABLE.includes(name);
    return [
      name,
      { ...row, make: () => row.make(given), isUntrainable, consumers: CONSUMERS, ...(notTraced && { notTraced }) },
    ] as const;
  });
  return Object.fromEntries(subjects);
}

/** Those who read the graph in ways of their own. The others have architectures.test.ts and prove.test.ts. */
const CONSUMERS: readonly Consumer[] = (process.env.PROOF_BY?.split(' ') as Consumer[]) ?? [
  'load',
  'lite',
  'converter',
  'keras',
  'node',
];

describe.each(Object.entries({ CONVOLUTIONS, RECURRENT, WRAPPERS, NESTING, WEIGHTLESS }))('%s', (_, rows) => {
  describeFunctions(subjectsOf(rows));
});

describe('architectures and activations', () => {
  describeFunctions({ ...ARCHITECTURES, ...MORE_ARCHITECTURES, 'every activation': { make: activations } });
});
