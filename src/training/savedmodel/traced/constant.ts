/** Tensors whose values become part of the function. */
import { TextEncoder } from 'node:util';
import type { Constant, Place } from '../graphs/graph.js';

/** The values as a Constant has them. */
type ConstantData = Constant['data'];

/**
 * Values of tensors that were there before the function ran, by their `dataId`. All recordings of one function can
 * share it.
 */
export type ConstantCache = WeakMap<object, ConstantData>;

const TEXT = new TextEncoder();

export function constantOf(shape: readonly number[], dtype: number, data: ConstantData, place?: Place): Constant {
  return {
    kind: 'constant',
    shape: [...shape],
    dtype,
    data,
    outputs: [{ dtype, shape: [...shape] }],
    ...(place && { place }),
  };
}

/** `isOwn`: nobody else has the values. Otherwise they are copied. */
export function dataOf(values: unknown, isOwn = false): ConstantData {
  if (!ArrayBuffer.isView(values)) return (values as readonly (Uint8Array | string)[]).map(textOf);
  const { buffer, byteOffset, byteLength } = values;
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  return isOwn ? bytes : bytes.slice();
}

function textOf(value: Uint8Array | string): Uint8Array {
  return typeof value === 'string' ? TEXT.encode(value) : Uint8Array.from(value);
}
