/**
 * Every function of TensorFlow.js that computes: what becomes a graph, as a function to trace, and why others do not.
 * operations.test.ts compares the lists with what TensorFlow.js has.
 */
import * as tf from '@tensorflow/tfjs-node';

export interface OperationInput {
  readonly dtype: string;
  /** Null: any size. */
  readonly shape: readonly (number | null)[];
  /** Values are between these. Default: 0.1 and 0.9; of an int32, 0 and 1. */
  readonly range?: readonly [number, number];
}

export interface OperationCase {
  /** In `tf`, such as 'image.resizeBilinear'. */
  readonly name: string;
  /** What this case is about, if there are several. */
  readonly about: string;
  readonly inputs: readonly OperationInput[];
  readonly fn: (...inputs: tf.Tensor[]) => tf.Tensor | tf.Tensor[] | Record<string, tf.Tensor>;
  /** Its results differ from run to run. */
  readonly isRandom?: boolean;
  /** It has variables of its own. */
  readonly isStep?: boolean;
}

type Fn = (...inputs: tf.Tensor[]) => tf.Tensor | tf.Tensor[] | Record<string, tf.Tensor>;
type Rest = Partial<Pick<OperationCase, 'about' | 'isRandom' | 'isStep'>>;

const any = (...shape: (number | null)[]): OperationInput => ({ dtype: 'float32', shape });
const int = (...shape: (number | null)[]): OperationInput => ({ dtype: 'int32', shape });
const bool = (...shape: (number | null)[]): OperationInput => ({ dtype: 'bool', shape });
const within = (range: readonly [number, number], input: OperationInput): OperationInput => ({ ...input, range });

function on(name: string, inputs: readonly OperationInput[], fn: Fn, rest: Rest = {}): OperationCase {
  return { name, about: '', inputs, fn, ...rest };
}

/** Its gradient, for an operation of one tensor. */
function gradient(name: string, input: OperationInput, fn: (x: tf.Tensor) => tf.Tensor): OperationCase {
  return { name, about: 'gradient', inputs: [input], fn: x => tf.grad(y => fn(y))(x!) };
}

/** Its gradients with respect to all inputs. */
function gradients(
  name: string,
  inputs: readonly OperationInput[],
  fn: (...x: tf.Tensor[]) => tf.Tensor,
): OperationCase {
  return { name, about: 'gradients', inputs, fn: (...x) => tf.grads((...y: tf.Tensor[]) => fn(...y))(x) };
}

const MATRIX = any(null, 3);
const IMAGES = any(null, null, null, 2);
const T3 = (x: tf.Tensor | undefined): tf.Tensor3D => x as tf.Tensor3D;
const T4 = (x: tf.Tensor | undefined): tf.Tensor4D => x as tf.Tensor4D;
const T5 = (x: tf.Tensor | undefined): tf.Tensor5D => x as tf.Tensor5D;
const T2 = (x: tf.Tensor | undefined): tf.Tensor2D => x as tf.Tensor2D;
const T1 = (x: tf.Tensor | undefined): tf.Tensor1D => x as tf.Tensor1D;
/** The same numbers at every call. */
const filled = (...shape: number[]): tf.Tensor =>
  tf.tidy(() => tf.sin(tf.range(0, Math.max(1, tf.util.sizeFromShape(shape)))).reshape(shape));

type Unary = (x: tf.Tensor) => tf.Tensor;
const UNARY: readonly (readonly [string, Unary])[] = [
  ['abs', tf.abs],
  ['acos', tf.acos],
  ['asin', tf.asin],
  ['asinh', tf.asinh],
  ['atan', tf.atan],
  ['atanh', tf.atanh],
  ['ceil', tf.ceil],
  ['cos', tf.cos],
  ['cosh', tf.cosh],
  ['elu', tf.elu],
  ['erf', tf.erf],
  ['exp', tf.exp],
  ['expm1', tf.expm1],
  ['floor', tf.floor],
  ['leakyRelu', tf.leakyRelu],
  ['log', tf.log],
  ['log1p', tf.log1p],
  ['logSigmoid', tf.logSigmoid],
  ['neg', tf.neg],
  ['reciprocal', tf.reciprocal],
  ['relu', tf.relu],
  ['relu6', tf.relu6],
  ['round', tf.round],
  ['rsqrt', tf.rsqrt],
  ['selu', tf.selu],
  ['sigmoid', tf.sigmoid],
  ['sign', tf.sign],
  ['sin', tf.sin],
  ['sinh', tf.sinh],
  ['softplus', tf.softplus],
  ['sqrt', tf.sqrt],
  ['square', tf.square],
  ['step', tf.step],
  ['tan', tf.tan],
  ['tanh', tf.tanh],
  ['softmax', x => tf.softmax(x)],
  ['logSoftmax', x => tf.logSoftmax(x)],
  ['clone', tf.clone],
  ['onesLike', tf.onesLike],
  ['zerosLike', tf.zerosLike],
];
type Binary = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;
const BINARY: readonly (readonly [string, Binary])[] = [
  ['add', tf.add],
  ['atan2', tf.atan2],
  ['div', tf.div],
  ['divNoNan', tf.divNoNan],
  ['floorDiv', tf.floorDiv],
  ['maximum', tf.maximum],
  ['minimum', tf.minimum],
  ['mod', tf.mod],
  ['mul', tf.mul],
  ['pow', tf.pow],
  ['squaredDifference', tf.squaredDifference],
  ['sub', tf.sub],
];
const COMPARISONS: readonly (readonly [string, Binary])[] = [
  ['equal', tf.equal],
  ['greater', tf.greater],
  ['greaterEqual', tf.greaterEqual],
  ['less', tf.less],
  ['lessEqual', tf.lessEqual],
  ['notEqual', tf.notEqual],
];
const LOGICAL: readonly (readonly [string, Binary])[] = [
  ['logicalAnd', tf.logicalAnd],
  ['logicalOr', tf.logicalOr],
  ['logicalXor', tf.logicalXor],
];
const REDUCTIONS: readonly (readonly [string, (x: tf.Tensor, axis?: number) => tf.Tensor])[] = [
  ['sum', tf.sum],
  ['mean', tf.mean],
  ['max', tf.max],
  ['min', tf.min],
  ['prod', tf.prod],
  ['logSumExp', tf.logSumExp],
];

