/** The networks of published.py whose files hold weights only, in TensorFlow.js. */
import * as tf from '@tensorflow/tfjs-node';

const l = tf.layers;
type Symbolic = tf.SymbolicTensor;

const apply = (layer: tf.layers.Layer, input: Symbolic | Symbolic[]): Symbolic => layer.apply(input) as Symbolic;

/** Of CuDNN's layers. The other networks were trained with what was Keras's default then, and is TensorFlow.js's. */
const recurrentActivation = 'sigmoid';

function chars2vec(): tf.LayersModel {
  return tf.sequential({
    layers: [l.lstm({ units: 50, returnSequences: true, inputShape: [null, 59] }), l.lstm({ units: 50 })],
  });
}

function mhcnuggets(): tf.LayersModel {
  return tf.sequential({
    layers: [
      l.masking({ maskValue: -1, inputShape: [11, 21] }),
      l.lstm({ units: 64, dropout: 0.2, recurrentDropout: 0.2 }),
      l.dense({ units: 64 }),
      l.dropout({ rate: 0.2 }),
      l.activation({ activation: 'tanh' }),
      l.dense({ units: 1 }),
      l.activation({ activation: 'sigmoid' }),
    ],
  });
}

function deepac(): tf.LayersModel {
  const layer = l.lstm({ units: 384, recurrentActivation }) as never;
  return tf.sequential({
    layers: [
      l.bidirectional({ layer, mergeMode: 'concat', inputShape: [null, 4], name: 'bidirectional_1' }),
      l.dense({ units: 1, name: 'dense_1' }),
    ],
  });
}

/** TensorFlow.js lacks ZeroPadding1D: a picture of height 1 is padded instead. */
function paddedBehind(x: Symbolic, steps: number): Symbolic {
  const [, length, channels] = x.shape as [null, number, number];
  const picture = apply(l.reshape({ targetShape: [1, length, channels] }), x);
  const padding: [[number, number], [number, number]] = [
    [0, 0],
    [0, steps],
  ];
  const padded = apply(l.zeroPadding2d({ padding }), picture);
  return apply(l.reshape({ targetShape: [length + steps, channels] }), padded);
}

function deepcut(): tf.LayersModel {
  const [characters, kinds] = [tf.input({ shape: [21] }), tf.input({ shape: [21] })];
  const embedded = apply(l.embedding({ inputDim: 178, outputDim: 32 }), characters);
  const a = apply(l.batchNormalization(), apply(l.spatialDropout1d({ rate: 0.15 }), embedded));
  const units = Array.from({ length: 12 }, (_, i) => {
    const filters = i < 8 ? 200 : i < 11 ? 150 : 100;
    const found = apply(l.conv1d({ filters, kernelSize: i + 1, activation: 'relu' }), a);
    return paddedBehind(apply(l.timeDistributed({ layer: l.dense({ units: 5 }) }), found), i);
  });
  const b = apply(l.spatialDropout1d({ rate: 0.15 }), apply(l.embedding({ inputDim: 12, outputDim: 12 }), kinds));
  const joined = apply(l.concatenate(), [a, apply(l.maximum(), units), b]);
  const flat = apply(l.flatten(), apply(l.batchNormalization(), joined));
  const y = apply(l.dense({ units: 100, activation: 'relu' }), flat);
  return tf.model({
    inputs: [characters, kinds],
    outputs: apply(l.dense({ units: 1, activation: 'sigmoid' }), y),
  });
}

class AttentionWeightedAverage extends tf.layers.Layer {
  static className = 'AttentionWeightedAverage';
  private weight!: tf.LayerVariable;

  override build(shape: tf.Shape): void {
    const initializer = tf.initializers.zeros();
    this.weight = this.addWeight(`${this.name}_W`, [shape[2]!, 1], 'float32', initializer);
    this.built = true;
  }

  override computeOutputShape(shape: tf.Shape): tf.Shape {
    return [shape[0]!, shape[2]!];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const x = [inputs].flat()[0] as tf.Tensor3D;
      const [batch, steps, channels] = x.shape;
      const logits = x.reshape([batch * steps, channels]).matMul(this.weight.read() as tf.Tensor2D);
      return x.mul(tf.softmax(logits.reshape([batch, steps])).expandDims(-1)).sum(1);
    });
  }
}

function textgenrnn(): tf.LayersModel {
  const x = tf.input({ shape: [40], name: 'input' });
  const recurrent = { units: 128, recurrentActivation, returnSequences: true } as const;
  const embedded = apply(l.embedding({ inputDim: 465, outputDim: 100, name: 'embedding' }), x);
  const one = apply(l.lstm({ ...recurrent, name: 'rnn_1' }), embedded);
  const two = apply(l.lstm({ ...recurrent, name: 'rnn_2' }), one);
  const joined = apply(l.concatenate({ name: 'rnn_concat' }), [embedded, one, two]);
  const y = apply(new AttentionWeightedAverage({ name: 'attention' }), joined);
  return tf.model({ inputs: x, outputs: apply(l.dense({ units: 465, activation: 'softmax', name: 'output' }), y) });
}

export const ARCHITECTURES: Readonly<Record<string, () => tf.LayersModel>> = {
  chars2vec,
  mhcnuggets,
  deepac,
  deepcut,
  textgenrnn,
};
