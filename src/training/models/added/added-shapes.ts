/** Layers that pad, cut and enlarge. */
import { matMul, pad, reshape, slice, type Tensor, tensor, tile } from '../../../tfjs-core.js';
import type { AddedKind, Shape } from './added-layer.js';

type Pairs = readonly (readonly [number, number])[];

/** How many at both ends of each dimension between the first and the last. */
function pairs(value: unknown, rank: number): Pairs {
  if (typeof value === 'number') return Array.from({ length: rank }, () => [value, value] as const);
  const list = value as readonly (number | readonly [number, number])[];
  if (rank === 1 && typeof list[0] === 'number') return [[list[0], list[1] as number]];
  return list.map(one => (typeof one === 'number' ? [one, one] : one));
}

function resized(shape: Shape, rank: number, size: (length: number, dimension: number) => number): Shape {
  if (shape.length !== rank + 2) throw new Error(`the input has ${shape.length} dimensions, not ${rank + 2}`);
  return shape.map((length, i) => (i === 0 || i > rank || length === null ? length : size(length, i - 1)));
}

function zeroPadding(rank: number): AddedKind {
  return {
    options: { padding: 1, dataFormat: 'channelsLast' },
    compute: ([x], { padding }) => pad(x!, [[0, 0], ...pairs(padding, rank), [0, 0]] as [number, number][]),
    shape: ([shape], { padding }) =>
      resized(shape!, rank, (length, i) => length + pairs(padding, rank)[i]![0] + pairs(padding, rank)[i]![1]),
  };
}

function cropping(rank: number): AddedKind {
  const cut = (shape: Shape, value: unknown): Shape =>
    resized(shape, rank, (length, i) => length - pairs(value, rank)[i]![0] - pairs(value, rank)[i]![1]);
  return {
    options: { cropping: 1, dataFormat: 'channelsLast' },
    compute: ([x], { cropping: value }) =>
      slice(x!, [0, ...pairs(value, rank).map(([start]) => start), 0], cut(x!.shape, value) as number[]),
    shape: ([shape], { cropping: value }) => cut(shape!, value),
  };
}

function sizes(value: unknown, rank: number): readonly number[] {
  const list = typeof value === 'number' ? Array.from({ length: rank }, () => value) : (value as readonly number[]);
  return rank > list.length ? Array.from({ length: rank }, () => list[0]!) : list;
}

/** Each value, repeated along an axis. */
function repeated(x: Tensor, axis: number, times: number): Tensor {
  const shape = x.shape.slice();
  const apart = reshape(x, [...shape.slice(0, axis + 1), 1, ...shape.slice(axis + 1)]);
  const reps = apart.shape.map((_, i) => (i === axis + 1 ? times : 1));
  return reshape(
    tile(apart, reps),
    shape.map((length, i) => (i === axis ? length * times : length)),
  );
}

/** TensorFlow.js's own layer does not compute an unknown size as long as that of the batch is unknown. */
const reshaping: AddedKind = {
  options: { targetShape: null },
  compute: ([x], { targetShape }) => reshape(x!, [x!.shape[0]!, ...(targetShape as Shape).map(size => size ?? -1)]),
  shape: ([shape], { targetShape }) => {
    const [batch, ...given] = shape!;
    const target = targetShape as Shape;
    const product = (sizes: Shape): number => sizes.reduce<number>((made, size) => made * (size ?? Number.NaN), 1);
    const known = product(target.filter(size => size !== -1 && size !== null));
    const rest = product(given) / known;
    const size = Number.isInteger(rest) ? rest : null;
    return [batch!, ...target.map(one => (one === -1 || one === null ? size : one))];
  },
};

function upSampling(rank: number): AddedKind {
  return {
    options: { size: 2, dataFormat: 'channelsLast' },
    compute: ([x], { size }) => sizes(size, rank).reduce((made, times, i) => repeated(made, i + 1, times), x!),
    shape: ([shape], { size }) => resized(shape!, rank, (length, i) => length * sizes(size, rank)[i]!),
  };
}

/** How much each of `length` values counts for each of the new ones, between whose centres they lie. */
function weights(length: number, times: number): Tensor {
  const rows = Array.from({ length: length * times }, (_, i) => {
    const place = Math.min(Math.max((i + 0.5) / times - 0.5, 0), length - 1);
    const before = Math.floor(place);
    const row = new Array<number>(length).fill(0);
    row[before] = 1 - (place - before);
    if (before + 1 < length) row[before + 1] = place - before;
    return row;
  });
  return tensor([rows], undefined, 'float32');
}

/**
 * TensorFlow.js's own has other places for the values between the pixels; and its `resizeBilinear`, which knows Keras's
 * places, forgets them in the gradient.
 */
const bilinear: AddedKind = {
  options: { size: [2, 2], dataFormat: 'channelsLast', interpolation: 'bilinear' },
  compute: ([x], { size }) => {
    const [batch, height, width, channels] = x!.shape as [number, number, number, number];
    const [down, across] = sizes(size, 2) as [number, number];
    const tall = matMul(weights(height, down), reshape(x!, [batch, height, width * channels]));
    const wide = matMul(weights(width, across), reshape(tall, [batch * height * down, width, channels]));
    return reshape(wide, [batch, height * down, width * across, channels]);
  },
  shape: ([shape], { size }) => resized(shape!, 2, (length, i) => length * sizes(size, 2)[i]!),
};

export const SHAPES: readonly (readonly [className: string, kind: AddedKind])[] = [
  ['ZeroPadding1D', zeroPadding(1)],
  ['ZeroPadding3D', zeroPadding(3)],
  ['Cropping1D', cropping(1)],
  ['Cropping3D', cropping(3)],
  ['UpSampling1D', upSampling(1)],
  ['UpSampling3D', upSampling(3)],
  ['KerasReshape', reshaping],
  ['KerasUpSampling2D', bilinear],
];