const ELEMENTWISE: OperationCase[] = [
  ...UNARY.flatMap(([name, fn]) => [on(name, [MATRIX], x => fn(x!)), gradient(name, MATRIX, fn)]),
  on('acosh', [within([1.1, 3], MATRIX)], x => tf.acosh(x!)),
  gradient('acosh', within([1.1, 3], MATRIX), tf.acosh),
  ...BINARY.map(([name, fn]) => on(name, [MATRIX, any(3)], (a, b) => fn(a!, b!), { about: 'broadcast' })),
  // TensorFlow.js has no gradient of divNoNan, and none of the next three if their shapes differ.
  ...BINARY.filter(([name]) => name !== 'divNoNan').map(([name, fn]) =>
    gradients(
      name,
      /maximum|minimum|squared/.test(name) ? [any(4, 3), any(4, 3)] : [MATRIX, any(3)],
      fn as (...x: tf.Tensor[]) => tf.Tensor,
    ),
  ),
  on('add', [MATRIX, int(3)], (a, b) => tf.add(a!, b!), { about: 'float32 and int32' }),
  on('mul', [int(null), int(1)], (a, b) => tf.mul(a!, b!), { about: 'int32' }),
  on('floorDiv', [within([1, 9], int(null)), within([1, 5], int(1))], (a, b) => tf.floorDiv(a!, b!), {
    about: 'int32',
  }),
  ...COMPARISONS.map(([name, fn]) => on(name, [MATRIX, any(3)], (a, b) => fn(a!, b!))),
  ...LOGICAL.map(([name, fn]) => on(name, [bool(null, 3), bool(3)], (a, b) => fn(a!, b!))),
  on('logicalNot', [bool(null, 3)], x => tf.logicalNot(x!)),
  on('isNaN', [MATRIX], x => tf.isNaN(x!)),
  on('isInf', [MATRIX], x => tf.isInf(x!)),
  on('isFinite', [MATRIX], x => tf.isFinite(x!)),
  on('addN', [MATRIX, MATRIX], (a, b) => tf.addN([a!, b!, a!])),
  gradients('addN', [any(2, 3), any(2, 3)], (a, b) => tf.addN([a!, b!])),
  on('clipByValue', [MATRIX], x => tf.clipByValue(x!, 0.3, 0.6)),
  gradient('clipByValue', MATRIX, x => tf.clipByValue(x, 0.3, 0.6)),
  on('cast', [MATRIX], x => [tf.cast(x!, 'int32'), tf.cast(x!, 'bool'), tf.cast(tf.cast(x!, 'bool'), 'float32')]),
  gradient('cast', MATRIX, x => tf.cast(tf.cast(x, 'float32'), 'float32').square()),
  on('prelu', [MATRIX], x => tf.prelu(x!.sub(0.5), tf.tensor1d([0.1, 0.2, 0.3]))),
  gradients('prelu', [MATRIX, any(3)], (x, a) => tf.prelu(x!.sub(0.5), a!)),
  on('where', [bool(null, 3), MATRIX, any(1, 3)], (c, a, b) => tf.where(c!, a!, b!)),
  {
    name: 'where',
    about: 'gradients',
    inputs: [bool(4, 3), any(4, 3), any(4, 3)],
    fn: (c, a, b) => tf.grads((x: tf.Tensor, y: tf.Tensor) => tf.where(c!, x, y.square()))([a!, b!]),
  },
  on('movingAverage', [MATRIX, MATRIX], (v, x) => tf.movingAverage(v!, x!, 0.9, 1)),
  on('complex', [MATRIX, any(1, 3)], (a, b) => tf.abs(tf.complex(a!, tf.broadcastTo(b!, a!.shape)))),
  on('real', [MATRIX], x => tf.real(tf.complex(x!, x!))),
  on('imag', [MATRIX], x => tf.imag(tf.complex(x!, x!))),
  on('einsum', [MATRIX, any(3, 2)], (a, b) => tf.einsum('ij,jk->ik', a!, b!)),
];

const REDUCING: OperationCase[] = [
  ...REDUCTIONS.flatMap(([name, fn]) => [
    on(name, [any(null, 3, null)], x => fn(x!, 1), { about: 'one axis' }),
    on(name, [MATRIX], x => fn(x!), { about: 'all' }),
    gradient(name, MATRIX, x => fn(x, 1)),
  ]),
  on('all', [bool(null, 3)], x => tf.all(x!, 1)),
  on('any', [bool(null, 3)], x => tf.any(x!, 1)),
  on('argMax', [MATRIX], x => tf.argMax(x!, 1)),
  on('argMin', [MATRIX], x => tf.argMin(x!, 1)),
  on('cumsum', [any(null, null)], x => tf.cumsum(x!, 1, true, true)),
  gradient('cumsum', MATRIX, x => tf.cumsum(x, 1)),
  on('cumprod', [any(null, null)], x => tf.cumprod(x!, 1)),
  on('euclideanNorm', [MATRIX], x => tf.euclideanNorm(x!, 1)),
  on('norm', [MATRIX], x => [
    tf.norm(x!),
    tf.norm(x!, 1, 1),
    tf.norm(x!, 'euclidean', [0, 1]),
    tf.norm(x!, Infinity, 0),
  ]),
  gradient('norm', MATRIX, x => tf.norm(x, 'euclidean', 1)),
  on('moments', [MATRIX], x => {
    const { mean, variance } = tf.moments(x!, 0);
    return { mean, variance };
  }),
  on('topk', [any(null, 5)], x => {
    const { values, indices } = tf.topk(x!, 2);
    return { values, indices };
  }),
  on('bincount', [within([0, 4], int(null))], x => tf.bincount(T1(x), tf.tensor1d([]), 5)),
  on('unique', [within([0, 4], int(null))], x => {
    const { values, indices } = tf.unique(x!);
    return { values, indices };
  }),
  on('unsortedSegmentSum', [MATRIX, within([0, 2], int(null))], (x, ids) =>
    tf.unsortedSegmentSum(x!.slice([0, 0], [1, -1]), T1(ids!.slice([0], [1])), 3),
  ),
  gradient('unsortedSegmentSum', any(4, 3), x => tf.unsortedSegmentSum(x, tf.tensor1d([0, 1, 0, 2], 'int32'), 3)),
];

