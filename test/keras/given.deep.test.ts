/** Every layer that Keras and TensorFlow.js have, as Python programs write them: from Keras to Node and back. */
import { describe } from 'vitest';
import { describeGiven, type GivenRow } from './given.js';

const random = true;
const regularized = true;
const FROZEN = 'TensorFlow.js trains on with the statistics of the batch where a normalization is frozen';

const ROWS: Readonly<Record<string, GivenRow>> = {
  Dense: { regularized },
  'Dense of rank 4': {},
  'Dense that is not trainable': { differs: { keras: FROZEN, tf_keras: FROZEN } },
  Activation: {},
  'activations of layers': {},
  Embedding: {},
  'Embedding with a mask': {},
  Conv1D: {},
  Conv2D: { regularized },
  'dilated convolutions': {},
  Conv3D: {},
  Conv2DTranspose: {},
  Conv3DTranspose: {},
  DepthwiseConv2D: { regularized },
  SeparableConv2D: {},
  BatchNormalization: {},
  'normalizations without all of their weights': {},
  LayerNormalization: {},
  'activations with options': {},
  'random layers': { random },
  shapes: {},
  Masking: {},
  'pooling of signals': {},
  'global pooling': {},
  'pooling of images': {},
  'pooling of volumes': {},
  Rescaling: {},
  merges: {},
  SimpleRNN: {},
  LSTM: {},
  GRU: {},
  'recurrent layers with dropout': { random },
  'recurrent layers with states': {},
  'stateful recurrent layers': {},
  'RNN of cells': {},
  ConvLSTM2D: {},
  // tf_keras has no function for that of Keras 3.
  'hard sigmoids, which are two': { refused: { keras: 'tf_keras' } },
  Bidirectional: {},
  'Bidirectional of two different layers': {},
  TimeDistributed: {},
  'a Sequential without an Input': {},
  'a Sequential of Sequentials': {},
  'shared layers and models': {},
  'several inputs and outputs, by name': {},
  'branches made in another order': {},
  'more than ten layers of a class': {},
  'mixed precision': {},
  'an encoder and a decoder of tokens': {},
};

describe('layers that Keras saves', () => {
  describeGiven('given_layers', ROWS);
});
