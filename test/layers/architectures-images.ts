/** Well-known networks for images, as in batch_architectures.py: no names, layers created in the same order. */
import * as tf from '@tensorflow/tfjs-node';
import { apply, type Tensor } from './matrix-model.js';

const l = tf.layers;

export function lenet(): tf.LayersModel {
  return tf.sequential({
    layers: [
      l.conv2d({ filters: 6, kernelSize: 5, padding: 'same', activation: 'tanh', inputShape: [28, 28, 1] }),
      l.averagePooling2d({ poolSize: 2 }),
      l.conv2d({ filters: 16, kernelSize: 5, activation: 'tanh' }),
      l.averagePooling2d({ poolSize: 2 }),
      l.conv2d({ filters: 20, kernelSize: 5, activation: 'tanh' }),
      l.flatten(),
      l.dense({ units: 84, activation: 'tanh' }),
      l.dense({ units: 10, activation: 'softmax' }),
    ],
  });
}

function residual(x: Tensor, filters: number, stride: number): Tensor {
  const padding = 'same';
  let y = apply(l.conv2d({ filters, kernelSize: 3, strides: stride, padding, useBias: false }), x);
  y = apply(l.batchNormalization({}), y);
  y = apply(l.reLU(), y);
  y = apply(l.conv2d({ filters, kernelSize: 3, padding, useBias: false }), y);
  y = apply(l.batchNormalization({}), y);
  let shortcut = x;
  if (stride !== 1 || x.shape.at(-1) !== filters) {
    shortcut = apply(l.conv2d({ filters, kernelSize: 1, strides: stride, useBias: false }), x);
    shortcut = apply(l.batchNormalization({}), shortcut);
  }
  const sum = apply(l.add(), [y, shortcut]);
  return apply(l.reLU(), sum);
}

export function resnet(): tf.LayersModel {
  const image = tf.input({ shape: [16, 16, 3] });
  let x = apply(l.conv2d({ filters: 4, kernelSize: 3, padding: 'same', useBias: false }), image);
  x = apply(l.batchNormalization({}), x);
  x = apply(l.reLU(), x);
  for (const [filters, stride] of [
    [4, 1],
    [4, 1],
    [8, 2],
    [8, 1],
    [12, 2],
  ] as const)
    x = residual(x, filters, stride);
  x = apply(l.globalAveragePooling2d({} as never), x);
  return tf.model({ inputs: image, outputs: apply(l.dense({ units: 5, activation: 'softmax' }), x) });
}

const normalize = (x: Tensor): Tensor => apply(l.batchNormalization({ epsilon: 1e-3, momentum: 0.999 }), x);
const relu6 = (x: Tensor): Tensor => apply(l.reLU({ maxValue: 6 }), x);

function invertedResidual(x: Tensor, expansion: number, filters: number, stride: number): Tensor {
  const channels = x.shape.at(-1)!;
  let y = x;
  if (expansion !== 1)
    y = relu6(normalize(apply(l.conv2d({ filters: channels * expansion, kernelSize: 1, useBias: false }), y)));
  if (stride === 2)
    y = apply(
      l.zeroPadding2d({
        padding: [
          [0, 1],
          [0, 1],
        ],
      }),
      y,
    );
  const padding = stride === 1 ? 'same' : 'valid';
  y = relu6(normalize(apply(l.depthwiseConv2d({ kernelSize: 3, strides: stride, padding, useBias: false }), y)));
  y = normalize(apply(l.conv2d({ filters, kernelSize: 1, useBias: false }), y));
  return stride === 1 && channels === filters ? apply(l.add(), [x, y]) : y;
}

export function mobilenet(): tf.LayersModel {
  const image = tf.input({ shape: [16, 16, 3] });
  let x = apply(l.conv2d({ filters: 4, kernelSize: 3, strides: 2, padding: 'same', useBias: false }), image);
  x = relu6(normalize(x));
  for (const [expansion, filters, stride] of [
    [1, 4, 1],
    [3, 6, 2],
    [3, 6, 1],
    [3, 6, 1],
  ] as const) {
    x = invertedResidual(x, expansion, filters, stride);
  }
  x = apply(l.globalAveragePooling2d({} as never), x);
  x = apply(l.dropout({ rate: 0.2 }), x);
  return tf.model({ inputs: image, outputs: apply(l.dense({ units: 4, activation: 'softmax' }), x) });
}

/** A model of models: the encoder and the decoder are models of their own. */
export function autoencoder(): tf.LayersModel {
  const options = { strides: 2, kernelSize: 3, padding: 'same' } as const;
  const image = tf.input({ shape: [8, 8, 1] });
  let x = apply(l.conv2d({ ...options, filters: 4, activation: 'relu' }), image);
  x = apply(l.conv2d({ ...options, filters: 2, activation: 'relu' }), x);
  const encoder = tf.model({ inputs: image, outputs: x });
  const code = tf.input({ shape: [2, 2, 2] });
  x = apply(l.conv2dTranspose({ ...options, filters: 4, activation: 'relu' }), code);
  x = apply(l.conv2dTranspose({ ...options, filters: 1, activation: 'sigmoid' }), x);
  const decoder = tf.model({ inputs: code, outputs: x });
  const whole = tf.input({ shape: [8, 8, 1] });
  const coded = apply(encoder, whole);
  const kind = apply(l.dense({ units: 3, activation: 'softmax' }), apply(l.flatten(), coded));
  return tf.model({ inputs: whole, outputs: [apply(decoder, coded), kind] });
}