const SHAPES: OperationCase[] = [
  on('reshape', [any(null, 4, 3)], x => tf.reshape(x!, [-1, 6])),
  on('reshape', [any(null, null, 3)], x => tf.reshape(x!, [x!.shape[0], x!.shape[1]! * 3]), {
    about: 'a size of the input',
  }),
  on('expandDims', [MATRIX], x => tf.expandDims(x!, 1)),
  on('squeeze', [any(null, 1, 3)], x => tf.squeeze(x!, [1])),
  on('transpose', [any(null, null, 3)], x => tf.transpose(x!, [2, 0, 1])),
  gradient('transpose', any(null, null, 3), x => tf.transpose(x, [2, 0, 1]).square()),
  on('concat', [MATRIX], x => tf.concat([x!, x!, tf.ones([1, 3])], 0)),
  gradients('concat', [any(2, 3), any(4, 3)], (a, b) => tf.concat([a!, b!], 0).square()),
  on('concat1d', [any(null)], x => tf.concat1d([T1(x), T1(x)])),
  on('concat2d', [MATRIX], x => tf.concat2d([T2(x), T2(x)], 1)),
  on('concat3d', [any(null, 2, 2)], x => tf.concat3d([T3(x), T3(x)], 2)),
  on('concat4d', [any(null, 2, 2, 1)], x => tf.concat4d([T4(x), T4(x)], 3)),
  on('stack', [MATRIX], x => tf.stack([x!, x!], 1)),
  gradients('stack', [any(2, 3), any(2, 3)], (a, b) => tf.stack([a!, b!], 1).square()),
  on('unstack', [any(null, 3)], x => tf.unstack(x!, 1)),
  gradient('unstack', any(null, 3), x => tf.unstack(x, 1)[1]!.square()),
  on('split', [any(null, 6)], x => tf.split(x!, [1, 2, 3], 1)),
  gradient('split', any(null, 6), x => tf.split(x, 3, 1)[1]!.square()),
  on('slice', [any(null, 5)], x => tf.slice(x!, [0, 1], [-1, 3])),
  gradient('slice', any(null, 5), x => tf.slice(x, [0, 1], [-1, 3]).square()),
  on('slice1d', [any(null)], x => tf.slice1d(T1(x), 1, 2)),
  on('slice2d', [any(null, 5)], x => tf.slice2d(T2(x), [1, 1], [2, 2])),
  on('slice3d', [any(null, 5, 2)], x => tf.slice3d(T3(x), [0, 1, 0], [-1, 2, 1])),
  on('slice4d', [any(null, 5, 2, 1)], x => tf.slice4d(T4(x), [0, 1, 0, 0], [-1, 2, 1, 1])),
  on('stridedSlice', [any(null, 6)], x => tf.stridedSlice(x!, [0, 0], [2, 6], [1, 2])),
  on('tile', [MATRIX], x => tf.tile(x!, [2, 1])),
  gradient('tile', MATRIX, x => tf.tile(x, [2, 1]).square()),
  on('broadcastTo', [any(1, 3)], x => tf.broadcastTo(x!, [4, 3])),
  on('broadcastArgs', [], () => tf.broadcastArgs(tf.tensor1d([1, 3], 'int32'), tf.tensor1d([4, 3], 'int32'))),
  on('pad', [MATRIX], x =>
    tf.pad(
      x!,
      [
        [1, 0],
        [0, 2],
      ],
      0.5,
    ),
  ),
  gradient('pad', MATRIX, x =>
    tf
      .pad(x, [
        [1, 0],
        [0, 2],
      ])
      .square(),
  ),
  on('pad1d', [any(null)], x => tf.pad1d(T1(x), [1, 2])),
  on('pad2d', [MATRIX], x =>
    tf.pad2d(T2(x), [
      [1, 2],
      [0, 1],
    ]),
  ),
  on('pad3d', [any(null, 2, 1)], x =>
    tf.pad3d(T3(x), [
      [1, 2],
      [0, 1],
      [0, 0],
    ]),
  ),
  on('pad4d', [any(null, 2, 1, 1)], x =>
    tf.pad4d(T4(x), [
      [1, 2],
      [0, 1],
      [0, 0],
      [1, 0],
    ]),
  ),
  on('mirrorPad', [any(null, 3)], x =>
    tf.mirrorPad(
      x!,
      [
        [0, 0],
        [1, 1],
      ],
      'reflect',
    ),
  ),
  on('reverse', [MATRIX], x => tf.reverse(x!, [0, 1])),
  gradient('reverse', MATRIX, x => tf.reverse(x, 1).square()),
  on('reverse1d', [any(null)], x => tf.reverse1d(T1(x))),
  on('reverse2d', [MATRIX], x => tf.reverse2d(T2(x), 0)),
  on('reverse3d', [any(null, 2, 2)], x => tf.reverse3d(T3(x), 1)),
  on('reverse4d', [any(null, 2, 2, 1)], x => tf.reverse4d(T4(x), [0, 2])),
  on('gather', [any(null, 5), within([0, 4], int(null))], (x, i) => tf.gather(x!, i!, 1)),
  gradient('gather', any(5, 3), x => tf.gather(x, tf.tensor1d([4, 0, 4], 'int32')).square()),
  on('gatherND', [any(4, 3), within([0, 2], int(null, 2))], (x, i) => tf.gatherND(x!, i!)),
  on('scatterND', [any(2, 3)], x => tf.scatterND(tf.tensor2d([[3], [0]], [2, 1], 'int32'), x!, [5, 3])),
  on('tensorScatterUpdate', [any(5, 3), any(2, 3)], (x, u) =>
    tf.tensorScatterUpdate(x!, tf.tensor2d([[3], [0]], [2, 1], 'int32'), u!),
  ),
  on('sparseToDense', [any(2)], x => tf.sparseToDense(tf.tensor1d([1, 4], 'int32'), x!, [6], 0)),
  on('batchToSpaceND', [any(4, null, null, 1)], x =>
    tf.batchToSpaceND(
      x!,
      [2, 2],
      [
        [0, 0],
        [0, 0],
      ],
    ),
  ),
  gradient('batchToSpaceND', any(4, 2, 2, 1), x =>
    tf
      .batchToSpaceND(
        x,
        [2, 2],
        [
          [0, 0],
          [0, 0],
        ],
      )
      .square(),
  ),
  on('spaceToBatchND', [any(null, 4, 4, 1)], x =>
    tf.spaceToBatchND(
      x!,
      [2, 2],
      [
        [0, 0],
        [0, 0],
      ],
    ),
  ),
  gradient('spaceToBatchND', any(null, 4, 4, 1), x =>
    tf
      .spaceToBatchND(
        x,
        [2, 2],
        [
          [0, 0],
          [0, 0],
        ],
      )
      .square(),
  ),
  on('depthToSpace', [any(null, null, null, 4)], x => tf.depthToSpace(T4(x), 2)),
  on('meshgrid', [any(null), any(3)], (a, b) => tf.meshgrid(a!, b!)),
  on('ensureShape', [any(2, 3)], x => tf.ensureShape(x!, [2, 3])),
  on('diag', [any(null)], x => tf.diag(x!)),
  on('oneHot', [within([0, 3], int(null))], x => tf.oneHot(x!, 4)),
];

