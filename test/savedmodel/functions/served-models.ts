/** Models whose functions are proven in everything that runs SavedModels. */
import * as tf from '@tensorflow/tfjs-node';
import { apply } from '../../layers/matrix-model.js';
import type { ModelSubject } from './model-proof.js';

const l = tf.layers;

export const SERVED_MODELS: Readonly<Record<string, ModelSubject>> = {
  'a network for images of any size': {
    make: () =>
      tf.sequential({
        layers: [
          l.conv2d({ inputShape: [null as never, null as never, 2], filters: 3, kernelSize: 3, activation: 'relu' }),
          l.batchNormalization(),
          l.maxPooling2d({ poolSize: 2 }),
          l.globalAveragePooling2d({}),
          l.dense({ units: 4, activation: 'softmax' }),
        ],
      }),
    sizes: [
      [3, 12, 9],
      [1, 20, 31],
    ],
  },
  'an LSTM over sequences of any length': {
    make: () =>
      tf.sequential({
        layers: [
          l.embedding({ inputDim: 20, outputDim: 4, inputShape: [null as never] }),
          l.lstm({ units: 5, returnSequences: true }),
          l.dense({ units: 2 }),
        ],
      }),
    vocabulary: 20,
    sizes: [
      [2, 11],
      [5, 3],
    ],
  },
  'two inputs and two outputs of a shared layer': {
    make: () => {
      const [left, right] = [tf.input({ shape: [4], name: 'left' }), tf.input({ shape: [4], name: 'right' })];
      const tower = l.dense({ units: 3, activation: 'tanh', name: 'tower' });
      const both = apply(l.concatenate(), [apply(tower, left), apply(tower, right)]);
      const outputs = [
        apply(l.dense({ units: 2, name: 'classes' }), both),
        apply(l.dense({ units: 1, name: 'score' }), both),
      ];
      return tf.model({ inputs: [left, right], outputs });
    },
  },
};
