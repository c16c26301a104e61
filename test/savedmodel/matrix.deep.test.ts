/**
 * Every layer of TensorFlow.js, as SavedModels that tf_keras loads: with given names or with automatic ones in turns;
 * `npm run test:long` asks for both.
 */
import { describe } from 'vitest';
import { isLong } from '../depth.js';
import { CONVOLUTIONS } from '../layers/matrix-convolutions.js';
import { bothNamings, inTurns } from '../layers/matrix-model.js';
import { NESTING } from '../layers/matrix-nesting.js';
import { RECURRENT } from '../layers/matrix-recurrent.js';
import { WEIGHTLESS } from '../layers/matrix-weightless.js';
import { WRAPPERS } from '../layers/matrix-wrappers.js';
import { describeSaved } from './exchange.js';

const ROWS = { ...CONVOLUTIONS, ...RECURRENT, ...WRAPPERS, ...NESTING, ...WEIGHTLESS };

describe('every layer', () => {
  describeSaved(isLong ? bothNamings(ROWS) : inTurns(ROWS, 0));
});
