/** Bidirectional in all merge modes over all recurrent layers, and TimeDistributed over layers, models and wrappers. */
import * as tf from '@tensorflow/tfjs-node';
import { applyAll, graph, type Layer, type Naming, type Rows, row } from './matrix-model.js';

const l = tf.layers;
const returnSequences = true;

/** Not RNN: tfjs cannot make a Bidirectional over one (its fromConfig changes the configuration it is given). */
const RECURRENT: Readonly<Record<string, (n: Naming, sequences?: boolean) => Layer>> = {
  lstm: (n, sequences = true) => l.lstm({ units: 2, returnSequences: sequences, ...n('inner') }),
  gru: (n, sequences = true) => l.gru({ units: 2, returnSequences: sequences, ...n('inner') }),
  simpleRNN: (n, sequences = true) =>
    l.simpleRNN({ units: 2, useBias: false, returnSequences: sequences, ...n('inner') }),
};

type MergeMode = 'concat' | 'sum' | 'ave' | 'mul';

function bidirectional(n: Naming, name: string, layer: Layer, mergeMode?: MergeMode | null): Layer {
  return l.bidirectional({
    layer: layer as never,
    ...(mergeMode === undefined ? {} : { mergeMode: mergeMode as never }),
    ...n(name),
  });
}

const MERGED: Rows = Object.fromEntries(
  Object.entries(RECURRENT).flatMap(([kind, inner]) => [
    [
      `bidirectional ${kind}`,
      row([4, 3], n => [
        bidirectional(n, 'a', inner(n)),
        bidirectional(n, 'b', inner(n), 'sum'),
        bidirectional(n, 'c', inner(n), 'ave'),
        bidirectional(n, 'd', inner(n), 'mul'),
        bidirectional(n, 'e', inner(n, false), 'concat'),
      ]),
    ],
    [
      `bidirectional ${kind}, not merged`,
      graph([[4, 3]], (n, x) => applyAll(bidirectional(n, 'a', inner(n), null), x)),
    ],
  ]),
);

const DISTRIBUTED: Rows = {
  'timeDistributed dense': row([3, 4], n => [
    l.timeDistributed({ layer: l.dense({ units: 3, ...n('ia') }), ...n('a') }),
    l.timeDistributed({ layer: l.activation({ activation: 'relu', ...n('ib') }), ...n('b') }),
    l.timeDistributed({ layer: l.dense({ units: 2, useBias: false, ...n('ic') }), ...n('c') }),
    l.dense({ units: 2, ...n('d') }),
  ]),
  'timeDistributed conv2d': row([3, 5, 5, 2], n => [
    l.timeDistributed({ layer: l.conv2d({ filters: 2, kernelSize: 2, ...n('ia') }), ...n('a') }),
    l.timeDistributed({ layer: l.batchNormalization(n('ib')), ...n('b') }),
    l.timeDistributed({ layer: l.flatten(n('ic')), ...n('c') }),
    l.lstm({ units: 2, ...n('d') }),
  ]),
  'timeDistributed sequential': row([3, 4], n => [
    l.timeDistributed({
      layer: tf.sequential({
        layers: [
          l.dense({ units: 3, inputShape: [4], ...n('ia') }),
          l.batchNormalization(n('ib')),
          l.dense({ units: 2, ...n('ic') }),
        ],
        ...n('i'),
      }),
      ...n('a'),
    }),
    l.timeDistributed({ layer: l.dense({ units: 2, ...n('id') }), ...n('b') }),
  ]),
  'timeDistributed functional': row([3, 4], n => [
    l.timeDistributed({ layer: functional(n), ...n('a') }),
    l.dense({ units: 2, ...n('b') }),
  ]),
  'timeDistributed lstm': row([3, 4, 2], n => [
    l.timeDistributed({ layer: l.lstm({ units: 2, ...n('ia') }), ...n('a') }),
    l.timeDistributed({ layer: l.dense({ units: 2, ...n('ib') }), ...n('b') }),
  ]),
  'timeDistributed bidirectional': row([3, 4, 2], n => [
    l.timeDistributed({ layer: bidirectional(n, 'ia', RECURRENT.gru!(n, false)), ...n('a') }),
    l.timeDistributed({ layer: l.dense({ units: 2, ...n('ib') }), ...n('b') }),
  ]),
  'timeDistributed of timeDistributed': row([2, 3, 4], n => [
    l.timeDistributed({
      layer: l.timeDistributed({ layer: l.dense({ units: 2, ...n('iia') }), ...n('ia') }),
      ...n('a'),
    }),
  ]),
  'wrappers, not trainable': row([3, 4], n => [
    l.timeDistributed({ layer: l.dense({ units: 3, ...n('ia') }), trainable: false, ...n('a') }),
    l.bidirectional({ layer: l.lstm({ units: 2, returnSequences, ...n('ib') }) as never, trainable: false, ...n('b') }),
    l.dense({ units: 2, ...n('c') }),
  ]),
  'a bidirectional layer that goes backwards': row([3, 4], n => [
    bidirectional(n, 'a', l.lstm({ units: 2, goBackwards: true, ...n('ia') })),
  ]),
};

function functional(n: Naming): tf.LayersModel {
  const x = tf.input({ shape: [4], name: 'x' });
  const y = l.dense({ units: 3, ...n('ia') }).apply(x) as tf.SymbolicTensor;
  return tf.model({ inputs: x, outputs: l.dense({ units: 2, ...n('ib') }).apply(y) as tf.SymbolicTensor, ...n('i') });
}

export const WRAPPERS: Rows = { ...MERGED, ...DISTRIBUTED };
