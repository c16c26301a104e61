/**
 * Models in models, layers used twice, several inputs and outputs, branches, and layers that are made in another order.
 */
import * as tf from '@tensorflow/tfjs-node';
import { apply, graph, type Naming, type Rows, row } from './matrix-model.js';

const l = tf.layers;

function inner(n: Naming, prefix: string, units: number): tf.Sequential {
  return tf.sequential({
    layers: [
      l.dense({ units: 3, inputShape: [4], ...n(`${prefix}1`) }),
      l.batchNormalization(n(`${prefix}2`)),
      l.dense({ units, ...n(`${prefix}3`) }),
    ],
    ...n(prefix),
  });
}

function deep(n: Naming): tf.LayersModel {
  const x = tf.input({ shape: [4], name: 'dx' });
  const once = apply(inner(n, 'core', 4), apply(l.dense({ units: 4, ...n('d1') }), x));
  const middle = tf.model({ inputs: x, outputs: apply(l.dense({ units: 4, ...n('d2') }), once), ...n('middle') });
  return tf.sequential({
    layers: [l.inputLayer({ inputShape: [4], name: 'sx' }), middle, l.dense({ units: 3, ...n('d3') })],
    ...n('outer'),
  });
}

export const NESTING: Rows = {
  'a layer used twice': graph([[4]], (n, x) => {
    const dense = l.dense({ units: 4, ...n('twice') });
    return apply(
      l.dense({ units: 2, ...n('end') }),
      apply(l.add(n('sum')), [apply(dense, x), apply(dense, apply(dense, x))]),
    );
  }),
  'a model used twice': graph([[4], [4]], (n, x, y) => {
    const model = inner(n, 'core', 2);
    return apply(
      l.dense({ units: 2, ...n('end') }),
      apply(l.concatenate(n('join')), [apply(model, x!), apply(model, y!)]),
    );
  }),
  'models nested three deep': graph([[4]], (n, x) => [
    apply(l.dense({ units: 2, ...n('head') }), apply(deep(n), apply(l.dense({ units: 4, ...n('first') }), x))),
  ]),
  'a sequential of sequentials': row([4], n => [
    inner(n, 'one', 4),
    inner(n, 'two', 4),
    l.dense({ units: 1, ...n('end') }),
  ]),
  'a nested model whose layers are not trainable': graph([[4]], (n, x) => {
    const model = inner(n, 'core', 3);
    model.trainable = false;
    return apply(l.dense({ units: 2, ...n('end') }), apply(model, x));
  }),
  'many inputs and outputs': graph([[4], [5], [3, 2]], (n, a, b, c) => {
    const one = apply(l.dense({ units: 3, ...n('a') }), a!);
    const two = apply(l.dense({ units: 3, ...n('b') }), b!);
    const three = apply(l.gru({ units: 3, ...n('c') }), c!);
    const joined = apply(l.average(n('join')), [one, two, three]);
    return [
      apply(l.dense({ units: 1, ...n('first') }), joined),
      apply(l.dense({ units: 2, ...n('second') }), two),
      joined,
    ];
  }),
  'branches made in another order than they are used': graph([[4]], (n, x) => {
    const last = l.dense({ units: 2, ...n('last') });
    const left = [
      l.dense({ units: 3, ...n('l1') }),
      l.dense({ units: 3, ...n('l2') }),
      l.dense({ units: 3, ...n('l3') }),
    ];
    const right = l.dense({ units: 3, ...n('r1') });
    const joined = apply(l.add(n('sum')), [left.reduce((value, layer) => apply(layer, value), x), apply(right, x)]);
    return apply(last, joined);
  }),
  'wrapped layers and cells made before others of their class, and used after them': graph([[3, 4]], (n, x) => {
    const wrapped = l.dense({ units: 4, ...n('i') });
    const cell = l.lstmCell({ units: 4, ...n('c') });
    const recurrent = l.lstm({ units: 4, ...n('r') });
    let y = apply(l.rnn({ cell: l.lstmCell({ units: 4, ...n('c2') }), returnSequences: true, ...n('b') }), x);
    y = apply(l.dense({ units: 4, ...n('a') }), y);
    y = apply(l.timeDistributed({ layer: wrapped, ...n('d') }), y);
    y = apply(l.rnn({ cell, returnSequences: true, ...n('e') }), y);
    y = apply(l.lstm({ units: 4, returnSequences: true, ...n('f') }), y);
    return apply(l.bidirectional({ layer: recurrent, mergeMode: 'ave' as never, ...n('g') }), y);
  }),
  'layers of one class inside and outside, the outer ones made first': graph([[4]], (n, x) => {
    const before = apply(l.dense({ units: 4, ...n('before') }), x);
    const after = l.dense({ units: 2, ...n('after') });
    return apply(after, apply(inner(n, 'core', 3), before));
  }),
  'a model with a layer without weights in front of each layer that has some': row([4, 4, 1], n => [
    l.dropout({ rate: 0.1, ...n('w1') }),
    l.conv2d({ filters: 2, kernelSize: 2, ...n('a') }),
    l.reLU({ maxValue: 6, ...n('w2') }),
    l.flatten(n('w3')),
    l.dense({ units: 2, ...n('b') }),
    l.softmax(n('w4')),
  ]),
  'more than ten layers with weights': row([3], n =>
    Array.from({ length: 12 }, (_, i) => l.dense({ units: 3, useBias: i % 2 === 0, ...n(`d${i}`) })),
  ),
};
