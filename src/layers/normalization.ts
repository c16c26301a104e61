/** Normalization (tf_keras/src/layers/normalization/). */
import { branch } from '../graph/trackable.js';
import { type Family, type Kind, variables } from './family.js';

/** Keras keeps `axis` as a list, and lists are tracked: a node without values comes first. */
function afterAxis(kind: Kind): Kind {
  return {
    edges: (layer, around, place) => [{ name: 'axis', node: branch([]) }, ...kind.edges(layer, around, place)],
  };
}

const scaleAndShift = variables(['gamma', 'gamma'], ['beta', 'beta']);

const moments = variables(
  ['gamma', 'gamma'],
  ['beta', 'beta'],
  ['movingMean', 'moving_mean'],
  ['movingVariance', 'moving_variance'],
);

export const normalization: Family = [
  ['BatchNormalization', afterAxis(moments)],
  ['LayerNormalization', afterAxis(scaleAndShift)],
];
