/**
 * Every loss, metric, optimizer and activation of TensorFlow.js in the configurations of Keras 3 and tf_keras. Every
 * layer: layers.deep.test.ts, in whole files.
 */
import * as tf from '@tensorflow/tfjs-node';
import { describe } from 'vitest';
import { RMSprop } from '../../src/optimizers.js';
import { ARCHITECTURES, MORE_ARCHITECTURES } from '../savedmodel/architectures.js';
import { activations, COMPILATIONS } from '../savedmodel/compilations.js';
import { describeWritten, type WrittenSubject } from './configurations.js';

/** RMSprop makes steps of one size also of gradients so small that no digit of theirs is sure. */
const CHANGED: Readonly<Record<string, WrittenSubject>> = {
  'a text model of LSTMs': {
    ...MORE_ARCHITECTURES['a text model of LSTMs']!,
    compile: model =>
      model.compile({
        optimizer: new RMSprop({ learningRate: 0.01, epsilon: 1e-3 }),
        loss: 'binaryCrossentropy',
        metrics: ['accuracy', tf.metrics.binaryCrossentropy],
      }),
  },
  'a siamese network whose tower shares a layer with the outside': {
    ...ARCHITECTURES['a siamese network whose tower shares a layer with the outside']!,
    not: { tf_keras: 'it makes a layer that is in two models twice' },
  },
};

describe('every loss, metric, optimizer and activation', () => {
  describeWritten({
    ...COMPILATIONS,
    ...ARCHITECTURES,
    ...MORE_ARCHITECTURES,
    ...CHANGED,
    'every activation': { make: activations },
  });
});
