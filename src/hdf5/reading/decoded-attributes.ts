/** The values of attributes, as JavaScript has them. */
import { swapBytes } from '../../format/byteswap.js';
import { type DType, dtypeInfo, type NumericArray } from '../../format/dtypes.js';
import { copyOf } from '../../realms.js';
import type { Hdf5Value } from '../hdf5-file.js';
import { textOf } from './text.js';

export function textValue(texts: readonly Uint8Array[], isScalar: boolean): Hdf5Value {
  return isScalar ? textOf(texts[0]!) : texts.map(textOf);
}

/** `bytes` are the elements; `isSwapped` says that they are big-endian. */
export function numericValue(dtype: DType, bytes: Uint8Array, isSwapped: boolean, isScalar: boolean): Hdf5Value {
  const info = dtypeInfo(dtype);
  // Any array can begin where a copy does, and it does not keep the block of the file.
  const own = copyOf(bytes);
  if (isSwapped) swapBytes(own, info.unit);
  const array = new info.array(own.buffer);
  return isScalar ? scalarOf(dtype, array) : array;
}

/** Of an array of one element. Types of which JavaScript has no number (complex, 8-bit floats) stay an array. */
function scalarOf(dtype: DType, array: NumericArray): number | bigint | boolean | NumericArray {
  const value = array[0]!;
  if (dtype === 'bool') return value !== 0;
  if (dtype === 'float16') return float16Of(Number(value));
  if (dtype === 'bfloat16') return new Float32Array(Uint32Array.of(Number(value) << 16).buffer)[0]!;
  return array.length > 1 || dtype.startsWith('float8') ? array : value;
}

/** From the bits of a float16. */
function float16Of(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const mantissa = bits & 0x3ff;
  if (exponent === 0x1f) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * mantissa * 2 ** -24 : sign * (1 + mantissa / 0x400) * 2 ** (exponent - 15);
}
