/** Layers that change values one by one, or combine them. */
import {
  add,
  cast,
  exp,
  max,
  maximum,
  mean,
  minimum,
  mul,
  rsqrt,
  square,
  step,
  sub,
  sum,
  type Tensor,
  tensor,
} from '../../../tfjs-core.js';
import type { AddedKind, Shape } from './added-layer.js';

const sameShape = ([shape]: readonly Shape[]): Shape => shape!;

/** Of two shapes, from their ends, as values are combined. */
export function broadcast(a: Shape, b: Shape): Shape {
  const [long, short] = a.length >= b.length ? [a, b] : [b, a];
  const offset = long.length - short.length;
  return long.map((size, i) => {
    const other = i < offset ? 1 : short[i - offset]!;
    return size === 1 ? other : (size ?? (other === 1 ? null : other));
  });
}

const subtract: AddedKind = {
  options: {},
  compute: ([a, b]) => sub(a!, b!),
  shape: shapes => {
    if (shapes.length !== 2) throw new Error(`Subtract takes two inputs, not ${shapes.length}`);
    return broadcast(shapes[0]!, shapes[1]!);
  },
  passesMasks: true,
};

/** A number for all, or one for each channel. */
function channels(value: unknown): Tensor {
  return tensor(value as number | number[], undefined, 'float32');
}

const rescaling: AddedKind = {
  options: { scale: 1, offset: 0 },
  compute: ([x], { scale, offset }) => add(mul(cast(x!, 'float32'), channels(scale)), channels(offset)),
  shape: ([shape], { scale, offset }) => {
    const sizes = [scale, offset].flatMap(value => (Array.isArray(value) ? [[value.length]] : []));
    return sizes.reduce(broadcast, shape!);
  },
  passesMasks: true,
};

/** 1 where a value is above another one, else 0; unlike a comparison, TensorFlow.js can derive through it. */
function isAbove(x: Tensor, from: number): Tensor {
  return step(sub(x, from));
}

const relu: AddedKind = {
  options: { maxValue: null, negativeSlope: 0, threshold: 0 },
  compute: ([x], { maxValue, negativeSlope, threshold }) => {
    const [slope, from] = [negativeSlope as number, threshold as number];
    const above = isAbove(x!, from);
    const made = add(mul(x!, above), mul(mul(sub(x!, from), slope), sub(1, above)));
    return maxValue === null ? made : minimum(made, maxValue as number);
  },
  shape: sameShape,
  passesMasks: true,
};

const elu: AddedKind = {
  options: { alpha: 1 },
  compute: ([x], { alpha }) => add(maximum(x!, 0), mul(sub(exp(minimum(x!, 0)), 1), alpha as number)),
  shape: sameShape,
  passesMasks: true,
};

const unitNormalization: AddedKind = {
  options: { axis: -1 },
  compute: ([x], { axis }) => mul(x!, rsqrt(maximum(sum(square(x!), axis as number | number[], true), 1e-12))),
  shape: sameShape,
  passesMasks: true,
};

/** Over the axes between the first and the last. */
function pooling(rank: number, pool: (x: Tensor, axes: number[], keepDims: boolean) => Tensor): AddedKind {
  const axes = Array.from({ length: rank }, (_, i) => i + 1);
  return {
    options: { keepdims: false, dataFormat: 'channelsLast' },
    compute: ([x], { keepdims }) => pool(x!, axes, keepdims === true),
    shape: ([shape], { keepdims }) => {
      if (shape!.length !== rank + 2) throw new Error(`the input has ${shape!.length} dimensions, not ${rank + 2}`);
      return [shape![0]!, ...(keepdims === true ? axes.map(() => 1) : []), shape![rank + 1]!];
    },
  };
}

function pools(prefix: string, rank: number): (readonly [string, AddedKind])[] {
  return [
    [`${prefix}GlobalAveragePooling${rank}D`, pooling(rank, (x, axes, keep) => mean(x, axes, keep))],
    [`${prefix}GlobalMaxPooling${rank}D`, pooling(rank, (x, axes, keep) => max(x, axes, keep))],
  ];
}

/** What a class with `Keras` before its name has, beside TensorFlow.js's class without it, are more options. */
export const VALUES: readonly (readonly [className: string, kind: AddedKind])[] = [
  ['Subtract', subtract],
  ['UnitNormalization', unitNormalization],
  ['KerasRescaling', rescaling],
  ['KerasReLU', relu],
  ['KerasELU', elu],
  ...pools('Keras', 1),
  ...pools('Keras', 2),
  ...pools('', 3),
];
