/** Networks for texts and sequences, as in batch_architectures.py: no names, layers created in the same order. */
import * as tf from '@tensorflow/tfjs-node';
import { apply, applyAll, type Tensor } from './matrix-model.js';

const l = tf.layers;

/** tfjs's default is the hard sigmoid of Keras 1. */
const lstm = { recurrentActivation: 'sigmoid' } as const;

export function textClassifier(): tf.LayersModel {
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

export function encoderDecoder(): tf.LayersModel {
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
export function siamese(): tf.LayersModel {
  const left = tf.input({ shape: [4] });
  const right = tf.input({ shape: [4] });
  const last = l.dense({ units: 4, activation: 'tanh' });
  const tower = tf.sequential({ layers: [l.dense({ units: 4, inputShape: [4] }), l.batchNormalization({}), last] });
  const both = apply(l.concatenate(), [apply(tower, left), apply(tower, right), apply(last, left)]);
  return tf.model({ inputs: [left, right], outputs: apply(l.dense({ units: 1 }), both) });
}
