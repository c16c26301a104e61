/** At least one function for each operation of TensorFlow that tfjs-node executes. */
import * as tf from '@tensorflow/tfjs-node';

export interface Case {
  readonly name: string;
  readonly inputs: readonly tf.Tensor[];
  readonly fn: (...inputs: tf.Tensor[]) => tf.Tensor | tf.Tensor[];
  /** Whether values differ from call to call: then only shapes are compared. */
  readonly random?: boolean;
}

/** By name. */
const ops: typeof tf = tf;

/** Values between -1 and 1, the same ones in every run. */
function values(...shape: number[]): tf.Tensor {
  return tf.tensor(
    Array.from({ length: tf.util.sizeFromShape(shape) }, (_, i) => Math.sin(i * 1.7 + 0.3)),
    shape,
  );
}

function positive(...shape: number[]): tf.Tensor {
  return tf.tidy(() =>
    values(...shape)
      .abs()
      .add(0.1),
  );
}

type Unary =
  | 'abs'
  | 'acos'
  | 'asin'
  | 'asinh'
  | 'atan'
  | 'atanh'
  | 'ceil'
  | 'cos'
  | 'cosh'
  | 'elu'
  | 'erf'
  | 'exp'
  | 'expm1';
type More =
  | 'floor'
  | 'isFinite'
  | 'isInf'
  | 'isNaN'
  | 'leakyRelu'
  | 'neg'
  | 'relu'
  | 'relu6'
  | 'round'
  | 'selu'
  | 'sigmoid'
  | 'sign'
  | 'sin'
  | 'sinh'
  | 'softplus'
  | 'square'
  | 'tan'
  | 'tanh'
  | 'onesLike'
  | 'zerosLike'
  | 'softmax'
  | 'logSoftmax'
  | 'step';
const UNARY: readonly (Unary | More)[] = [
  'abs',
  'acos',
  'asin',
  'asinh',
  'atan',
  'atanh',
  'ceil',
  'cos',
  'cosh',
  'elu',
  'erf',
  'exp',
  'expm1',
  'floor',
  'isFinite',
  'isInf',
  'isNaN',
  'leakyRelu',
  'neg',
  'relu',
  'relu6',
  'round',
  'selu',
  'sigmoid',
  'sign',
  'sin',
  'sinh',
  'softplus',
  'square',
  'tan',
  'tanh',
  'onesLike',
  'zerosLike',
  'softmax',
  'logSoftmax',
  'step',
];
const POSITIVE = ['log', 'log1p', 'reciprocal', 'rsqrt', 'sqrt'] as const;
const BINARY = [
  'add',
  'atan2',
  'div',
  'divNoNan',
  'equal',
  'floorDiv',
  'greater',
  'greaterEqual',
  'less',
  'lessEqual',
  'maximum',
  'minimum',
  'mod',
  'mul',
  'notEqual',
  'squaredDifference',
  'sub',
] as const;
const REDUCTIONS = ['max', 'mean', 'min', 'prod', 'sum'] as const;

