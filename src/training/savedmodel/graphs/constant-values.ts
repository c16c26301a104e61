/** Constants as numbers, and numbers as constants. Types are numbers of types.proto. */
import type { Constant, OutputType, Place } from './graph.js';
import { BOOL, FLOAT, INT32 } from './type-numbers.js';

/** Null if its values are not numbers of 32 bits or booleans: nothing is computed for other types. */
export function numbersOf({ dtype, data }: Constant): Float32Array | Int32Array | Uint8Array | null {
  if (!isBytes(data)) return null;
  if (dtype === BOOL) return data;
  if (dtype !== FLOAT && dtype !== INT32) return null;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const numbers = dtype === FLOAT ? new Float32Array(data.length / 4) : new Int32Array(data.length / 4);
  for (let i = 0; i < numbers.length; i++) {
    numbers[i] = dtype === FLOAT ? view.getFloat32(4 * i, true) : view.getInt32(4 * i, true);
  }
  return numbers;
}

export function numberConstant(
  dtype: number,
  shape: readonly number[],
  numbers: ArrayLike<number>,
  place?: Place,
): Constant {
  const data = new Uint8Array(numbers.length * (dtype === BOOL ? 1 : 4));
  const view = new DataView(data.buffer);
  for (let i = 0; i < numbers.length; i++) {
    const value = numbers[i] as number;
    if (dtype === BOOL) data[i] = value;
    else if (dtype === FLOAT) view.setFloat32(4 * i, value, true);
    else view.setInt32(4 * i, value, true);
  }
  const outputs: OutputType[] = [{ dtype, shape }];
  return { kind: 'constant', outputs, shape, dtype, data, ...(place === undefined ? {} : { place }) };
}

export function sameValues(left: Constant, right: Constant): boolean {
  if (left.dtype !== right.dtype || left.shape.join() !== right.shape.join()) return false;
  return sameData(left.data, right.data);
}

function sameData(left: Constant['data'], right: Constant['data']): boolean {
  if (left === right) return true;
  if (isBytes(left)) return isBytes(right) && sameBytes(left, right);
  if (isBytes(right) || left.length !== right.length) return false;
  return left.every((bytes, i) => sameBytes(bytes, right[i] as Uint8Array));
}

function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && Buffer.compare(left, right) === 0;
}

function isBytes(data: Constant['data']): data is Uint8Array {
  return ArrayBuffer.isView(data);
}
