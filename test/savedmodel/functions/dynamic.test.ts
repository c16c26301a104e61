/** Functions traced with null dimensions equal themselves at sizes that were never traced. */
import * as tf from '@tensorflow/tfjs-node';
import { it } from 'vitest';
import { type Check, expectAtUnseen } from './unseen.js';

const weights = (...shape: number[]) =>
  tf.variable<tf.Rank.R4>(tf.randomNormal(shape as [number, number, number, number]));
const w34 = weights(3, 4);
const k33 = weights(3, 3, 3, 4);
const k22 = weights(2, 2, 4, 3);
const image = [null, null, null, 3] as const;
const IMAGES = [
  [1, 17, 12],
  [4, 25, 40],
  [2, 33, 34],
];

const cases: Record<string, Check> = {
  dense: { inputs: [[null, 3]], fn: x => x!.matMul(w34).add(1).relu(), unseen: [[1], [8], [100]] },
  flatten: {
    inputs: [[null, null, 3]],
    fn: x => x!.reshape([x!.shape[0]!, -1]),
    unseen: [
      [1, 1],
      [8, 20],
    ],
  },
  'flatten by hand': {
    inputs: [[null, null, 3]],
    fn: x =>
      x!
        .reshape([x!.shape[0]! * x!.shape[1]!, 3])
        .matMul(w34)
        .reshape([x!.shape[0]!, x!.shape[1]!, 4]),
    unseen: [
      [1, 1],
      [8, 20],
    ],
  },
  'conv same': { inputs: [image], fn: x => tf.conv2d(x as tf.Tensor4D, k33, 1, 'same'), unseen: IMAGES },
  'conv valid, strides': { inputs: [image], fn: x => tf.conv2d(x as tf.Tensor4D, k33, 2, 'valid'), unseen: IMAGES },
  'conv dilated': { inputs: [image], fn: x => tf.conv2d(x as tf.Tensor4D, k33, 1, 'valid', 'NHWC', 2), unseen: IMAGES },
  pools: {
    inputs: [image],
    fn: x => [tf.maxPool(x as tf.Tensor4D, 2, 2, 'valid'), tf.avgPool(x as tf.Tensor4D, 3, 2, 'same')],
    unseen: IMAGES,
  },
  'conv, pool, flatten to [b, h·w, c]': {
    inputs: [image],
    fn: x => {
      const y = tf.maxPool(tf.conv2d(x as tf.Tensor4D, k33, 1, 'same'), 2, 2, 'valid');
      const [b, h, w, c] = y.shape;
      return y.reshape([b, h * w, c]);
    },
    unseen: IMAGES,
  },
  'transposed conv': {
    inputs: [image],
    fn: x =>
      tf.conv2dTranspose(
        x as tf.Tensor4D,
        tf.ones([3, 3, 5, 3]),
        [x!.shape[0]!, x!.shape[1]! * 2, x!.shape[2]! * 2, 5],
        2,
        'same',
      ),
    unseen: IMAGES,
  },
  'transposed conv valid': {
    inputs: [image],
    fn: x =>
      tf.conv2dTranspose(
        x as tf.Tensor4D,
        tf.ones([3, 3, 5, 3]),
        [x!.shape[0]!, (x!.shape[1]! - 1) * 2 + 3, (x!.shape[2]! - 1) * 2 + 3, 5],
        2,
        'valid',
      ),
    unseen: IMAGES,
  },
  resize: {
    inputs: [image],
    fn: x => [
      tf.image.resizeBilinear(x as tf.Tensor4D, [2 * x!.shape[1]!, 2 * x!.shape[2]!]),
      tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [7, 9]),
      tf.image.resizeBilinear(x as tf.Tensor4D, [Math.floor(x!.shape[1]! / 2), Math.round(x!.shape[2]! * 0.75)]),
    ],
    unseen: IMAGES,
  },
  'global pools': {
    inputs: [image],
    fn: x => [x!.mean([1, 2]), x!.max([1, 2]), tf.avgPool(x as tf.Tensor4D, [x!.shape[1]!, x!.shape[2]!], 1, 'valid')],
    unseen: IMAGES,
  },
  'mean by hand': {
    inputs: [image],
    fn: x => [
      x!.sum([1, 2]).div(x!.shape[1]! * x!.shape[2]!),
      x!.sum([1, 2]).mul(1 / (x!.shape[1]! * x!.shape[2]!)),
      x!.mul(Math.sqrt(x!.shape[1]!)).div(tf.scalar(Math.log(x!.shape[2]! + 1))),
      x!
        .sub(x!.mean())
        .square()
        .sum()
        .div(x!.size - 1),
    ],
    unseen: IMAGES,
  },
  'layer normalization': {
    inputs: [[null, null, 3]],
    fn: x => {
      const { mean, variance } = tf.moments(x!, -1, true);
      return x!.sub(mean).div(variance.add(1e-3).sqrt());
    },
    unseen: [
      [1, 1],
      [8, 20],
    ],
  },
  attention: {
    inputs: [[null, null, 4]],
    fn: x => {
      const [b, t, c] = x!.shape as [number, number, number];
      const heads = (y: tf.Tensor) => y.reshape([b, t, 2, c / 2]).transpose([0, 2, 1, 3]);
      const [q, k, v] = [heads(x!), heads(x!.mul(2)), heads(x!.add(1))];
      const scores = tf.matMul(q!, k!, false, true).div(Math.sqrt(c / 2));
      const causal = tf.linalg.bandPart(tf.ones([t, t]), -1, 0);
      const masked = scores.add(tf.sub(1, causal).mul(-1e9));
      return tf.matMul(tf.softmax(masked), v!).transpose([0, 2, 1, 3]).reshape([b, t, c]);
    },
    unseen: [
      [1, 1],
      [8, 20],
      [3, 3],
    ],
  },
  'attention with a mask from range': {
    inputs: [[null, null, 4]],
    fn: x => {
      const t = x!.shape[1]!;
      const i = tf.range(0, t, 1, 'int32');
      const mask = i.expandDims(1).greaterEqual(i.expandDims(0));
      const scores = tf.matMul(x!, x!, false, true);
      return tf.matMul(tf.softmax(tf.where(mask, scores, tf.fill(scores.shape, -1e9))), x!);
    },
    unseen: [
      [1, 1],
      [8, 20],
      [3, 3],
    ],
  },
  'masks from JavaScript': {
    inputs: [[null, null]],
    fn: x => {
      const [b, t] = x!.shape as [number, number];
      const causal = Array.from({ length: t }, (_, i) => Array.from({ length: t }, (_, j) => (j > i ? -1e9 : 0)));
      return [
        tf.tensor2d(causal),
        tf.tensor1d(Array.from({ length: t }, (_, i) => i / t)),
        tf.tensor2d(
          Array.from({ length: t }, (_, i) => [i, 2 * i + 1]),
          [t, 2],
          'int32',
        ),
        tf.tensor1d(Array.from({ length: t }, (_, i) => (i === t - 1 ? 1 : 0))),
        tf.ones([b, t, 2]),
        tf.eye(t),
        tf.eye(t, t + 2, [b] as never),
        tf.tensor2d(
          Array.from({ length: b * t }, (_, i) => i),
          [b, t],
        ),
      ];
    },
    unseen: [
      [4, 4],
      [8, 20],
      [3, 17],
    ],
  },
  'tile, concat, pad, slice': {
    inputs: [[null, null, 3]],
    fn: x => {
      const [b, t] = x!.shape as [number, number];
      return [
        tf.tile(tf.ones([1, 1, 2]), [b, t, 1]).concat(x!, 2),
        x!.pad([
          [0, 0],
          [t, 2 * t + 1],
          [1, 0],
        ]),
        x!.slice([0, 1], [b, t - 1]),
        x!.slice([0, 0], [-1, t - 1]),
        x!.slice([0, t - 1], [b, 1]),
        x!.slice([0, t - 2], [b, 1]),
        tf.zeros([b, 1, 3]).concat(x!, 1),
        x!.pad([
          [0, 0],
          [0, (4 - (t % 4)) % 4],
          [0, 0],
        ]),
        x!.stridedSlice([0, 0, 0], [b, t, 3], [1, 2, 1]),
      ];
    },
    unseen: [
      [1, 2],
      [8, 20],
      [3, 17],
      [2, 40],
    ],
  },
  'one-hot, gather, cumsum, reverse, top': {
    inputs: [{ shape: [null, null], dtype: 'int32' }],
    fn: x => [
      tf.oneHot(x as tf.Tensor2D, x!.shape[1]! + 3),
      tf.gather(w34, x as tf.Tensor2D),
      x!.cumsum(1),
      x!.reverse(1),
      x!.argMax(1),
    ],
    unseen: [
      [1, 1],
      [8, 20],
    ],
  },
  'two inputs': {
    inputs: [
      [null, 4],
      [null, 4],
    ],
    fn: (a, b) => tf.matMul(a!, b!, false, true).div(a!.shape[0]! + b!.shape[0]!),
    unseen: [
      [1, 1],
      [8, 20],
      [20, 8],
    ],
  },
  'two inputs of one batch': {
    inputs: [
      [null, 4],
      [null, 2],
    ],
    fn: (a, b) => tf.concat([a!, b!], 1),
    unseen: [
      [1, 1],
      [8, 8],
    ],
  },
  'batch statistics': {
    inputs: [image],
    fn: x => {
      const { mean, variance } = tf.moments(x!, [0, 1, 2]);
      return tf.batchNorm(x!, mean as tf.Tensor1D, variance as tf.Tensor1D);
    },
    unseen: IMAGES,
  },
  'last of unstacked': { inputs: [[3, null, 2]], fn: x => tf.unstack(x!, 1).at(-1), unseen: [[1], [8]] },
  'split in half': {
    inputs: [[null, 2]],
    fn: x =>
      x!
        .pad([
          [0, x!.shape[0]!],
          [0, 0],
        ])
        .split(2),
    unseen: [[1], [8]],
  },
  'space to depth': {
    inputs: [[null, null, null, 3]],
    fn: x => {
      const [b, h, w, c] = x!.shape as [number, number, number, number];
      return x!
        .reshape([b, h / 2, 2, w / 2, 2, c])
        .transpose([0, 1, 3, 2, 4, 5])
        .reshape([b, h / 2, w / 2, 4 * c]);
    },
    unseen: [
      [1, 2, 4],
      [3, 10, 22],
    ],
  },
  'patches of 16': {
    inputs: [[null, null, null, 3]],
    fn: x => {
      const [b, h, w] = x!.shape as [number, number, number];
      if (h % 16 || w % 16) throw new Error('sizes must be multiples of 16');
      return x!
        .reshape([b, h / 16, 16, w / 16, 48])
        .transpose([0, 1, 3, 2, 4])
        .reshape([b, (h * w) / 256, 768]);
    },
    unseen: [
      [1, 16, 16],
      [3, 32, 64],
    ],
  },
  'unused transposed': {
    inputs: [image],
    fn: x => tf.conv2d(tf.conv2d(x as tf.Tensor4D, k33, 1, 'same'), k22, 2, 'valid'),
    unseen: IMAGES,
  },
};

for (const [name, check] of Object.entries(cases)) it(name, () => void expectAtUnseen(check));