export function cases(): Case[] {
  const m = values(3, 4);
  const image = values(2, 6, 6, 3);
  const volume = values(1, 5, 5, 5, 2);
  const ints = tf.tensor2d(
    [
      [1, 5, 3],
      [2, 2, 0],
    ],
    [2, 3],
    'int32',
  );
  const flags = tf.tensor1d([true, false, true], 'bool');
  const others = tf.tensor1d([true, true, false], 'bool');
  const texts = tf.tensor1d(['ab', 'cb']);
  const boxes = tf.tensor2d([
    [0, 0, 1, 1],
    [0, 0, 1, 0.9],
    [0.5, 0.5, 0.7, 0.9],
  ]);
  const scores = tf.tensor1d([0.9, 0.8, 0.7]);
  const filter = values(3, 3, 3, 4);
  const all: Case[] = [];
  const add = (name: string, inputs: readonly tf.Tensor[], fn: Case['fn'], random = false): void => {
    all.push({ name, inputs, fn, random });
  };
  const grad = (name: string, inputs: readonly tf.Tensor[], fn: (...inputs: tf.Tensor[]) => tf.Tensor): void =>
    add(`${name} gradient`, inputs, (...xs) => tf.grads((...ys) => fn(...ys))(xs));
  for (const op of UNARY) add(op, [m], x => ops[op](x!));
  for (const op of POSITIVE) add(op, [positive(3, 4)], x => ops[op](x!));
  add('acosh', [positive(3, 4)], x => tf.acosh(x!.add(1)));
  for (const op of BINARY) add(op, [m, positive(4)], (x, y) => ops[op](x!, y!));
  for (const op of REDUCTIONS) add(op, [m], x => [ops[op](x!), ops[op](x!, 1, true)]);
  add('ints', [ints], x => [x!.add(tf.scalar(1, 'int32')), x!.floorDiv(tf.scalar(2, 'int32')), x!.sum(0), x!.max()]);
  add('pow', [positive(3), m.slice(0, 1).reshape([4]).slice(0, 3)], (x, y) => tf.pow(x!, y!));
  add('prelu', [m], x => tf.prelu(x!, tf.scalar(0.2)));
  add('casts', [m], x => [x!.toInt(), x!.toBool(), x!.toInt().toFloat()]);
  add('logical', [flags, others], (x, y) => [
    tf.logicalAnd(x!, y!),
    tf.logicalOr(x!, y!),
    tf.logicalNot(x!),
    tf.logicalXor(x!, y!),
    tf.all(x!),
    tf.any(x!),
  ]);
  add('where', [flags, m.reshape([12]).slice(0, 3), positive(3)], (c, x, y) => tf.where(c as tf.Tensor1D, x!, y!));
  add('arguments', [m], x => [tf.argMax(x!, 1), tf.argMin(x!, 0)]);
  add('shapes', [m], x => [
    x!.reshape([2, 6]),
    x!.expandDims(1),
    x!.expandDims(0).squeeze([0]),
    x!.transpose(),
    x!.flatten(),
  ]);
  add('slices', [values(4, 5)], x => [
    x!.slice([1, 2], [2, 2]),
    x!.stridedSlice([0, 1], [4, 5], [2, 2]),
    tf.reverse(x!, 1),
    x!.tile([2, 1]),
    ...tf.split(x!, [1, 3], 0),
    ...tf.unstack(x!),
    tf.pad(
      x!,
      [
        [1, 0],
        [0, 2],
      ],
      3,
    ),
    tf.mirrorPad(
      x! as tf.Tensor2D,
      [
        [1, 1],
        [2, 1],
      ],
      'reflect',
    ),
  ]);
  add('joins', [m, values(3, 4)], (x, y) => [tf.concat([x!, y!], 1), tf.stack([x!, y!], 1), tf.addN([x!, y!, x!])]);
  add('gathers', [m, tf.tensor1d([2, 0], 'int32')], (x, i) => [
    tf.gather(x!, i as tf.Tensor1D),
    tf.gatherND(
      x!,
      tf.tensor2d(
        [
          [0, 1],
          [2, 3],
        ],
        [2, 2],
        'int32',
      ),
    ),
  ]);
  add('gather of batches', [m, tf.tensor2d([[2], [0], [1]], [3, 1], 'int32')], (x, i) =>
    tf.gather(x!, i as tf.Tensor2D, 1, 1),
  );
  add('scatters', [values(2)], x => [
    tf.scatterND(tf.tensor2d([[1], [3]], [2, 1], 'int32'), x!, [5]),
    tf.tensorScatterUpdate(tf.zeros([4]), tf.tensor2d([[1], [3]], [2, 1], 'int32'), x!),
    tf.sparseToDense(tf.tensor1d([0, 2], 'int32'), x!, [4], 0),
  ]);
  add('one-hot', [tf.tensor1d([0, 2], 'int32')], x => tf.oneHot(x!, 3));
  add('cumulated', [m], x => [tf.cumsum(x!, 1), tf.cumprod(x!, 0, true, true)]);
  add('top', [m], x => {
    const { values: v, indices } = tf.topk(x!, 2);
    return [v, indices];
  });
  add('unique', [tf.tensor1d([3, 1, 3])], x => {
    const { values: v, indices } = tf.unique(x!);
    return [v, indices];
  });
  add('bincount', [tf.tensor1d([1, 1, 2], 'int32')], x => tf.bincount(x as tf.Tensor1D, tf.tensor1d([0.5, 1, 2]), 4));
  add('segments', [m, tf.tensor1d([0, 1, 0], 'int32')], (x, i) => tf.unsortedSegmentSum(x!, i as tf.Tensor1D, 2));
  add('matMul', [m, values(4, 2)], (x, y) => [tf.matMul(x!, y!), tf.matMul(x!, x!, false, true)]);
  add('fused matMul', [m, values(4, 2), values(2)], (x, y, b) =>
    tf.fused.matMul({ a: x!, b: y!, bias: b!, activation: 'relu' }),
  );
  add('einsum', [m, values(4, 2)], (x, y) => tf.einsum('ij,jk->ki', x!, y!));
  add('dot', [values(4), values(4)], (x, y) => [tf.dot(x!, y!), tf.outerProduct(x as tf.Tensor1D, y as tf.Tensor1D)]);
  add('diag', [values(3)], x => tf.diag(x!));
  add('norm', [m], x => [tf.norm(x!), tf.logSumExp(x!, 1), tf.moments(x!, 0).variance]);
  add('broadcast', [values(1, 4)], x => [
    tf.broadcastTo(x!, [3, 4]),
    tf.broadcastArgs(tf.tensor1d([1, 4], 'int32'), tf.tensor1d([3, 1], 'int32')),
  ]);
  add('fills', [values(2)], x => [x!.add(tf.fill([2], 7)), tf.range(0, 4, 2).add(x!), tf.linspace(0, 1, 2).add(x!)]);
  add('complex', [values(2, 4), values(2, 4)], (x, y) => {
    const z = tf.complex(x!, y!);
    const f = tf.spectral.fft(z);
    return [tf.real(f), tf.imag(tf.spectral.ifft(f)), tf.abs(z)];
  });
  add('rfft', [values(2, 4)], x => tf.real(tf.spectral.rfft(x!)));
  add('clip', [m], x => [tf.clipByValue(x!, -0.5, 0.5)]);
  add('multinomial', [values(2, 3)], x => tf.multinomial(x as tf.Tensor2D, 5, 3), true);
  add('batchNorm', [image], x => tf.batchNorm(x!, tf.zeros([3]), tf.ones([3]), tf.ones([3]), tf.ones([3]), 0.01));
  add('batchNorm of the batch', [image], x => {
    const { mean, variance } = tf.moments(x!, [0, 1, 2]);
    return tf.batchNorm(x!, mean as tf.Tensor1D, variance as tf.Tensor1D);
  });
  add('lrn', [image], x => tf.localResponseNormalization(x as tf.Tensor4D, 2));
  grad('lrn', [image], x => tf.localResponseNormalization(x as tf.Tensor4D, 2));
  const conv = (x: tf.Tensor, f: tf.Tensor): tf.Tensor => tf.conv2d(x as tf.Tensor4D, f as tf.Tensor4D, 2, 'same');
  add('conv2d', [image, filter], (x, f) => [
    conv(x!, f!),
    tf.conv2d(x as tf.Tensor4D, f as tf.Tensor4D, 1, 'valid', 'NHWC', 2),
    tf.conv2d(
      x as tf.Tensor4D,
      f as tf.Tensor4D,
      1,
      [
        [0, 0],
        [1, 2],
        [0, 1],
        [0, 0],
      ],
      'NHWC',
      1,
      'floor',
    ),
  ]);
  grad('conv2d', [image, filter], (x, f) => conv(x!, f!));
  const deep = (x: tf.Tensor, f: tf.Tensor): tf.Tensor =>
    tf.depthwiseConv2d(x as tf.Tensor4D, f as tf.Tensor4D, 1, 'same');
  add('depthwiseConv2d', [image, filter], deep as Case['fn']);
  grad('depthwiseConv2d', [image, filter], deep as (...x: tf.Tensor[]) => tf.Tensor);
  add('separableConv2d', [image, values(3, 3, 3, 1), values(1, 1, 3, 2)], (x, d, p) =>
    tf.separableConv2d(x as tf.Tensor4D, d as tf.Tensor4D, p as tf.Tensor4D, 1, 'valid'),
  );
  add('conv1d', [values(2, 6, 3), values(3, 3, 2)], (x, f) => tf.conv1d(x as tf.Tensor3D, f as tf.Tensor3D, 1, 'same'));
  add('conv2dTranspose', [values(2, 3, 3, 4), filter], (x, f) =>
    tf.conv2dTranspose(x as tf.Tensor4D, f as tf.Tensor4D, [2, 6, 6, 3], 2, 'same'),
  );
  const conv3 = (x: tf.Tensor, f: tf.Tensor): tf.Tensor => tf.conv3d(x as tf.Tensor5D, f as tf.Tensor5D, 1, 'same');
  add('conv3d', [volume, values(2, 2, 2, 2, 3)], conv3 as Case['fn']);
  grad('conv3d', [volume, values(2, 2, 2, 2, 3)], conv3 as (...x: tf.Tensor[]) => tf.Tensor);
  for (const op of ['avgPool', 'maxPool'] as const) {
    const pool = (x: tf.Tensor): tf.Tensor => ops[op](x as tf.Tensor4D, 2, 2, 'same');
    add(op, [image], pool as Case['fn']);
    grad(op, [image], pool as (...x: tf.Tensor[]) => tf.Tensor);
  }
  for (const op of ['avgPool3d', 'maxPool3d'] as const) {
    const pool = (x: tf.Tensor): tf.Tensor => ops[op](x as tf.Tensor5D, 2, 1, 'valid');
    add(op, [volume], pool as Case['fn']);
    grad(op, [volume], pool as (...x: tf.Tensor[]) => tf.Tensor);
  }
  const dilate = (x: tf.Tensor, f: tf.Tensor): tf.Tensor =>
    tf.dilation2d(x as tf.Tensor4D, f as tf.Tensor3D, 1, 'same');
  add('dilation2d', [image, values(2, 2, 3)], dilate as Case['fn']);
  grad('dilation2d', [image, values(2, 2, 3)], dilate as (...x: tf.Tensor[]) => tf.Tensor);
  for (const op of ['resizeBilinear', 'resizeNearestNeighbor'] as const) {
    const resize = (x: tf.Tensor): tf.Tensor => tf.image[op](x as tf.Tensor4D, [4, 9]);
    add(op, [image], resize as Case['fn']);
    grad(op, [image], resize as (...x: tf.Tensor[]) => tf.Tensor);
  }
  add('spaces', [values(4, 2, 2, 4)], x => [
    tf.depthToSpace(x as tf.Tensor4D, 2, 'NHWC'),
    tf.batchToSpaceND(
      x!,
      [2, 2],
      [
        [0, 0],
        [0, 0],
      ],
    ),
    tf.spaceToBatchND(
      x!,
      [2, 2],
      [
        [0, 0],
        [0, 0],
      ],
    ),
  ]);
  add('crops', [image], x => tf.image.cropAndResize(x as tf.Tensor4D, boxes, tf.tensor1d([0, 1, 0], 'int32'), [3, 3]));
  add('flips', [image], x => tf.image.flipLeftRight(x as tf.Tensor4D));
  add('suppression', [boxes, scores], (b, s) => tf.image.nonMaxSuppression(b as tf.Tensor2D, s as tf.Tensor1D, 2));
  add('padded suppression', [boxes, scores], (b, s) => {
    const { selectedIndices, validOutputs } = tf.image.nonMaxSuppressionPadded(
      b as tf.Tensor2D,
      s as tf.Tensor1D,
      3,
      0.5,
      0.1,
      true,
    );
    return [selectedIndices!, validOutputs!];
  });
  add('scored suppression', [boxes, scores], (b, s) => {
    const { selectedIndices, selectedScores } = tf.image.nonMaxSuppressionWithScore(
      b as tf.Tensor2D,
      s as tf.Tensor1D,
      3,
      0.5,
      0.1,
      0.2,
    );
    return [selectedIndices!, selectedScores!];
  });
  add('texts', [texts], x => tf.string.staticRegexReplace(x!, 'b', 'x'));
  grad('elu', [m], x => tf.elu(x!));
  grad('many', [m, values(4, 2)], (x, y) =>
    tf
      .softmax(tf.matMul(tf.selu(tf.tanh(x!)), y!))
      .log()
      .sigmoid(),
  );
  return all;
}
