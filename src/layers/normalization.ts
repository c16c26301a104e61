/** Normalization (tf_keras/src/layers/normalization/). */
import { branch } from '../graph/trackable.js';
import { type Describe, type Family, variables } from './family.js';

const moments = variables(
  ['gamma', 'gamma'],
  ['beta', 'beta'],
  ['movingMean', 'moving_mean'],
  ['movingVariance', 'moving_variance'],
);

/** Keras keeps `axis` as a list, and lists are tracked: a node without values comes first. */
const batchNormalization: Describe = (layer, around) => [{ name: 'axis', node: branch([]) }, ...moments(layer, around)];

export const normalization: Family = [['BatchNormalization', batchNormalization]];
