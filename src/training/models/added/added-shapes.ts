/** Layers that pad, cut and enlarge. */
import { image, pad, reshape, slice, type Tensor, tile } from '../../../tfjs-core.js';
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

function upSampling(rank: number): AddedKind {
  return {
    options: { size: 2, dataFormat: 'channelsLast' },
    compute: ([x], { size }) => sizes(size, rank).reduce((made, times, i) => repeated(made, i + 1, times), x!),
    shape: ([shape], { size }) => resized(shape!, rank, (length, i) => length * sizes(size, rank)[i]!),
  };
}

/** TensorFlow.js has other places for the values between the pixels. */
const bilinear: AddedKind = {
  options: { size: [2, 2], dataFormat: 'channelsLast', interpolation: 'bilinear' },
  compute: ([x], { size }) => {
    const [height, width] = sizes(size, 2).map((times, i) => x!.shape[i + 1]! * times) as [number, number];
    return image.resizeBilinear(x as Parameters<typeof image.resizeBilinear>[0], [height, width], false, true);
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
  ['KerasUpSampling2D', bilinear],
];
