/** Dense, convolutions, normalization, PReLU and Embedding, in the options that change their weights or their use. */
import * as tf from '@tensorflow/tfjs-node';
import { type Rows, row } from './matrix-model.js';

const l = tf.layers;

/** TensorFlow has no channels-first kernels for the CPU, and tfjs-node no other device here. */
const filesOnly = 'TensorFlow cannot run channels first on a CPU';

export const CONVOLUTIONS: Rows = {
  dense: row([4], n => [l.dense({ units: 3, ...n('a') }), l.dense({ units: 2, useBias: false, ...n('b') })]),
  'dense of rank 3': row([2, 4], n => [l.dense({ units: 3, activation: 'tanh', ...n('a') })]),
  'dense, not trainable': row([4], n => [
    l.dense({ units: 3, trainable: false, ...n('a') }),
    l.dense({ units: 2, ...n('b') }),
    l.batchNormalization({ trainable: false, ...n('c') }),
  ]),
  conv1d: row([8, 2], n => [
    l.conv1d({ filters: 3, kernelSize: 3, ...n('a') }),
    l.conv1d({ filters: 2, kernelSize: 2, strides: 2, useBias: false, ...n('b') }),
    l.conv1d({ filters: 2, kernelSize: 2, dilationRate: 2, padding: 'same', ...n('c') }),
  ]),
  conv2d: row([7, 6, 2], n => [
    l.conv2d({ filters: 3, kernelSize: [2, 3], strides: [2, 1], padding: 'same', ...n('a') }),
    l.conv2d({ filters: 2, kernelSize: 2, useBias: false, activation: 'relu', ...n('b') }),
    l.conv2d({ filters: 2, kernelSize: 2, dilationRate: [1, 2], ...n('c') }),
  ]),
  'conv2d, channels first': row(
    [2, 6, 6],
    n => [l.conv2d({ filters: 3, kernelSize: 2, dataFormat: 'channelsFirst', ...n('a') })],
    { filesOnly },
  ),
  conv3d: row([4, 5, 4, 2], n => [
    l.conv3d({ filters: 2, kernelSize: [1, 2, 3], ...n('a') }),
    l.conv3d({ filters: 2, kernelSize: 2, padding: 'same', useBias: false, ...n('b') }),
  ]),
  'conv3d, channels first': row(
    [2, 4, 4, 4],
    n => [l.conv3d({ filters: 3, kernelSize: 2, dataFormat: 'channelsFirst', ...n('a') })],
    { filesOnly },
  ),
  conv2dTranspose: row([3, 4, 2], n => [
    l.conv2dTranspose({ filters: 3, kernelSize: 3, strides: 2, padding: 'same', ...n('a') }),
    l.conv2dTranspose({ filters: 2, kernelSize: [2, 1], useBias: false, ...n('b') }),
  ]),
  'conv2dTranspose, channels first': row(
    [2, 4, 4],
    n => [l.conv2dTranspose({ filters: 3, kernelSize: 2, dataFormat: 'channelsFirst', ...n('a') })],
    { filesOnly },
  ),
  conv3dTranspose: row([2, 3, 2, 2], n => [
    l.conv3dTranspose({ filters: 3, kernelSize: 2, strides: 2, ...n('a') }),
    l.conv3dTranspose({ filters: 2, kernelSize: 2, padding: 'same', useBias: false, ...n('b') }),
  ]),
  depthwiseConv2d: row([5, 5, 2], n => [
    l.depthwiseConv2d({ kernelSize: 2, depthMultiplier: 2, ...n('a') }),
    l.depthwiseConv2d({ kernelSize: [3, 2], useBias: false, padding: 'same', activation: 'relu', ...n('b') }),
  ]),
  'depthwiseConv2d, channels first': row(
    [2, 5, 5],
    n => [l.depthwiseConv2d({ kernelSize: 2, dataFormat: 'channelsFirst', ...n('a') })],
    { filesOnly },
  ),
  separableConv2d: row([6, 6, 2], n => [
    l.separableConv2d({ filters: 3, kernelSize: 2, depthMultiplier: 2, ...n('a') }),
    l.separableConv2d({ filters: 2, kernelSize: [1, 2], useBias: false, padding: 'same', ...n('b') }),
  ]),
  batchNormalization: row([4, 3, 2], n => [
    l.batchNormalization(n('a')),
    l.batchNormalization({ axis: 1, ...n('b') }),
    l.batchNormalization({ axis: 2, center: false, ...n('c') }),
    l.batchNormalization({ scale: false, epsilon: 0.01, ...n('d') }),
    l.batchNormalization({ center: false, scale: false, momentum: 0.5, ...n('e') }),
  ]),
  layerNormalization: row([4, 3, 2], n => [
    l.layerNormalization(n('a')),
    l.layerNormalization({ axis: 1, ...n('b') }),
    l.layerNormalization({ axis: [2, 3], epsilon: 0.01, ...n('c') }),
    l.layerNormalization({ axis: [-1], center: false, ...n('d') }),
    l.layerNormalization({ scale: false, ...n('e') }),
  ]),
  'layerNormalization without weights': row([4], n => [
    l.dense({ units: 3, ...n('a') }),
    l.layerNormalization({ center: false, scale: false, ...n('b') }),
    l.dense({ units: 3, ...n('c') }),
  ]),
  prelu: row([4, 3, 2], n => [
    l.prelu(n('a')),
    l.prelu({ sharedAxes: [1], ...n('b') }),
    l.prelu({ sharedAxes: [1, 2], ...n('c') }),
  ]),
  embedding: row([5], n => [l.embedding({ inputDim: 7, outputDim: 3, ...n('a') })], { vocabulary: 7 }),
  'embedding with a mask': row(
    [6],
    n => [
      l.embedding({ inputDim: 4, outputDim: 3, maskZero: true, inputLength: 6, ...n('a') }),
      l.lstm({ units: 2, ...n('b') }),
    ],
    { vocabulary: 4 },
  ),
};
