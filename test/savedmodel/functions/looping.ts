/** Programs with loops over the time, axis 1 of a tensor [batch, time, 3], by name, with the number of their loops. */
import * as tf from '@tensorflow/tfjs-node';
import { gru } from '../../../src/layers/gru.js';

export type Layer = tf.layers.Layer;

export const layers: [string, number, () => Layer | Layer[]][] = [
  ['simpleRNN', 1, () => tf.layers.simpleRNN({ units: 4 })],
  ['lstm', 1, () => tf.layers.lstm({ units: 4, returnSequences: true })],
  ['lstm with dropout', 1, () => tf.layers.lstm({ units: 4, dropout: 0.5, recurrentDropout: 0.5 })],
  ['gru, backwards', 1, () => tf.layers.gru({ units: 4, returnSequences: true, goBackwards: true })],
  ['gru of Keras', 1, () => gru({ units: 4, returnSequences: true })],
  ['returnState', 1, () => tf.layers.lstm({ units: 4, returnSequences: true, returnState: true })],
  ['masking', 1, () => [tf.layers.masking({ maskValue: 0 }), tf.layers.lstm({ units: 4 })]],
  ['masking, gru', 1, () => [tf.layers.masking({ maskValue: 0 }), gru({ units: 4, returnSequences: true })]],
  ['stacked', 2, () => [tf.layers.lstm({ units: 4, returnSequences: true }), tf.layers.gru({ units: 2 })]],
  [
    'the same layer twice',
    2,
    () => {
      const layer = tf.layers.simpleRNN({ units: 3, returnSequences: true });
      return [layer, layer];
    },
  ],
  [
    'stacked cells',
    1,
    () => tf.layers.rnn({ cell: [tf.layers.lstmCell({ units: 4 }), tf.layers.gruCell({ units: 2 })] as never }),
  ],
  ['timeDistributed', 1, () => tf.layers.timeDistributed({ layer: tf.layers.dense({ units: 2 }) })],
  ...(['concat', 'sum', 'ave', 'mul'] as const).map((mergeMode): [string, number, () => Layer] => [
    `bidirectional, ${mergeMode}`,
    2,
    () =>
      tf.layers.bidirectional({ layer: tf.layers.simpleRNN({ units: 4, returnSequences: true }) as never, mergeMode }),
  ]),
];

/** Of the steps of programs. */
export const w = tf.variable(tf.randomNormal([3, 3], 0, 0.5, 'float32', 1), true, 'w');
const step = (h: tf.Tensor, x: tf.Tensor): tf.Tensor => tf.tanh(h.matMul(w as unknown as tf.Tensor2D).add(x));
// A copy: TensorFlow.js keeps the array for its gradients, which are wrong if a program turns it round.
export const parts = (x: tf.Tensor, axis = 1): tf.Tensor[] => [...tf.unstack(x, axis)];
const first = (x: tf.Tensor): tf.Tensor => x.slice([0, 0, 0], [-1, 1, -1]).reshape([-1, 3]);

