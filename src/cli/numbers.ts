/**
 * Stored elements as numbers: half, bfloat16, 8-bit floats, 4-bit integers and booleans through tables; and a stream of
 * bytes, cut anywhere, as a stream of whole elements, so that a tensor of any size passes through a fixed amount of memory.
 */
import { type DType, dtypeInfo, type NumericArray, type NumericArrayConstructor } from '../format/dtypes.js';

/** How the elements of a type become numbers. */
export interface NumberFormat {
  /** Of the stored units (complex: the parts). */
  readonly array: NumericArrayConstructor;
  /** Units of one element: 2 for complex, else 1. */
  readonly parts: 1 | 2;
  /** Value of each bit pattern, where the stored unit is not a number already. */
  readonly table: Float64Array | null;
}

/** Sign, exponent and fraction bits to a number, as IEEE 754 lays them out. `finite`: no infinities, one NaN a sign (e4m3fn). */
function smallFloat(bits: number, exponentBits: number, fractionBits: number, finite: boolean): number {
  const bias = 2 ** (exponentBits - 1) - 1;
  const sign = (bits >> (exponentBits + fractionBits)) & 1 ? -1 : 1;
  const top = 2 ** exponentBits - 1;
  const exponent = (bits >> fractionBits) & top;
  const fraction = bits & (2 ** fractionBits - 1);
  if (exponent === top) {
    if (!finite) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    if (fraction === 2 ** fractionBits - 1) return Number.NaN;
  }
  const scale = 2 ** ((exponent === 0 ? 1 : exponent) - bias - fractionBits);
  return sign * scale * (exponent === 0 ? fraction : fraction + 2 ** fractionBits);
}

const VALUE_OF_BITS: Readonly<Partial<Record<DType, { patterns: number; value: (bits: number) => number }>>> = {
  float16: { patterns: 65536, value: bits => smallFloat(bits, 5, 10, false) },
  bfloat16: { patterns: 65536, value: bits => smallFloat(bits, 8, 7, false) },
  float8_e4m3fn: { patterns: 256, value: bits => smallFloat(bits, 4, 3, true) },
  float8_e5m2: { patterns: 256, value: bits => smallFloat(bits, 5, 2, false) },
  // One byte an element, the value in its low four bits.
  int4: { patterns: 256, value: bits => ((bits & 15) ^ 8) - 8 },
  uint4: { patterns: 256, value: bits => bits & 15 },
  bool: { patterns: 256, value: bits => (bits === 0 ? 0 : 1) },
};

const tables = new Map<DType, Float64Array>();

function tableOf(dtype: DType): Float64Array | null {
  const known = tables.get(dtype);
  if (known) return known;
  const rule = VALUE_OF_BITS[dtype];
  if (!rule) return null;
  const table = Float64Array.from({ length: rule.patterns }, (_, bits) => rule.value(bits));
  tables.set(dtype, table);
  return table;
}

/** Null for types without numbers: string and variant. */
export function numberFormat(dtype: DType): NumberFormat | null {
  const info = dtypeInfo(dtype);
  if (info.bytes === 0) return null;
  return { array: info.array, parts: info.bytes === info.unit ? 1 : 2, table: tableOf(dtype) };
}

/** Whole units from pieces that may end in the middle of one. Bytes after the last whole unit are a fault of the source. */
export async function* unitBlocks(
  pieces: AsyncIterable<Uint8Array>,
  format: NumberFormat,
): AsyncGenerator<NumericArray> {
  const unit = format.array.BYTES_PER_ELEMENT;
  let rest = new Uint8Array(0);
  for await (const piece of pieces) {
    if (rest.length === 0 && piece.byteOffset % unit === 0 && piece.byteLength % unit === 0) {
      yield new format.array(piece.buffer, piece.byteOffset, piece.byteLength / unit);
      continue;
    }
    const joined = new Uint8Array(rest.length + piece.length);
    joined.set(rest);
    joined.set(piece, rest.length);
    const whole = Math.floor(joined.length / unit);
    if (whole > 0) yield new format.array(joined.buffer, 0, whole);
    rest = joined.slice(whole * unit);
  }
}