const MAKING: OperationCase[] = [
  on('fill', [MATRIX], x => tf.fill([x!.shape[0], 2], 3)),
  on('ones', [MATRIX], x => tf.ones([x!.shape[0], 2])),
  on('zeros', [MATRIX], x => tf.zeros([x!.shape[0], 2], 'int32')),
  on('eye', [MATRIX], x => tf.eye(3).mul(x!.sum())),
  on('linspace', [MATRIX], x => x!.mul(tf.linspace(0, 1, 3))),
  on('range', [any(null)], x => x!.add(tf.range(0, x!.shape[0]!))),
  on('scalar', [MATRIX], x => x!.mul(tf.scalar(2))),
  on('tensor', [MATRIX], x => x!.mul(tf.tensor([1, 2, 3]))),
  on('tensor1d', [MATRIX], x => x!.mul(tf.tensor1d([1, 2, 3]))),
  on('tensor2d', [MATRIX], x => x!.mul(tf.tensor2d([[1, 2, 3]]))),
  on('tensor3d', [MATRIX], x => x!.mul(tf.tensor3d([[[1, 2, 3]]]))),
  on('tensor4d', [MATRIX], x => x!.mul(tf.tensor4d([[[[1, 2, 3]]]]))),
  on('tensor5d', [MATRIX], x => x!.mul(tf.tensor5d([[[[[1, 2, 3]]]]]))),
  on('tensor6d', [MATRIX], x => x!.mul(tf.tensor6d([[[[[[1, 2, 3]]]]]]))),
  on('buffer', [MATRIX], x => x!.mul(tf.buffer([3], 'float32', new Float32Array([1, 2, 3])).toTensor())),
  on('cosineWindow', [MATRIX], x => x!.mul(tf.cosineWindow(3, 0.5, 0.5))),
  on('signal.hammingWindow', [MATRIX], x => x!.mul(tf.signal.hammingWindow(3))),
  on('signal.hannWindow', [MATRIX], x => x!.mul(tf.signal.hannWindow(3))),
  on('signal.frame', [any(12)], x => tf.signal.frame(T1(x), 4, 2)),
  on('signal.stft', [any(16)], x => tf.abs(tf.signal.stft(T1(x), 8, 4))),
  on('fft', [any(null, 8)], x => tf.abs(tf.spectral.fft(tf.complex(x!, x!)))),
  on('spectral.fft', [any(null, 8)], x => tf.abs(tf.spectral.fft(tf.complex(x!, x!)))),
  on('ifft', [any(null, 8)], x => tf.abs(tf.spectral.ifft(tf.complex(x!, x!)))),
  on('spectral.ifft', [any(null, 8)], x => tf.abs(tf.spectral.ifft(tf.complex(x!, x!)))),
  on('rfft', [any(null, 8)], x => tf.abs(tf.spectral.rfft(x!))),
  on('spectral.rfft', [any(null, 8)], x => tf.abs(tf.spectral.rfft(x!, 6))),
  on('irfft', [any(null, 5)], x => tf.spectral.irfft(tf.complex(x!, x!))),
  on('spectral.irfft', [any(null, 5)], x => tf.spectral.irfft(tf.complex(x!, x!))),
  on('dropout', [MATRIX], x => tf.dropout(x!, 0.5), { isRandom: true }),
  on('randomUniform', [MATRIX], x => tf.randomUniform([x!.shape[0], 2], -1, 3), { isRandom: true }),
  on('randomUniformInt', [MATRIX], x => tf.randomUniformInt([x!.shape[0], 2], 1, 5), { isRandom: true }),
  on('randomNormal', [MATRIX], x => tf.randomNormal(x!.shape, 1, 2), { isRandom: true }),
  on('randomStandardNormal', [MATRIX], x => tf.randomStandardNormal(x!.shape), { isRandom: true }),
  on('truncatedNormal', [MATRIX], x => tf.truncatedNormal(x!.shape, 1, 2), { isRandom: true }),
  on('multinomial', [any(null, 4)], x => tf.multinomial(T2(x), 3), { isRandom: true }),
];

