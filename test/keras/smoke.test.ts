import { CONVOLUTIONS } from '../layers/matrix-convolutions.js';
import { given } from '../layers/matrix-model.js';
import { NESTING } from '../layers/matrix-nesting.js';
import { RECURRENT } from '../layers/matrix-recurrent.js';
import { WEIGHTLESS } from '../layers/matrix-weightless.js';
import { WRAPPERS } from '../layers/matrix-wrappers.js';
import { describeTurns } from './turns.js';

const SETS = { CONVOLUTIONS, RECURRENT, WEIGHTLESS, WRAPPERS, NESTING };
const set = SETS[process.env.SMOKE as 'RECURRENT'];
const only = process.env.ONLY?.split('|');
describeTurns(
  Object.fromEntries(
    Object.entries(set)
      .filter(([n]) => !only || only.includes(n))
      .map(([n, { make, ...m }]) => [n, { ...m, make: () => make(given) }]),
  ) as never,
);
