/** Activations with weights (tf_keras/src/layers/activation/prelu.py). */
import { branch } from '../graph/trackable.js';
import { type Family, fieldOf, type Kind, variables } from './family.js';

const alpha = variables(['alpha', 'alpha']);

/** Keras tracks the list of axes, if one was given: a node without values. */
const prelu: Kind = {
  edges: (layer, around, place) => {
    const edges = alpha.edges(layer, around, place);
    const listed = Array.isArray(fieldOf(layer, 'sharedAxes'));
    return listed ? [{ name: 'shared_axes', node: branch([]) }, ...edges] : edges;
  },
};

export const activation: Family = [['PReLU', prelu]];
