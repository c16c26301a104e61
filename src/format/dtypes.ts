/**
 * The data types of TensorFlow (tensorflow/core/framework/types.proto): names as Python's `DType.name`, numbers as in
 * BundleEntryProto, and how each is held in JavaScript.
 */
import { TensorBundleError } from '../errors.js';

export type DType =
  | 'float16'
  | 'bfloat16'
  | 'float32'
  | 'float64'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'bool'
  | 'complex64'
  | 'complex128'
  | 'string'
  | 'variant'
  | 'int4'
  | 'uint4'
  | 'float8_e4m3fn'
  | 'float8_e5m2'
  | 'qint8'
  | 'quint8'
  | 'qint16'
  | 'quint16'
  | 'qint32';

/** Typed arrays of fixed-size types. Half types are bits in Uint16Array; 8-bit floats and 4-bit integers bits in Uint8Array. */
export type NumericArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array;

/** Complex is interleaved (re, im); string is one Uint8Array an element, row-major; variant is the stored bytes, opaque. */
export type TensorData = NumericArray | readonly Uint8Array[];

export interface TensorValue {
  dtype: DType;
  shape: readonly number[];
  data: TensorData;
}

export interface NumericArrayConstructor {
  new (length: number): NumericArray;
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): NumericArray;
  readonly BYTES_PER_ELEMENT: number;
}

export interface DTypeInfo {
  readonly name: DType;
  /** DataType enum of types.proto. */
  readonly number: number;
  /** Bytes of one element; 0 for string and variant, whose size varies. */
  readonly bytes: number;
  /** Bytes of the unit that byte order applies to (complex64: 4). */
  readonly unit: number;
  readonly array: NumericArrayConstructor;
}
const TABLE: readonly [DType, number, number, number, NumericArrayConstructor][] = [
  ['float32', 1, 4, 4, Float32Array],
  ['float64', 2, 8, 8, Float64Array],
  ['int32', 3, 4, 4, Int32Array],
  ['uint8', 4, 1, 1, Uint8Array],
  ['int16', 5, 2, 2, Int16Array],
  ['int8', 6, 1, 1, Int8Array],
  ['string', 7, 0, 1, Uint8Array],
  ['complex64', 8, 8, 4, Float32Array],
  ['int64', 9, 8, 8, BigInt64Array],
  ['bool', 10, 1, 1, Uint8Array],
  ['qint8', 11, 1, 1, Int8Array],
  ['quint8', 12, 1, 1, Uint8Array],
  ['qint32', 13, 4, 4, Int32Array],
  ['bfloat16', 14, 2, 2, Uint16Array],
  ['qint16', 15, 2, 2, Int16Array],
  ['quint16', 16, 2, 2, Uint16Array],
  ['uint16', 17, 2, 2, Uint16Array],
  ['complex128', 18, 16, 8, Float64Array],
  ['float16', 19, 2, 2, Uint16Array],
  ['variant', 21, 0, 1, Uint8Array],
  ['uint32', 22, 4, 4, Uint32Array],
  ['uint64', 23, 8, 8, BigUint64Array],
  ['float8_e5m2', 24, 1, 1, Uint8Array],
  ['float8_e4m3fn', 25, 1, 1, Uint8Array],
  ['int4', 29, 1, 1, Uint8Array],
  ['uint4', 30, 1, 1, Uint8Array],
];

const BY_NAME = new Map<string, DTypeInfo>();
const BY_NUMBER = new Map<number, DTypeInfo>();
for (const [name, number, bytes, unit, array] of TABLE) {
  const info: DTypeInfo = { name, number, bytes, unit, array };
  BY_NAME.set(name, info);
  BY_NUMBER.set(number, info);
}
BY_NAME.set('half', BY_NAME.get('float16')!);

/** Every type this package holds, in the order of TensorFlow's enum. */
export const DTYPES: readonly DType[] = TABLE.map(row => row[0]);

/** By Python name ('half' is float16). Throws ERR_DTYPE for anything else. */
export function dtypeInfo(name: string): DTypeInfo {
  const info = BY_NAME.get(name);
  if (info) return info;
  throw new TensorBundleError('ERR_DTYPE', `unknown dtype '${name}'; use one of ${DTYPES.join(', ')}`, { found: name });
}

/** By enum number; undefined if this package does not know it. */
export function dtypeOfNumber(number: number): DTypeInfo | undefined {
  return BY_NUMBER.get(number);
}
