/**
 * The architectures of reading_models.py in TensorFlow.js, without names unless Python's attributes are to be found by
 * them.
 */
import * as tf from '@tensorflow/tfjs-node';

const l = tf.layers;

type Tensor = tf.SymbolicTensor;
type Applied = Pick<tf.LayersModel['layers'][number], 'apply'>;

function call(layer: Applied, ...inputs: Tensor[]): Tensor {
  return layer.apply(inputs.length > 1 ? inputs : inputs[0]!) as Tensor;
}

const sigmoid = { recurrentActivation: 'sigmoid' } as const;

function dense(...units: number[]): tf.LayersModel {
  return tf.sequential({
    layers: units.map((n, i) => l.dense({ units: n, ...(i === 0 ? { inputShape: [3] } : {}) })),
  });
}

export const MODELS: Readonly<Record<string, () => tf.LayersModel>> = {
  plain: () =>
    tf.sequential({
      layers: [
        l.dense({ units: 3, activation: 'relu', inputShape: [4] }),
        l.dropout({ rate: 0.5 }),
        l.batchNormalization(),
        l.dense({ units: 2 }),
      ],
    }),

  images: () =>
    tf.sequential({
      layers: [
        l.conv2d({ filters: 3, kernelSize: 2, inputShape: [8, 8, 2] }),
        l.batchNormalization({ scale: false }),
        l.depthwiseConv2d({ kernelSize: 2, depthMultiplier: 2 }),
        l.conv2dTranspose({ filters: 2, kernelSize: 2, useBias: false }),
        l.separableConv2d({ filters: 3, kernelSize: 2 }),
        l.prelu(),
        l.prelu({ sharedAxes: [1, 2] }),
        l.layerNormalization(),
        l.globalAveragePooling2d({}),
        l.dense({ units: 2 }),
      ],
    }),

  ranks: () => {
    const signal = tf.input({ shape: [6, 2] });
    const volume = l.inputLayer({ inputShape: [3, 3, 3, 1] }).inboundNodes[0]!.outputTensors[0]!;
    const a = call(l.globalAveragePooling1d(), call(l.conv1d({ filters: 3, kernelSize: 2 }), signal));
    const deep = call(l.conv3d({ filters: 2, kernelSize: 2 }), volume);
    const b = call(l.flatten(), call(l.conv3dTranspose({ filters: 1, kernelSize: 2 }), deep));
    return tf.model({
      inputs: [signal, volume],
      outputs: [call(l.dense({ units: 2 }), a), call(l.dense({ units: 1 }), call(l.concatenate(), b, a))],
    });
  },

  words: () =>
    tf.sequential({
      layers: [
        l.embedding({ inputDim: 4, outputDim: 3, inputLength: 5 }),
        l.lstm({ units: 2, returnSequences: true, dropout: 0.1, ...sigmoid }),
        l.simpleRNN({ units: 3, returnSequences: true }),
        l.gru({ units: 2, ...sigmoid }),
      ],
    }),

  wrapped: () => {
    const inner = tf.sequential({ layers: [l.dense({ units: 3, inputShape: [4] }), l.batchNormalization()] });
    const lstm = l.lstm({ units: 2, returnSequences: true, ...sigmoid });
    return tf.sequential({
      layers: [
        l.bidirectional({ layer: lstm, mergeMode: 'concat', inputShape: [4, 3] }),
        l.timeDistributed({ layer: inner as unknown as tf.LayersModel['layers'][number] }),
        l.timeDistributed({ layer: l.dense({ units: 2, useBias: false }) }),
        l.rnn({ cell: l.lstmCell({ units: 2, ...sigmoid }), returnSequences: true, goBackwards: true }),
        l.bidirectional({ layer: l.gru({ units: 2, ...sigmoid }), mergeMode: 'sum' }),
      ],
    });
  },

  stacked: () =>
    tf.sequential({
      layers: [
        l.dense({ units: 2, inputShape: [3, 2] }),
        l.rnn({ cell: [l.lstmCell({ units: 2, ...sigmoid }), l.simpleRNNCell({ units: 3 })] }),
        l.dense({ units: 2 }),
      ],
    }),

  films: () =>
    tf.sequential({
      layers: [
        l.convLstm2d({ filters: 2, kernelSize: 2, inputShape: [3, 4, 4, 1], ...sigmoid }),
        l.flatten(),
        l.dense({ units: 2 }),
      ],
    }),

  branches: () => {
    const [late, shared, early] = [l.dense({ units: 3 }), l.dense({ units: 4 }), l.dense({ units: 4 })];
    const [x, y] = [tf.input({ shape: [4] }), tf.input({ shape: [4] })];
    const a = call(early, x);
    const b = call(shared, call(shared, y));
    const c = call(l.add(), b, a);
    const d = call(l.batchNormalization(), b);
    const e = call(late, call(l.concatenate(), c, d, x));
    const f = call(l.dense({ units: 2 }), a);
    const g = call(l.dense({ units: 2 }), call(l.add(), call(l.dense({ units: 3 }), y), e));
    return tf.model({ inputs: [y, x], outputs: [f, e, g] });
  },

  nested: () => {
    const deepest = tf.sequential({ layers: [l.dense({ units: 3, inputShape: [3] }), l.batchNormalization()] });
    const x = tf.input({ shape: [3] });
    const sum = call(l.add(), call(deepest, call(l.dense({ units: 3 }), x)), call(l.dense({ units: 3 }), x));
    const middle = tf.model({ inputs: x, outputs: sum });
    const z = tf.input({ shape: [3] });
    const outer = tf.sequential({ layers: [middle, l.dense({ units: 2 })] });
    return tf.model({ inputs: z, outputs: [call(outer, z), call(middle, call(l.dense({ units: 3 }), z))] });
  },

  /** `self.first`, `self.part`, `self.blocks[0]`, … */
  subclassed: () => {
    const part = tf.sequential({
      name: 'part',
      layers: [l.dense({ units: 3, inputShape: [3] }), l.layerNormalization()],
    });
    return tf.sequential({
      layers: [
        l.dense({ units: 3, inputShape: [4], name: 'first' }),
        part,
        l.dense({ units: 4, name: 'blocks/0' }),
        l.dense({ units: 3, name: 'blocks/1' }),
        l.dense({ units: 2, name: 'last' }),
      ],
    });
  },

  generator: () => dense(5, 4),
  discriminator: () => dense(4, 1),
  policy: () => dense(5, 4),
  target: () => dense(5, 4),
};