export const programs: [string, number, (x: tf.Tensor) => tf.TensorContainer][] = [
  ['parts', 1, x => parts(x).reduce(step, first(x))],
  ['parts from the last to the first', 1, x => parts(x).reverse().reduce(step, first(x))],
  ['the first part begins', 1, x => parts(x).reduce(step)],
  ['all but the first and last', 1, x => parts(x).slice(1, -1).reduce(step, first(x))],
  [
    'every value is collected',
    1,
    x => {
      const all: tf.Tensor[] = [];
      parts(x).reduce((h, part) => {
        all.push(step(h, part));
        return all.at(-1)!;
      }, first(x));
      return tf.stack(all, 1);
    },
  ],
  [
    'collected in reverse, concatenated, and added up',
    1,
    x => {
      const all = parts(x).map(part => tf.tanh(part));
      return [tf.stack([...all].reverse()), tf.concat(all, 1), tf.addN(all)];
    },
  ],
  [
    'the first is another',
    1,
    x => {
      const all = [first(x).mul(2)];
      for (const part of parts(x)) all.push(step(all.at(-1)!, part));
      return tf.stack(all, 1);
    },
  ],
  [
    'two loops over lists',
    2,
    x => {
      const all = parts(x).map(part => tf.sigmoid(part));
      return all.reduce(step, first(x));
    },
  ],
  [
    'slices',
    1,
    x => {
      let h = first(x);
      for (let t = 0; t < x.shape[1]!; t++) h = step(h, x.slice([0, t, 0], [-1, 1, -1]).reshape([-1, 3]));
      return h;
    },
  ],
  [
    'gather',
    1,
    x => {
      let h = first(x);
      for (let t = x.shape[1]! - 1; t >= 0; t--) h = step(h, x.gather(tf.tensor1d([t], 'int32'), 1).reshape([-1, 3]));
      return h;
    },
  ],
  ['split', 1, x => tf.split(x, x.shape[1]!, 1).reduce((h, part) => step(h, part.reshape([-1, 3])), first(x))],
  [
    'windows',
    1,
    x => {
      const all = [];
      for (let t = 0; t + 1 < x.shape[1]!; t++) all.push(x.slice([0, t, 0], [-1, 2, -1]).mean(1));
      return tf.stack(all);
    },
  ],
  [
    'n refinements',
    1,
    x => {
      let h = x;
      for (let t = 0; t < x.shape[1]!; t++) h = h.sub(h.square().sub(2).div(h.abs().add(1)).mul(0.1));
      return h;
    },
  ],
  [
    'the number of the step counts',
    1,
    x => {
      let h = first(x);
      for (let t = 0; t < x.shape[1]!; t++) h = h.mul(0.5).add(t);
      return h;
    },
  ],
  [
    'differences between neighbours',
    1,
    x => {
      const all = parts(x);
      return tf.stack(
        all.slice(1).map((part, t) => part.sub(all[t]!)),
        1,
      );
    },
  ],
  [
    'two steps back',
    1,
    x => {
      let [a, b] = [first(x), first(x).mul(2)];
      for (const part of parts(x)) [a, b] = [b, tf.tanh(a.add(part))];
      return b;
    },
  ],
  [
    'something grows',
    1,
    x => {
      let all = first(x).expandDims(1);
      for (const part of parts(x)) all = tf.concat([all, part.add(all.mean(1)).expandDims(1)], 1);
      return all;
    },
  ],
  [
    'a loop of fixed length in it, and one before',
    1,
    x => {
      let h = first(x);
      for (let i = 0; i < 3; i++) h = step(h, h);
      for (const part of parts(x)) for (let i = 0; i < 2; i++) h = step(h, part);
      return h;
    },
  ],
  [
    'a loop in a loop',
    1,
    x => {
      let h = first(x);
      for (const part of parts(x)) for (const other of parts(x)) h = step(h, other.mul(part));
      return h;
    },
  ],
  [
    'loops in two dimensions by numbers',
    1,
    x => {
      let h = first(x);
      for (let t = 0; t < x.shape[1]!; t++)
        for (let s = 0; s < x.shape[1]!; s++)
          h = step(
            h,
            x
              .slice([0, s, 0], [-1, 1, -1])
              .reshape([-1, 3])
              .mul(t + 1),
          );
      return h;
    },
  ],
  [
    'attention over all steps, one after another',
    1,
    x => {
      const queries = parts(x);
      return tf.stack(
        queries.map(q =>
          tf
            .softmax(x.matMul(q.expandDims(2)).squeeze([2]))
            .expandDims(2)
            .mul(x)
            .sum(1),
        ),
        1,
      );
    },
  ],
];

/** A model of these layers for [batch, time, 3]. */
export function modelOf(made: Layer | Layer[]): tf.LayersModel {
  const input = tf.input({ shape: [null, 3] });
  const through = (value: tf.SymbolicTensor, layer: Layer): tf.SymbolicTensor =>
    layer.apply(value) as tf.SymbolicTensor;
  return tf.model({ inputs: input, outputs: [made].flat().reduce(through, input) });
}
