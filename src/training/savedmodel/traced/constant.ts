/** Tensors whose values become part of the function. */
import type { Constant, Place } from '../graphs/graph.js';

const TEXT = new TextEncoder();

/** Copies the values. */
export function constantOf(shape: readonly number[], dtype: number, values: unknown, place?: Place): Constant {
  const data = ArrayBuffer.isView(values) ? bytesOf(values) : (values as readonly (Uint8Array | string)[]).map(textOf);
  return {
    kind: 'constant',
    shape: [...shape],
    dtype,
    data,
    outputs: [{ dtype, shape: [...shape] }],
    ...(place && { place }),
  };
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer);
}

function textOf(value: Uint8Array | string): Uint8Array {
  return typeof value === 'string' ? TEXT.encode(value) : Uint8Array.from(value);
}