const MATRICES: OperationCase[] = [
  on('matMul', [any(null, 3), any(3, null)], (a, b) => tf.matMul(a!, b!)),
  on(
    'matMul',
    [any(null, null, 3), any(null, null, 3)],
    (a, b) => tf.matMul(a!, b!.slice([0, 0, 0], [1, -1, -1]), false, true),
    { about: 'batches' },
  ),
  gradients('matMul', [any(null, 3), any(3, 2)], (a, b) => tf.matMul(a!, b!)),
  on('dot', [any(null, 3), any(3)], (a, b) => tf.dot(a!, b!)),
  on('outerProduct', [any(null), any(3)], (a, b) => tf.outerProduct(T1(a), T1(b))),
  on('linalg.bandPart', [any(4, 4)], x => tf.linalg.bandPart(x!, 1, 1)),
  on('linalg.gramSchmidt', [any(2, 4)], x => tf.linalg.gramSchmidt(T2(x))),
  on('linalg.qr', [any(4, 3)], x => tf.linalg.qr(x!)),
  on('math.confusionMatrix', [within([0, 2], int(null))], x => tf.math.confusionMatrix(T1(x), T1(x), 3)),
  on('fused.matMul', [any(null, 3)], x =>
    tf.fused.matMul({ a: x!, b: filled(3, 2), bias: filled(2), activation: 'relu' }),
  ),
  on(
    'fused.matMul',
    [any(null, 3)],
    x => tf.fused.matMul({ a: x!, b: filled(3, 2), bias: filled(2), activation: 'elu' }),
    { about: 'elu' },
  ),
  on(
    'fused.matMul',
    [any(null, 3)],
    x => tf.fused.matMul({ a: x!, b: filled(3, 2), activation: 'prelu', preluActivationWeights: filled(2) }),
    { about: 'prelu' },
  ),
  gradients('fused.matMul', [any(null, 3), any(3, 2)], (a, b) =>
    tf.fused.matMul({ a: a!, b: b!, bias: filled(2), activation: 'relu' }),
  ),
  on('basicLSTMCell', [any(2, 3), any(2, 4), any(2, 4)], (x, c, h) =>
    tf.basicLSTMCell(tf.scalar(1), T2(filled(7, 16)), T1(filled(16)), T2(x), T2(c), T2(h)),
  ),
  on('multiRNNCell', [any(2, 3), any(2, 4), any(2, 4)], (x, c, h) => {
    const cell = (data: tf.Tensor2D, c1: tf.Tensor2D, h1: tf.Tensor2D): [tf.Tensor2D, tf.Tensor2D] =>
      tf.basicLSTMCell(tf.scalar(1), T2(filled(7, 16)), T1(filled(16)), data, c1, h1);
    const [cs, hs] = tf.multiRNNCell([cell], T2(x), [T2(c)], [T2(h)]);
    return [...cs, ...hs];
  }),
];

