/** Networks that are compiled, each with another optimizer and other losses. */
import * as tf from '@tensorflow/tfjs-node';
import { Adam, RMSprop } from '../../src/optimizers.js';
import { autoencoder, lenet, mobilenet, resnet } from '../layers/architectures-images.js';
import { encoderDecoder, siamese, textClassifier } from '../layers/architectures-sequences.js';
import { apply } from '../layers/matrix-model.js';
import type { SavedSubject } from './exchange.js';

const l = tf.layers;

/** As the text classifier, without dropout, which draws other numbers in Keras. */
function textModel(): tf.LayersModel {
  const lstm = { recurrentActivation: 'sigmoid' } as const;
  return tf.sequential({
    layers: [
      l.embedding({ inputDim: 50, outputDim: 8, maskZero: true, inputLength: 10 }),
      l.lstm({ ...lstm, units: 4 }),
      l.dense({ units: 6, activation: 'relu' }),
      l.dense({ units: 1, activation: 'sigmoid' }),
    ],
  });
}

/** TensorFlow.js adds up the losses of outputs only if these have the same rank. */
function flatAutoencoder(): tf.LayersModel {
  const image = tf.input({ shape: [12], name: 'image' });
  const encoder = tf.sequential({
    layers: [l.dense({ units: 6, activation: 'relu', inputShape: [12] }), l.dense({ units: 4 })],
  });
  const decoder = tf.sequential({ layers: [l.dense({ units: 12, activation: 'sigmoid', inputShape: [4] })] });
  const coded = apply(encoder, image);
  return tf.model({
    inputs: image,
    outputs: [apply(decoder, coded), apply(l.dense({ units: 3, activation: 'softmax' }), coded)],
  });
}

export const ARCHITECTURES: Readonly<Record<string, SavedSubject>> = {
  LeNet: {
    make: lenet,
    compile: model =>
      model.compile({
        optimizer: new Adam({ learningRate: 0.01 }),
        loss: 'categoricalCrossentropy',
        metrics: ['accuracy', 'mse'],
      }),
  },
  'a text model of LSTMs': {
    make: textModel,
    vocabulary: 50,
    compile: model =>
      model.compile({
        optimizer: new RMSprop({ learningRate: 0.01 }),
        loss: 'binaryCrossentropy',
        metrics: ['accuracy', tf.metrics.binaryCrossentropy],
      }),
  },
  'a siamese network whose tower shares a layer with the outside': { make: siamese },
  'an autoencoder with two outputs': {
    make: flatAutoencoder,
    compile: model =>
      model.compile({
        optimizer: new Adam({ learningRate: 0.01, decay: 0.1 }),
        loss: ['binaryCrossentropy', 'categoricalCrossentropy'],
        // TensorFlow.js takes a list, though its types do not say so.
        metrics: { [model.outputNames[1]!]: ['accuracy', tf.metrics.meanSquaredError] as never },
      }),
  },
};

export const MORE_ARCHITECTURES: Readonly<Record<string, SavedSubject>> = {
  'a ResNet': {
    make: resnet,
    compile: model => model.compile({ optimizer: tf.train.momentum(0.01, 0.9), loss: 'categoricalCrossentropy' }),
  },
  "MobileNetV2's blocks": {
    make: mobilenet,
  },
  'a text classifier of bidirectional LSTMs': { make: textClassifier, vocabulary: 50 },
  'an encoder-decoder with two outputs': { make: encoderDecoder },
  'an autoencoder of two models with a second output': { make: autoencoder },
};
