/** Convolutions (tf_keras/src/layers/convolutional/). */
import { type Family, variables } from './family.js';

const kernelAndBias = variables(['kernel', 'kernel'], ['bias', 'bias']);

export const convolution: Family = [
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
];
