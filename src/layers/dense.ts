/** Fully connected layers (tf_keras/src/layers/core/dense.py). */
import { type Family, variables } from './family.js';

export const dense: Family = [['Dense', variables(['kernel', 'kernel'], ['bias', 'bias'])]];