const CONVOLUTIONS: OperationCase[] = [
  on('conv1d', [any(null, null, 2)], x => tf.conv1d(T3(x), T3(filled(3, 2, 4)), 1, 'same')),
  on('conv2d', [IMAGES], x => tf.conv2d(T4(x), T4(filled(3, 3, 2, 4)), 2, 'same')),
  on(
    'conv2d',
    [IMAGES],
    x =>
      tf.conv2d(T4(x), T4(filled(2, 2, 2, 4)), 1, [
        [0, 0],
        [1, 0],
        [0, 1],
        [0, 0],
      ]),
    { about: 'explicit padding' },
  ),
  gradients('conv2d', [any(null, 5, 5, 2), any(3, 3, 2, 4)], (x, f) => tf.conv2d(T4(x), T4(f), 1, 'same')),
  on('conv2dTranspose', [any(null, 4, 4, 2)], x =>
    tf.conv2dTranspose(T4(x), T4(filled(3, 3, 5, 2)), [x!.shape[0]!, 8, 8, 5], 2, 'same'),
  ),
  gradients('conv2dTranspose', [any(null, 4, 4, 2), any(3, 3, 5, 2)], (x, f) =>
    tf.conv2dTranspose(T4(x), T4(f), [x!.shape[0]!, 8, 8, 5], 2, 'same'),
  ),
  on('conv3d', [any(null, 4, 4, 4, 2)], x => tf.conv3d(T5(x), T5(filled(3, 3, 3, 2, 3)), 1, 'same')),
  gradients('conv3d', [any(null, 3, 3, 3, 2), any(2, 2, 2, 2, 3)], (x, f) => tf.conv3d(T5(x), T5(f), 1, 'same')),
  on('conv3dTranspose', [any(null, 3, 3, 3, 2)], x =>
    tf.conv3dTranspose(T5(x), T5(filled(2, 2, 2, 3, 2)), [x!.shape[0]!, 6, 6, 6, 3], 2, 'same'),
  ),
  on('depthwiseConv2d', [IMAGES], x => tf.depthwiseConv2d(T4(x), T4(filled(3, 3, 2, 2)), 1, 'same')),
  gradients('depthwiseConv2d', [any(null, 5, 5, 2), any(3, 3, 2, 2)], (x, f) =>
    tf.depthwiseConv2d(T4(x), T4(f), 1, 'same'),
  ),
  on('separableConv2d', [IMAGES], x =>
    tf.separableConv2d(T4(x), T4(filled(3, 3, 2, 1)), T4(filled(1, 1, 2, 4)), 1, 'same'),
  ),
  on('dilation2d', [IMAGES], x => tf.dilation2d(T4(x), T3(filled(3, 3, 2)), 1, 'same')),
  gradients('dilation2d', [any(null, 5, 5, 2), any(3, 3, 2)], (x, f) => tf.dilation2d(T4(x), T3(f), 1, 'same')),
  on('fused.conv2d', [IMAGES], x =>
    tf.fused.conv2d({
      x: T4(x),
      filter: T4(filled(3, 3, 2, 4)),
      strides: 1,
      pad: 'same',
      bias: filled(4),
      activation: 'relu6',
    }),
  ),
  on('fused.depthwiseConv2d', [IMAGES], x =>
    tf.fused.depthwiseConv2d({
      x: T4(x),
      filter: T4(filled(3, 3, 2, 1)),
      strides: 1,
      pad: 'same',
      bias: filled(2),
      activation: 'relu',
    }),
  ),
  on('avgPool', [IMAGES], x => tf.avgPool(T4(x), 2, 2, 'same')),
  gradient('avgPool', any(null, 4, 4, 2), x => tf.avgPool(T4(x), 2, 2, 'same')),
  on('avgPool3d', [any(null, 4, 4, 4, 2)], x => tf.avgPool3d(T5(x), 2, 2, 'same')),
  gradient('avgPool3d', any(null, 4, 4, 4, 2), x => tf.avgPool3d(T5(x), 2, 2, 'same')),
  on('maxPool', [IMAGES], x => tf.maxPool(T4(x), 2, 2, 'same')),
  gradient('maxPool', any(null, 4, 4, 2), x => tf.maxPool(T4(x), 2, 2, 'same')),
  on('maxPool3d', [any(null, 4, 4, 4, 2)], x => tf.maxPool3d(T5(x), 2, 2, 'same')),
  gradient('maxPool3d', any(null, 4, 4, 4, 2), x => tf.maxPool3d(T5(x), 2, 2, 'same')),
  on('pool', [IMAGES], x => tf.pool(T4(x), 2, 'avg', 'same')),
  on('batchNorm', [IMAGES], x => tf.batchNorm(x!, filled(2), tf.ones([2]), filled(2), filled(2))),
  gradients('batchNorm', [any(null, 3, 3, 2), any(2), any(2), any(2)], (x, m, v, s) =>
    tf.batchNorm(x!, m!, v!, m!, s!),
  ),
  on('batchNorm2d', [MATRIX], x => tf.batchNorm2d(T2(x), T1(filled(3)), T1(tf.ones([3])))),
  on('batchNorm3d', [any(null, 2, 3)], x => tf.batchNorm3d(T3(x), T1(filled(3)), T1(tf.ones([3])))),
  on('batchNorm4d', [any(null, 2, 2, 3)], x => tf.batchNorm4d(T4(x), T1(filled(3)), T1(tf.ones([3])))),
  on('localResponseNormalization', [any(null, 3, 3, 4)], x => tf.localResponseNormalization(T4(x))),
  gradient('localResponseNormalization', any(null, 3, 3, 4), x => tf.localResponseNormalization(T4(x))),
];

const IMAGE: OperationCase[] = [
  on('image.flipLeftRight', [any(null, 4, 4, 3)], x => tf.image.flipLeftRight(T4(x))),
  on('image.grayscaleToRGB', [any(null, null, null, 1)], x => tf.image.grayscaleToRGB(T4(x))),
  on('image.rgbToGrayscale', [any(null, null, null, 3)], x => tf.image.rgbToGrayscale(T4(x))),
  on('image.resizeBilinear', [any(null, null, null, 3)], x => tf.image.resizeBilinear(T4(x), [7, 5])),
  on('image.resizeBilinear', [any(null, 4, 4, 1)], x => tf.image.resizeBilinear(T4(x), [8, 8], false, true), {
    about: 'half-pixel centers',
  }),
  gradient('image.resizeBilinear', any(null, 4, 4, 3), x => tf.image.resizeBilinear(T4(x), [7, 5])),
  on('image.resizeNearestNeighbor', [any(null, null, null, 3)], x => tf.image.resizeNearestNeighbor(T4(x), [7, 5])),
  gradient('image.resizeNearestNeighbor', any(null, 4, 4, 3), x => tf.image.resizeNearestNeighbor(T4(x), [7, 5])),
  on('image.cropAndResize', [any(null, 6, 6, 1), any(2, 4)], (x, boxes) =>
    tf.image.cropAndResize(T4(x), T2(boxes), tf.tensor1d([0, 0], 'int32'), [3, 3]),
  ),
  on('image.nonMaxSuppression', [any(5, 4), any(5)], (boxes, scores) =>
    tf.image.nonMaxSuppression(T2(boxes), T1(scores), 3),
  ),
  on(
    'image.nonMaxSuppressionWithScore',
    [any(5, 4), any(5)],
    (boxes, scores) => tf.image.nonMaxSuppressionWithScore(T2(boxes), T1(scores), 3) as Record<string, tf.Tensor>,
  ),
  on(
    'image.nonMaxSuppressionPadded',
    [any(5, 4), any(5)],
    (boxes, scores) =>
      tf.image.nonMaxSuppressionPadded(T2(boxes), T1(scores), 3, 0.5, 0, true) as Record<string, tf.Tensor>,
  ),
  on('image.threshold', [within([0, 255], int(4, 4, 1))], x => tf.image.threshold(T3(x), 'binary', false, 0.5)),
  on('string.staticRegexReplace', [{ dtype: 'string', shape: [null] }], x =>
    tf.string.staticRegexReplace(x!, 'a', 'b'),
  ),
];

