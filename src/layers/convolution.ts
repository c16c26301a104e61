/** Convolutions (tf_keras/src/layers/convolutional/base_conv.py). */
import { type Family, variables } from './family.js';

const kernelAndBias = variables(['kernel', 'kernel'], ['bias', 'bias']);

export const convolution: Family = [
  ['Conv1D', kernelAndBias],
  ['Conv2D', kernelAndBias],
  ['Conv3D', kernelAndBias],
];
