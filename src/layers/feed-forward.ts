/**
 * Layers that compute their outputs from their inputs in one step and hold no other layer: fully connected, embeddings,
 * convolutions, normalizations, and activations with weights (tf_keras/src/layers/core, convolutional, normalization,
 * activation).
 */
import { branch } from '../graph/trackable.js';
import { type Family, fieldOf, type Kind, variables } from './family.js';

const kernelAndBias = variables(['kernel', 'kernel'], ['bias', 'bias']);

const scaleAndShift = variables(['gamma', 'gamma'], ['beta', 'beta']);

const moments = variables(
  ['gamma', 'gamma'],
  ['beta', 'beta'],
  ['movingMean', 'moving_mean'],
  ['movingVariance', 'moving_variance'],
);

const alpha = variables(['alpha', 'alpha']);

/** Keras keeps `axis` as a list and tracks lists, so a node without values comes first. */
function afterAxis(kind: Kind): Kind {
  return {
    edges: (layer, around, place) => [{ name: 'axis', node: branch([]) }, ...kind.edges(layer, around, place)],
    ...(kind.witness && { witness: kind.witness }),
  };
}

/** Keras tracks the list of shared axes, if one was given, as a node without values. */
const prelu: Kind = {
  edges: (layer, around, place) => {
    const edges = alpha.edges(layer, around, place);
    const hasList = Array.isArray(fieldOf(layer, 'sharedAxes'));
    return hasList ? [{ name: 'shared_axes', node: branch([]) }, ...edges] : edges;
  },
  witness: (layer, witness) => {
    witness.push(Array.isArray(fieldOf(layer, 'sharedAxes')));
    return alpha.witness?.(layer, witness);
  },
};

export const feedForward: Family = [
  ['Dense', kernelAndBias],
  ['Embedding', variables(['embeddings', 'embeddings'])],
  ['Conv1D', kernelAndBias],
  ['Conv2D', kernelAndBias],
  ['Conv3D', kernelAndBias],
  ['Conv2DTranspose', kernelAndBias],
  ['Conv3DTranspose', kernelAndBias],
  ['DepthwiseConv2D', variables(['depthwiseKernel', 'depthwise_kernel'], ['bias', 'bias'])],
  [
    'SeparableConv2D',
    variables(['depthwiseKernel', 'depthwise_kernel'], ['pointwiseKernel', 'pointwise_kernel'], ['bias', 'bias']),
  ],
  ['BatchNormalization', afterAxis(moments)],
  ['LayerNormalization', afterAxis(scaleAndShift)],
  ['PReLU', prelu],
];
