/** A value as a variable takes it: a dataset as it is, or made of one or several in another layout. */
import { sizeOf } from '../../../format/shape.js';
import type { Hdf5Dataset, Hdf5DType } from '../../../hdf5/hdf5-file.js';

export interface StoredValue {
  /** Path of the dataset, or of the first of several. */
  readonly key: string;
  readonly datasets: readonly Hdf5Dataset[];
  readonly shape: readonly number[];
  /** The type of all the datasets; 'unknown' if they differ. */
  readonly dtype: Hdf5DType;
  /** Makes the elements of those of the datasets, as float32. Left out if the value is the dataset. */
  readonly make?: (elements: readonly Float32Array[]) => Float32Array;
}

export function plainValue(key: string, dataset: Hdf5Dataset): StoredValue {
  return { key, datasets: [dataset], shape: dataset.shape, dtype: dataset.dtype };
}

/** With the elements of each value changed, and then those of all made into one. */
export function madeOf(
  values: readonly StoredValue[],
  shape: readonly number[],
  make: (elements: readonly Float32Array[]) => Float32Array,
): StoredValue {
  const [first] = values;
  const isSame = values.every(({ dtype }) => dtype === first!.dtype);
  return {
    key: first!.key,
    datasets: values.flatMap(({ datasets }) => datasets),
    shape,
    dtype: isSame ? first!.dtype : 'unknown',
    make: elements => {
      let at = 0;
      const inner = values.map(value => {
        const own = elements.slice(at, at + value.datasets.length);
        at += own.length;
        return value.make?.(own) ?? own[0]!;
      });
      return make(inner);
    },
  };
}

/** With its dimensions in another order, as numpy's `transpose`. */
export function transposed(value: StoredValue, order: readonly number[]): StoredValue {
  const { shape } = value;
  const result = order.map(axis => shape[axis]!);
  const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  return madeOf([value], result, ([elements]) => {
    const made = new Float32Array(elements!.length);
    const index = result.map(() => 0);
    for (let at = 0, from = 0; at < made.length; at++) {
      made[at] = elements![from]!;
      for (let axis = result.length - 1; axis >= 0; axis--) {
        from += strides[order[axis]!]!;
        if (++index[axis]! < result[axis]!) break;
        from -= strides[order[axis]!]! * result[axis]!;
        index[axis] = 0;
      }
    }
    return made;
  });
}

/** The same elements in another shape. */
export function reshaped(value: StoredValue, shape: readonly number[]): StoredValue {
  return madeOf([value], shape, ([elements]) => elements!);
}

/** Joined along the last dimension. */
export function joinedAtEnd(values: readonly StoredValue[]): StoredValue {
  const widths = values.map(({ shape }) => shape.at(-1) ?? 1);
  const width = widths.reduce((sum, one) => sum + one, 0);
  const outer = values[0]!.shape.slice(0, -1);
  return madeOf(values, [...outer, width], parts => {
    const made = new Float32Array(sizeOf(outer) * width);
    let start = 0;
    parts.forEach((part, i) => {
      const own = widths[i]!;
      for (let row = 0; own > 0 && row * own < part.length; row++) {
        made.set(part.subarray(row * own, (row + 1) * own), row * width + start);
      }
      start += own;
    });
    return made;
  });
}

/** Columns `start` to `end` of a value of two dimensions. */
export function columns(value: StoredValue, start: number, end: number): StoredValue {
  const [rows, width] = value.shape as [number, number];
  return madeOf([value], [rows, end - start], ([elements]) => {
    const made = new Float32Array(rows * (end - start));
    for (let row = 0; row < rows; row++) {
      made.set(elements!.subarray(row * width + start, row * width + end), row * (end - start));
    }
    return made;
  });
}
