/**
 * Real architectures, built by hand in both languages: names, order and keys come from the code, not from a topology.
 */
import * as tf from '@tensorflow/tfjs-node';
import { describe } from 'vitest';
import { autoencoder, lenet, mobilenet, resnet } from './architectures-images.js';
import { describeExchange } from './keras.js';
import { apply, applyAll, type Tensor } from './matrix-model.js';

const l = tf.layers;

/** tfjs's default is the hard sigmoid of Keras 1. */
const lstm = { recurrentActivation: 'sigmoid' } as const;

function textClassifier(): tf.LayersModel {
  return tf.sequential({
    layers: [
      l.embedding({ inputDim: 50, outputDim: 8, maskZero: true, inputLength: 10 }),
      l.bidirectional({ layer: l.lstm({ ...lstm, units: 6, returnSequences: true }) as never }),
      l.bidirectional({ layer: l.lstm({ ...lstm, units: 4 }) as never }),
      l.dropout({ rate: 0.5 }),
      l.dense({ units: 6, activation: 'relu' }),
      l.dense({ units: 1, activation: 'sigmoid' }),
    ],
  });
}

function encoderDecoder(): tf.LayersModel {
  const source = tf.input({ shape: [7, 4] });
  const target = tf.input({ shape: [5, 3] });
  const encoder = l.lstm({ ...lstm, units: 6, returnState: true, returnSequences: true });
  const [encoded, hidden, carry] = applyAll(encoder, source) as [Tensor, Tensor, Tensor];
  const decoder = l.lstm({ ...lstm, units: 6, returnSequences: true });
  const [decoded] = applyAll(decoder, target, { initialState: [hidden, carry] }) as [Tensor];
  const words = apply(l.timeDistributed({ layer: l.dense({ units: 3, activation: 'softmax' }) }), decoded);
  const pooled = apply(l.globalAveragePooling1d(), encoded);
  const relu = apply(l.dense({ units: 4, activation: 'relu' }), pooled);
  const topic = apply(l.dense({ units: 2, activation: 'softmax' }), relu);
  return tf.model({ inputs: [source, target], outputs: [words, topic] });
}

/** One tower for two inputs; its last layer is used outside of it, too. */
function siamese(): tf.LayersModel {
  const left = tf.input({ shape: [4] });
  const right = tf.input({ shape: [4] });
  const last = l.dense({ units: 4, activation: 'tanh' });
  const tower = tf.sequential({ layers: [l.dense({ units: 4, inputShape: [4] }), l.batchNormalization({}), last] });
  const both = apply(l.concatenate(), [apply(tower, left), apply(tower, right), apply(last, left)]);
  return tf.model({ inputs: [left, right], outputs: apply(l.dense({ units: 1 }), both) });
}

describe('architectures built in both languages', () => {
  describeExchange({
    LeNet: { make: lenet, python: 'lenet' },
    'a ResNet with identity and projection shortcuts': { make: resnet, python: 'resnet' },
    "MobileNetV2's inverted residual blocks": { make: mobilenet, python: 'mobilenet' },
    'a text classifier of Embedding and bidirectional LSTMs': {
      make: textClassifier,
      python: 'text_classifier',
      vocabulary: 50,
    },
    'an encoder-decoder with two outputs, states handed on': { make: encoderDecoder, python: 'encoder_decoder' },
    'an autoencoder of two models with a second output': { make: autoencoder, python: 'autoencoder' },
    'a siamese network whose tower shares a layer with the outside': { make: siamese, python: 'siamese' },
  });
});
