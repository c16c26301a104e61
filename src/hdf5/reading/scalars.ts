/** A single value, as JavaScript has it: of an attribute that is a scalar. */
import type { DType, NumericArray } from '../../format/dtypes.js';

/** Of an array of one element. Types of which JavaScript has no number (complex, 8-bit floats) stay an array. */
export function scalarOf(dtype: DType, array: NumericArray): number | bigint | boolean | NumericArray {
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
