/**
 * Turns stored elements into numbers: half, bfloat16, smaller floats, integers below a byte and booleans by tables.
 * Also turns a stream of bytes, cut anywhere, into a stream of whole elements, so that a tensor of any size needs only
 * a fixed amount of memory.
 */
import {
  type DType,
  dtypeInfo,
  isKnownDType,
  type NumericArray,
  type NumericArrayConstructor,
  type StoredDType,
} from '../../format/dtypes.js';

/** How the elements of a type become numbers. */
export interface NumberFormat {
  /** The array type of the stored units. For complex numbers a unit is one part. */
  readonly array: NumericArrayConstructor;
  /** Units of one element: 2 for complex, else 1. */
  readonly parts: 1 | 2;
  /** The value of each bit pattern, if the stored unit is not a number already. */
  readonly table: Float64Array | null;
}

/**
 * How the bits of a small float are read (github.com/jax-ml/ml_dtypes, as in TensorFlow). `kind` says what the largest
 * exponent means. `ieee`: infinities and NaNs. `fn`: numbers, but all bits set is NaN. `fnuz`: numbers, and the bits of
 * negative zero are the only NaN. `plain`: numbers.
 */
interface SmallFloat {
  readonly exponent: number;
  readonly fraction: number;
  readonly kind: 'ieee' | 'fn' | 'fnuz' | 'plain';
  /** Default: half of the largest exponent. */
  readonly bias?: number;
}

function smallFloat(bits: number, format: SmallFloat): number {
  const { exponent: exponentBits, fraction: fractionBits, kind } = format;
  const { bias = 2 ** (exponentBits - 1) - (kind === 'fnuz' ? 0 : 1) } = format;
  const sign = (bits >> (exponentBits + fractionBits)) & 1 ? -1 : 1;
  const top = 2 ** exponentBits - 1;
  const exponent = (bits >> fractionBits) & top;
  const fraction = bits & (2 ** fractionBits - 1);
  if (exponent === top) {
    if (kind === 'ieee') return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    if (kind === 'fn' && fraction === 2 ** fractionBits - 1) return Number.NaN;
  }
  if (kind === 'fnuz' && sign < 0 && exponent === 0 && fraction === 0) return Number.NaN;
  const scale = 2 ** ((exponent === 0 ? 1 : exponent) - bias - fractionBits);
  return sign * scale * (exponent === 0 ? fraction : fraction + 2 ** fractionBits);
}

interface Rule {
  readonly patterns: number;
  readonly value: (bits: number) => number;
}

function small(patterns: number, exponent: number, fraction: number, kind: SmallFloat['kind'], bias?: number): Rule {
  const format: SmallFloat = { exponent, fraction, kind, ...(bias !== undefined && { bias }) };
  return { patterns, value: bits => smallFloat(bits, format) };
}

const VALUE_OF_BITS: Readonly<Partial<Record<DType, Rule>>> = {
  float16: small(65536, 5, 10, 'ieee'),
  bfloat16: small(65536, 8, 7, 'ieee'),
  float8_e4m3fn: small(256, 4, 3, 'fn'),
  float8_e5m2: small(256, 5, 2, 'ieee'),
  float8_e4m3fnuz: small(256, 4, 3, 'fnuz'),
  float8_e4m3b11fnuz: small(256, 4, 3, 'fnuz', 11),
  float8_e5m2fnuz: small(256, 5, 2, 'fnuz'),
  // One byte per element, with the value in its low bits.
  float4_e2m1fn: small(256, 2, 1, 'plain'),
  int4: { patterns: 256, value: bits => ((bits & 15) ^ 8) - 8 },
  uint4: { patterns: 256, value: bits => bits & 15 },
  int2: { patterns: 256, value: bits => ((bits & 3) ^ 2) - 2 },
  uint2: { patterns: 256, value: bits => bits & 3 },
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

/** Null for types without numbers (string, variant) and for unknown types. */
export function numberFormat(dtype: StoredDType): NumberFormat | null {
  if (!isKnownDType(dtype)) return null;
  const info = dtypeInfo(dtype);
  if (info.bytes === 0) return null;
  return { array: info.array, parts: info.bytes === info.unit ? 1 : 2, table: tableOf(dtype) };
}

/**
 * Whole units from pieces that may end in the middle of a unit. Bytes after the last whole unit are an error of the
 * source.
 */
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
