/**
 * Floating-point values of other types as float32. Keras casts stored values to the type of the variable, and the
 * floating-point variables of TensorFlow.js are float32.
 */
import type { DType, NumericArray } from '../../../format/dtypes.js';

const FLOATS: readonly string[] = ['float16', 'bfloat16', 'float32', 'float64'] satisfies DType[];

/** Whether values of the type become float32 ones. */
export function isFloat(dtype: string): boolean {
  return FLOATS.includes(dtype);
}

/** Writes the elements, as a tensor of the type has them, into `into` from element `start`. */
export function castInto(dtype: string, data: NumericArray, into: Float32Array, start = 0): void {
  if (dtype === 'float16') {
    halves ??= allHalves();
    for (let i = 0; i < data.length; i++) into[start + i] = halves[Number(data[i])]!;
  } else if (dtype === 'bfloat16') {
    const bits = new Uint32Array(into.buffer, into.byteOffset, into.length);
    for (let i = 0; i < data.length; i++) bits[start + i] = Number(data[i]) << 16;
  } else into.set(data as Float32Array, start);
}

/** The value of each of the 65,536 half-precision numbers; made when the first one is needed. */
let halves: Float32Array | undefined;

function allHalves(): Float32Array {
  return Float32Array.from({ length: 65536 }, (_, bits) => {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 0x1f;
    const fraction = bits & 0x3ff;
    if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
  });
}
