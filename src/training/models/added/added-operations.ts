/** Operations between layers, such as `x * 2 + y`: one layer for all of them. */
import {
  abs,
  add,
  clipByValue,
  concat,
  cos,
  div,
  elu,
  exp,
  expandDims,
  leakyRelu,
  log,
  logSigmoid,
  max,
  maximum,
  mean,
  min,
  minimum,
  mul,
  neg,
  pow,
  relu,
  relu6,
  reshape,
  rsqrt,
  sigmoid,
  sin,
  softmax,
  softplus,
  sqrt,
  square,
  squeeze,
  sub,
  sum,
  type Tensor,
  tanh,
  tensor,
  zeros,
} from '../../../tfjs-core.js';
import { hardSigmoid, hardSilu } from './added-activations.js';
import type { AddedKind, Options, Shape } from './added-layer.js';
import { OPERATION_LAYER } from './added-names.js';
import { broadcast } from './added-values.js';

interface Operation {
  compute(operands: readonly Tensor[], options: Options): Tensor;
  shape(operands: readonly Shape[], options: Options): Shape;
}

const both = (compute: (a: Tensor, b: Tensor) => Tensor): Operation => ({
  compute: ([a, b]) => compute(a!, b!),
  shape: ([a, b]) => broadcast(a!, b!),
});
const each = (compute: (x: Tensor, options: Options) => Tensor): Operation => ({
  compute: ([x], options) => compute(x!, options),
  shape: ([shape]) => shape!,
});
/** Over some axes. */
const over = (compute: (x: Tensor, axis?: number | number[], keepDims?: boolean) => Tensor): Operation => ({
  compute: ([x], { axis, keepdims }) => compute(x!, (axis ?? undefined) as number | number[], keepdims === true),
  shape: ([shape], { axis, keepdims }) => {
    const all = shape!.map((_, i) => i);
    const given = axis === null || axis === undefined ? all : [axis as number | number[]].flat();
    const axes = given.map(one => (one < 0 ? one + shape!.length : one));
    return shape!.flatMap((length, i) => (axes.includes(i) ? (keepdims === true ? [1] : []) : [length]));
  },
});

/** The shape of what is computed, whose batch is not known: as of a batch of one. */
const tried = (compute: Operation['compute']): Operation => ({
  compute,
  shape: (shapes, options) => {
    const made = compute(
      shapes.map(shape => zeros(shape.map(length => length ?? 1))),
      options,
    );
    const [first] = made.shape;
    return first === 1 && shapes[0]![0] === null ? [null, ...made.shape.slice(1)] : made.shape;
  },
});

/** By the names of Keras's classes, with a small first letter: TensorFlow.js changes other names when it saves them. */
const OPERATIONS: Readonly<Record<string, Operation>> = {
  add: both(add),
  subtract: both(sub),
  multiply: both(mul),
  divide: both(div),
  trueDivide: both(div),
  maximum: both(maximum),
  minimum: both(minimum),
  power: both(pow),
  negative: each(neg),
  absolute: each(abs),
  abs: each(abs),
  square: each(square),
  sqrt: each(sqrt),
  rsqrt: each(rsqrt),
  exp: each(exp),
  log: each(log),
  sin: each(sin),
  cos: each(cos),
  tanh: each(tanh),
  sigmoid: each(sigmoid),
  relu: each(relu),
  relu6: each(relu6),
  elu: each(elu),
  silu: each(x => mul(x, sigmoid(x))),
  softplus: each(softplus),
  logSigmoid: each(logSigmoid),
  hardSigmoid: each(hardSigmoid),
  hardSilu: each(hardSilu),
  leakyRelu: each((x, { negativeSlope }) => leakyRelu(x, (negativeSlope as number) ?? 0.2)),
  softmax: each((x, { axis }) => softmax(x, (axis as number) ?? -1)),
  clip: each((x, { xMin, xMax }) => clipByValue(x, xMin as number, xMax as number)),
  mean: over(mean),
  sum: over(sum),
  max: over(max),
  min: over(min),
  reshape: tried(([x], { newshape }) => {
    const shape = (newshape as (number | null)[]).map(size => size ?? -1);
    return reshape(x!, shape[0] === 1 && x!.shape[0] !== 1 ? [-1, ...shape.slice(1)] : shape);
  }),
  expandDims: tried(([x], { axis }) => expandDims(x!, axis as number)),
  squeeze: tried(([x], { axis }) =>
    squeeze(x!, axis === null || axis === undefined ? undefined : [axis as number].flat()),
  ),
  concatenate: tried((all, { axis }) => concat([...all], axis as number)),
};

export function isKnownOperation(name: string): boolean {
  return Object.hasOwn(OPERATIONS, name);
}

/** Operands are in their order: null for the next input, everything else is a constant. */
function operands<T>(
  inputs: readonly T[],
  { operands: given }: Options,
  constant: (value: unknown) => T,
): readonly T[] {
  const left = [...inputs];
  return (given as readonly unknown[]).map(value => (value === null ? left.shift()! : constant(value)));
}

const operation: AddedKind = {
  options: {
    operation: null,
    operands: [null],
    axis: null,
    keepdims: false,
    newshape: null,
    xMin: null,
    xMax: null,
    negativeSlope: null,
  },
  compute: (inputs, options) => {
    const type = inputs[0]!.dtype;
    const all = operands(inputs, options, value =>
      tensor(value as number, undefined, type === 'int32' ? type : 'float32'),
    );
    return OPERATIONS[options.operation as string]!.compute(all, options);
  },
  shape: (inputs, options) => {
    const all = operands(inputs, options, value => sizesOf(value));
    return OPERATIONS[options.operation as string]!.shape(all, options);
  },
};

function sizesOf(value: unknown): Shape {
  return Array.isArray(value) ? [value.length, ...sizesOf(value[0])] : [];
}

export const OPERATION: readonly [className: string, kind: AddedKind] = [OPERATION_LAYER, operation];
