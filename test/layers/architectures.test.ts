/**
 * Real architectures, built by hand in both languages: names, order and keys come from the code, not from a topology.
 */
import { describe } from 'vitest';
import { autoencoder, lenet, mobilenet, resnet } from './architectures-images.js';
import { encoderDecoder, siamese, textClassifier } from './architectures-sequences.js';
import { describeExchange } from './keras.js';

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