type Loss = (labels: tf.Tensor, predictions: tf.Tensor) => tf.Tensor;
const LOSSES: readonly (readonly [string, Loss])[] = [
  ['losses.absoluteDifference', tf.losses.absoluteDifference],
  ['losses.cosineDistance', (a, b) => tf.losses.cosineDistance(a, b, 1)],
  ['losses.hingeLoss', tf.losses.hingeLoss],
  ['losses.huberLoss', tf.losses.huberLoss],
  ['losses.logLoss', tf.losses.logLoss],
  ['losses.meanSquaredError', tf.losses.meanSquaredError],
  ['losses.sigmoidCrossEntropy', tf.losses.sigmoidCrossEntropy],
  ['losses.softmaxCrossEntropy', tf.losses.softmaxCrossEntropy],
];

const TRAINING: OperationCase[] = [
  ...LOSSES.flatMap(([name, loss]) => [
    on(name, [MATRIX, MATRIX], (a, b) => loss(a!, b!)),
    {
      name,
      about: 'gradient',
      inputs: [MATRIX, MATRIX],
      fn: (a, b) => tf.grad(x => loss(a!, x))(b!),
    } satisfies OperationCase,
  ]),
  on('losses.computeWeightedLoss', [MATRIX], x => tf.losses.computeWeightedLoss(x!, tf.tensor1d([1, 2, 3]))),
  on('grad', [MATRIX], x => tf.grad(y => y.square().sum())(x!)),
  on('grads', [MATRIX, any(3)], (x, w) => tf.grads((a: tf.Tensor, b: tf.Tensor) => a.mul(b).sum())([x!, w!])),
  on('valueAndGrad', [MATRIX], x => tf.valueAndGrad(y => y.square().sum())(x!)),
  on('valueAndGrads', [MATRIX, any(3)], (x, w) => {
    const { value, grads } = tf.valueAndGrads((a: tf.Tensor, b: tf.Tensor) => a.mul(b).sum())([x!, w!]);
    return [value, ...grads];
  }),
  on('customGrad', [MATRIX], x => {
    const cube = tf.customGrad((y, save) => {
      (save as tf.GradSaveFunc)([y as tf.Tensor]);
      return {
        value: tf.pow(y as tf.Tensor, 3),
        gradFunc: (dy: tf.Tensor, [z]: tf.Tensor[]) => [dy.mul(z!.square().mul(3))],
      };
    });
    return tf.grad(y => cube(y))(x!);
  }),
];

const BYTES = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'));
const PNG = BYTES('iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAIAAAB7QOjdAAAAD0lEQVQIHWM4wSXH8D8KAAe5AkpnesNqAAAAAElFTkSuQmCC');
const GIF = BYTES('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7');
const JPEG = BYTES(
  `/9j/4AAQSkZJRgABAQEBLAEsAAD/2wBDAP${'/'.repeat(86)}wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAAv/E` +
    'ABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AT//Z',
);
/** One pixel of 24 bits. */
const BMP = Uint8Array.from([
  ...[0x42, 0x4d, 58, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 40, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 24, 0],
  ...[0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 20, 30, 0],
]);

/** Images that are part of the function; those of an input would be strings, which TensorFlow.js cannot decode. */
const FILES: OperationCase[] = [
  on('node.decodeImage', [any(null, 2, 3)], x => x!.add(tf.node.decodeImage(PNG))),
  on('node.decodePng', [any(null, 2, 3)], x => x!.add(tf.node.decodePng(PNG))),
  on('node.decodeGif', [any(null, 1, 3)], x => x!.add(tf.node.decodeGif(GIF))),
  on('node.decodeJpeg', [any(null, 1, 1)], x => x!.add(tf.node.decodeJpeg(JPEG))),
  on('node.decodeBmp', [any(null, 1, 3)], x => x!.add(tf.node.decodeBmp(BMP))),
  on('browser.fromPixels', [any(null, 1, 3)], x =>
    x!.add(tf.browser.fromPixels({ data: Uint8Array.from([1, 2, 3, 4]), width: 1, height: 1 })),
  ),
];

const OPTIMIZERS: readonly (readonly [string, () => tf.Optimizer])[] = [
  ['train.sgd', () => tf.train.sgd(0.1)],
  ['train.momentum', () => tf.train.momentum(0.1, 0.9)],
  ['train.rmsprop', () => tf.train.rmsprop(0.1, 0.9, 0.5, 1e-7, true)],
  ['train.adam', () => tf.train.adam(0.1)],
  ['train.adadelta', () => tf.train.adadelta(0.1)],
  ['train.adamax', () => tf.train.adamax(0.1)],
  ['train.adagrad', () => tf.train.adagrad(0.1)],
];

/** The variables are made when `fn` is traced. */
const STEPS: OperationCase[] = [
  ...OPTIMIZERS.map(([name, make]) => {
    const optimizer = make();
    let weight: tf.Variable | undefined;
    return on(name, [MATRIX], x => {
      weight ??= tf.variable(tf.tensor1d([1, 2, 3]));
      return optimizer.minimize(() => weight!.mul(x!).square().mean() as tf.Scalar, true)!;
    });
  }),
  (() => {
    let weight: tf.Variable | undefined;
    return on('variable', [MATRIX], x => {
      weight ??= tf.variable(tf.tensor1d([1, 2, 3]));
      weight.assign(weight.add(1));
      return x!.mul(weight);
    });
  })(),
  (() => {
    let weight: tf.Variable | undefined;
    return on('variableGrads', [MATRIX], x => {
      weight ??= tf.variable(tf.tensor1d([1, 2, 3]));
      const { value, grads } = tf.variableGrads(() => weight!.mul(x!).sum() as tf.Scalar, [weight]);
      return [value, ...Object.values(grads)];
    });
  })(),
];

export const OPERATIONS: readonly OperationCase[] = [
  ...ELEMENTWISE,
  ...REDUCING,
  ...SHAPES,
  ...MAKING,
  ...MATRICES,
  ...CONVOLUTIONS,
  ...IMAGE,
  ...TRAINING,
  ...FILES,
  ...STEPS.map(step => ({ ...step, isStep: true })),
];

