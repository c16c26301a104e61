/** Every layer of TensorFlow.js, in several configurations, in Keras's own files: from Node to Keras and back. */
import { describe } from 'vitest';
import { CONVOLUTIONS } from '../layers/matrix-convolutions.js';
import { given, type Rows } from '../layers/matrix-model.js';
import { NESTING } from '../layers/matrix-nesting.js';
import { RECURRENT } from '../layers/matrix-recurrent.js';
import { WEIGHTLESS } from '../layers/matrix-weightless.js';
import { WRAPPERS } from '../layers/matrix-wrappers.js';
import { describeTurns, type TurnSubject } from './turns.js';

/** What is to be known about a row here, beside the table. */
const NOTES: Readonly<Record<string, Partial<TurnSubject>>> = {};

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
