/** Recurrent layers, cells and ConvLSTM2D. tfjs's default recurrent activation (hard sigmoid) and Keras's (sigmoid). */
import * as tf from '@tensorflow/tfjs-node';
import { gru, gruCell } from '../../src/tfjs.js';
import { apply, applyAll, graph, type Rows, row } from './matrix-model.js';

const l = tf.layers;
const returnSequences = true;

export const RECURRENT: Rows = {
  simpleRNN: row([4, 3], n => [
    l.simpleRNN({ units: 3, returnSequences, ...n('a') }),
    l.simpleRNN({ units: 2, useBias: false, goBackwards: true, ...n('b') }),
  ]),
  gru: row([4, 3], n => [
    l.gru({ units: 3, returnSequences, ...n('a') }),
    l.gru({ units: 2, returnSequences, goBackwards: true, recurrentActivation: 'sigmoid', ...n('b') }),
    l.gru({ units: 2, useBias: false, ...n('c') }),
  ]),
  lstm: row([4, 3], n => [
    l.lstm({ units: 3, returnSequences, ...n('a') }),
    l.lstm({ units: 2, returnSequences, goBackwards: true, unitForgetBias: true, ...n('b') }),
    l.lstm({ units: 2, returnSequences, recurrentActivation: 'sigmoid', activation: 'tanh', ...n('c') }),
    l.lstm({ units: 2, useBias: false, ...n('d') }),
  ]),
  'lstm, not trainable': row([4, 3], n => [
    l.lstm({ units: 3, returnSequences, trainable: false, ...n('a') }),
    l.gru({ units: 2, ...n('b') }),
  ]),
  'recurrent layers with dropout': row([4, 3], n => [
    l.simpleRNN({ units: 2, returnSequences, dropout: 0.2, recurrentDropout: 0.3, ...n('a') }),
    l.gru({ units: 2, returnSequences, dropout: 0.2, recurrentDropout: 0.3, ...n('b') }),
    l.lstm({ units: 2, dropout: 0.2, recurrentDropout: 0.3, ...n('c') }),
  ]),
  'stateful recurrent layers': row({ batchInputShape: [2, 4, 3] }, n => [
    l.simpleRNN({ units: 2, returnSequences, stateful: true, ...n('a') }),
    l.gru({ units: 2, returnSequences, stateful: true, ...n('b') }),
    l.lstm({ units: 3, stateful: true, ...n('c') }),
  ]),
  'recurrent layers that return their states': graph([[4, 3]], (n, x) => [
    ...applyAll(l.simpleRNN({ units: 2, returnState: true, ...n('a') }), x),
    ...applyAll(l.gru({ units: 3, returnState: true, returnSequences, ...n('b') }), x),
    ...applyAll(l.lstm({ units: 2, returnState: true, ...n('c') }), x),
  ]),
  'lstm with an initial state': graph([[4, 3]], (n, x) => {
    const [y, h, c] = applyAll(l.lstm({ units: 2, returnState: true, returnSequences, ...n('a') }), x) as [
      tf.SymbolicTensor,
      tf.SymbolicTensor,
      tf.SymbolicTensor,
    ];
    return applyAll(l.lstm({ units: 2, ...n('b') }), y, { initialState: [h, c] });
  }),
  'rnn of one cell': row([4, 3], n => [
    l.rnn({ cell: l.simpleRNNCell({ units: 3, ...n('ca') }), returnSequences, ...n('a') }),
    l.rnn({ cell: l.gruCell({ units: 2, ...n('cb') }), returnSequences, goBackwards: true, ...n('b') }),
    l.rnn({ cell: l.lstmCell({ units: 2, useBias: false, ...n('cc') }), ...n('c') }),
  ]),
  'rnn of many cells': row([4, 3], n => [
    l.rnn({
      cell: [
        l.lstmCell({ units: 3, ...n('ca') }),
        l.gruCell({ units: 2, ...n('cb') }),
        l.simpleRNNCell({ units: 4, ...n('cc') }),
      ],
      returnSequences,
      ...n('a'),
    }),
    l.rnn({ cell: [l.lstmCell({ units: 2, ...n('cd') })] as never, ...n('b') }),
  ]),
  'rnn of a stacked cell': row([4, 3], n => [
    l.rnn({
      cell: l.stackedRNNCells({
        cells: [l.gruCell({ units: 3, ...n('ca') }), l.gruCell({ units: 2, ...n('cb') })],
        ...n('s'),
      }),
      ...n('a'),
    }),
  ]),
  'cells, layers and wrapped layers of one class': row([4, 3], n => [
    l.lstm({ units: 2, returnSequences, ...n('a') }),
    l.rnn({ cell: l.lstmCell({ units: 2, ...n('cb') }), returnSequences, ...n('b') }),
    l.bidirectional({ layer: l.lstm({ units: 2, returnSequences, ...n('ic') }) as never, mergeMode: 'sum', ...n('c') }),
    l.rnn({ cell: l.lstmCell({ units: 2, ...n('cd') }), returnSequences, ...n('d') }),
    l.lstm({ units: 2, ...n('e') }),
  ]),
  convLstm2d: row([3, 4, 4, 2], n => [
    l.convLstm2d({ filters: 2, kernelSize: 2, returnSequences, ...n('a') }),
    l.convLstm2d({ filters: 3, kernelSize: [1, 2], padding: 'same', useBias: false, ...n('b') }),
  ]),
  'convLstm2d, backwards, with dropout': row([3, 4, 4, 1], n => [
    l.convLstm2d({
      filters: 2,
      kernelSize: 2,
      strides: 2,
      goBackwards: true,
      dropout: 0.1,
      recurrentDropout: 0.1,
      unitForgetBias: true,
      ...n('a'),
    }),
  ]),
  'convLstm2d, channels first': row(
    [3, 2, 4, 4],
    n => [l.convLstm2d({ filters: 2, kernelSize: 2, dataFormat: 'channelsFirst', ...n('a') })],
    { filesOnly: 'TensorFlow cannot run channels first on a CPU' },
  ),
  'a recurrent layer used twice': graph([[4, 3]], (n, x) => {
    const layer = l.gru({ units: 3, returnSequences, ...n('a') });
    return apply(l.add(n('sum')), [apply(layer, x), apply(layer, apply(layer, x))]);
  }),
  'gru, reset after': row([4, 3], n => [
    gru({ units: 3, returnSequences, ...n('a') }),
    gru({
      units: 2,
      returnSequences,
      goBackwards: true,
      recurrentActivation: 'hardSigmoid',
      activation: 'relu',
      ...n('b'),
    }),
    gru({ units: 1, returnSequences, trainable: false, implementation: 1, ...n('c') }),
    gru({ units: 2, returnSequences, dropout: 0.2, recurrentDropout: 0.3, ...n('d') }),
    gru({ units: 2, returnSequences, resetAfter: false, ...n('e') }),
    gru({ units: 2, useBias: false, ...n('f') }),
  ]),
  'gru, reset after, with regularizers, constraints and initializers': row([4, 3], n => [
    gru({
      units: 3,
      unroll: true,
      kernelInitializer: 'heNormal',
      recurrentInitializer: 'glorotNormal',
      biasInitializer: 'ones',
      kernelRegularizer: 'l1l2',
      recurrentRegularizer: tf.regularizers.l2({ l2: 0.02 }),
      biasRegularizer: tf.regularizers.l1({ l1: 0.03 }),
      kernelConstraint: 'maxNorm',
      recurrentConstraint: 'unitNorm',
      biasConstraint: 'nonNeg',
      ...n('a'),
    }),
  ]),
  'gru, reset after, stateful': row({ batchInputShape: [2, 4, 3] }, n => [
    gru({ units: 2, returnSequences, stateful: true, ...n('a') }),
    gru({ units: 3, stateful: true, ...n('b') }),
  ]),
  'gru, reset after, with states and masks': graph([[4, 3]], (n, x) => {
    const masked = apply(l.masking({ maskValue: 0, ...n('m') }), x);
    const states = applyAll(gru({ units: 3, returnState: true, returnSequences, ...n('a') }), masked);
    return applyAll(gru({ units: 3, ...n('b') }), states[0]!, { initialState: [states[1]!] });
  }),
  'gru cells, reset after': row([4, 3], n => [
    l.rnn({ cell: gruCell({ units: 2, ...n('ca') }), returnSequences, goBackwards: true, ...n('a') }),
    l.rnn({
      cell: [
        gruCell({ units: 3, ...n('cb') }),
        l.lstmCell({ units: 4, ...n('cc') }),
        gruCell({ units: 2, ...n('cd') }),
      ],
      returnSequences,
      ...n('b'),
    }),
    l.rnn({ cell: l.stackedRNNCells({ cells: [gruCell({ units: 2, ...n('ce') })], ...n('s') }), ...n('c') }),
  ]),
  'gru, reset after, in wrappers': graph([[2, 4, 3]], (n, x) => {
    const each = l.timeDistributed({
      layer: l.bidirectional({ layer: gru({ units: 2, ...n('ia') }) as never, mergeMode: 'concat', ...n('b') }),
      ...n('t'),
    });
    const both = l.bidirectional({
      layer: gru({ units: 3, returnSequences, ...n('ib') }) as never,
      mergeMode: 'mul',
      ...n('c'),
    });
    return apply(both, apply(each, x));
  }),
};