/** Why a function of TensorFlow.js does not become a graph, and a function that tries it. */
export interface Untraced {
  readonly reason: string;
  /** Left out: it does not compute on tensors while a function runs. */
  readonly fn?: (x: tf.Tensor) => unknown;
}

const READS = 'reads values: what comes out has a size that depends on them';
const JAVASCRIPT = 'is computed in JavaScript';
const NO_KERNEL = 'TensorFlow.js for Node has no kernel for it';
const PICTURE = 'reads values, to make a file or a picture';

export const UNTRACED: Readonly<Record<string, Untraced>> = {
  booleanMaskAsync: { reason: READS, fn: x => tf.booleanMaskAsync(x, x.greater(0)) },
  whereAsync: { reason: READS, fn: x => tf.whereAsync(x.greater(0)) },
  setdiff1dAsync: { reason: READS, fn: x => tf.setdiff1dAsync(x.flatten(), x.flatten()) },
  inTopKAsync: { reason: JAVASCRIPT, fn: x => tf.inTopKAsync(x, tf.zeros([x.shape[0]!], 'int32'), 1) },
  'image.nonMaxSuppressionAsync': {
    reason: JAVASCRIPT,
    fn: x => tf.image.nonMaxSuppressionAsync(boxes(x), scores(x), 1),
  },
  'image.nonMaxSuppressionWithScoreAsync': {
    reason: JAVASCRIPT,
    fn: x => tf.image.nonMaxSuppressionWithScoreAsync(boxes(x), scores(x), 1),
  },
  'image.nonMaxSuppressionPaddedAsync': {
    reason: JAVASCRIPT,
    fn: x => tf.image.nonMaxSuppressionPaddedAsync(boxes(x), scores(x), 1),
  },
  print: { reason: 'reads values, to print them', fn: x => tf.print(x) },
  rand: { reason: JAVASCRIPT, fn: x => x.mul(tf.rand([1], () => Math.random())) },
  randomGamma: { reason: JAVASCRIPT, fn: x => x.mul(tf.randomGamma([1], 2)) },
  'browser.toPixels': { reason: PICTURE, fn: x => tf.browser.toPixels(T2(x)) },
  'browser.draw': { reason: NO_KERNEL },
  'browser.fromPixelsAsync': { reason: 'is asynchronous' },
  'node.encodeJpeg': {
    reason: PICTURE,
    fn: x => tf.node.encodeJpeg(x.reshape([-1, 1, 1]).cast('int32') as tf.Tensor3D),
  },
  'node.encodePng': { reason: PICTURE, fn: x => tf.node.encodePng(x.reshape([-1, 1, 1]).cast('int32') as tf.Tensor3D) },
  'node.loadSavedModel': { reason: 'the operations of another SavedModel are not seen' },
  'node.summaryFileWriter': { reason: 'writes files' },
  bitwiseAnd: { reason: NO_KERNEL, fn: x => tf.bitwiseAnd(x.cast('int32'), x.cast('int32')) },
  denseBincount: {
    reason: NO_KERNEL,
    fn: x => tf.denseBincount(T1(x.cast('int32').flatten()), T1(tf.tensor1d([])), 3),
  },
  lowerBound: { reason: NO_KERNEL, fn: x => tf.lowerBound(x, x) },
  upperBound: { reason: NO_KERNEL, fn: x => tf.upperBound(x, x) },
  searchSorted: { reason: NO_KERNEL, fn: x => tf.searchSorted(x, x) },
  maxPoolWithArgmax: { reason: NO_KERNEL, fn: x => tf.maxPoolWithArgmax(picture(x), 2, 2, 'same').result },
  'image.rotateWithOffset': { reason: NO_KERNEL, fn: x => tf.image.rotateWithOffset(picture(x), 1) },
  'image.transform': { reason: NO_KERNEL, fn: x => tf.image.transform(picture(x), T2(tf.ones([1, 8]))) },
  raggedGather: { reason: NO_KERNEL },
  raggedRange: { reason: NO_KERNEL, fn: x => tf.raggedRange(x.flatten(), x.flatten(), x.flatten()) },
  raggedTensorToTensor: { reason: NO_KERNEL },
  'sparse.sparseFillEmptyRows': { reason: NO_KERNEL },
  'sparse.sparseReshape': { reason: NO_KERNEL },
  'sparse.sparseSegmentMean': { reason: NO_KERNEL },
  'sparse.sparseSegmentSum': { reason: NO_KERNEL },
  'string.stringNGrams': { reason: NO_KERNEL },
  'string.stringSplit': { reason: NO_KERNEL, fn: () => tf.string.stringSplit(tf.tensor1d(['a b']), ' ') },
  'string.stringToHashBucketFast': { reason: NO_KERNEL },
};

const boxes = (x: tf.Tensor): tf.Tensor2D => T2(x.flatten().slice([0], [4]).reshape([1, 4]));
const scores = (x: tf.Tensor): tf.Tensor1D => T1(x.flatten().slice([0], [1]));
const picture = (x: tf.Tensor): tf.Tensor4D => T4(x.reshape([1, -1, 1, 1]));

/** Functions that compute nothing. */
export const NO_OPERATIONS: ReadonlySet<string> = new Set(
  `backend copyRegisteredKernels deprecationWarn deregisterOp disableDeprecationWarnings dispose disposeVariables
  enableDebugMode enableProdMode enclosingPowerOfTwo engine env findBackend findBackendFactory forceHalfFloat getBackend
  getGradient getKernel getKernelsForBackend input keep loadGraphModel loadGraphModelSync loadLayersModel memory model
  nextFrame node.getMetaGraphsFromSavedModel node.getNumOfSavedModels node.tensorBoard op profile ready registerBackend
  registerCallbackConstructor registerGradient registerKernel registerOp removeBackend sequential setBackend setPlatform
  setWebGLContext sumOutType tidy time train unregisterGradient unregisterKernel upcastType`.split(/\s+/),
);
