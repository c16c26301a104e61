/**
 * The data types of TensorFlow (tensorflow/core/framework/types.proto): their names (Python's `DType.name`), their
 * numbers (as in BundleEntryProto), and how JavaScript holds each.
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
  | 'qint32'
  | 'float8_e4m3fnuz'
  | 'float8_e4m3b11fnuz'
  | 'float8_e5m2fnuz'
  | 'int2'
  | 'uint2'
  | 'float4_e2m1fn';

/** A type that this version does not know. N is its number in TensorFlow's enum (100 or more for a reference type). */
export type UnknownDType = `unknown-${number}`;

/**
 * The types that a checkpoint may name: those that can be read, and those that can only be listed, verified, copied and
 * merged.
 */
export type StoredDType = DType | UnknownDType;

/**
 * Typed arrays for types of fixed size. Half types are bits in a Uint16Array; smaller floats, and integers of less than
 * a byte, are bits in a Uint8Array.
 */
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

/**
 * The data of a tensor, row-major. Complex numbers are pairs (re, im). A string tensor is an array with one Uint8Array
 * per element. A variant is its stored bytes, which are not interpreted.
 */
export type TensorData = NumericArray | readonly Uint8Array[];

/** The array class of each type. A type that is not listed has a Uint8Array. */
interface ArraysByDType {
  float32: Float32Array;
  complex64: Float32Array;
  float64: Float64Array;
  complex128: Float64Array;
  int8: Int8Array;
  qint8: Int8Array;
  int16: Int16Array;
  qint16: Int16Array;
  int32: Int32Array;
  qint32: Int32Array;
  int64: BigInt64Array;
  uint16: Uint16Array;
  quint16: Uint16Array;
  float16: Uint16Array;
  bfloat16: Uint16Array;
  uint32: Uint32Array;
  uint64: BigUint64Array;
  string: readonly Uint8Array[];
}

/** The data of a tensor of a type. */
export type DataOf<D extends DType> = D extends keyof ArraysByDType ? ArraysByDType[D] : Uint8Array;

/**
 * A tensor. `dtype` decides the class of `data`: where `value.dtype === 'float32'`, `value.data` is a Float32Array.
 * `shape` is in elements; `data` is row-major.
 */
export type TensorValue<D extends DType = DType> = {
  [K in D]: { dtype: K; shape: readonly number[]; data: DataOf<K> };
}[D];

export interface NumericArrayConstructor {
  new (length: number): NumericArray;
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): NumericArray;
  readonly BYTES_PER_ELEMENT: number;
}

export interface DTypeInfo {
  readonly name: DType;
  readonly opaque: false;
  /** Number in the DataType enum of types.proto. */
  readonly number: number;
  /** Bytes of one element; 0 for string and variant, whose size varies. */
  readonly bytes: number;
  /** Bytes of the unit that byte order applies to (4 for complex64). */
  readonly unit: number;
  readonly array: NumericArrayConstructor;
}

/** A type of which only the number is known. Its tensors are as many bytes as their entries say. */
interface OpaqueType {
  readonly name: UnknownDType;
  readonly opaque: true;
  readonly number: number;
  readonly bytes: 0;
  readonly unit: 1;
  readonly array: Uint8ArrayConstructor;
}

export type StoredType = DTypeInfo | OpaqueType;

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
  ['float8_e4m3fnuz', 26, 1, 1, Uint8Array],
  ['float8_e4m3b11fnuz', 27, 1, 1, Uint8Array],
  ['float8_e5m2fnuz', 28, 1, 1, Uint8Array],
  ['int4', 29, 1, 1, Uint8Array],
  ['uint4', 30, 1, 1, Uint8Array],
  ['int2', 31, 1, 1, Uint8Array],
  ['uint2', 32, 1, 1, Uint8Array],
  ['float4_e2m1fn', 33, 1, 1, Uint8Array],
];

const BY_NAME = new Map<string, DTypeInfo>();
const BY_NUMBER = new Map<number, DTypeInfo>();
for (const [name, number, bytes, unit, array] of TABLE) {
  const info: DTypeInfo = { name, opaque: false, number, bytes, unit, array };
  BY_NAME.set(name, info);
  BY_NUMBER.set(number, info);
}
BY_NAME.set('half', BY_NAME.get('float16')!);

/** Every type this package holds, in the order of TensorFlow's enum. */
export const DTYPES: readonly DType[] = TABLE.map(row => row[0]);

/** By Python name ('half' is float16). Throws ERR_DTYPE for an unknown name. */
export function dtypeInfo(name: string): DTypeInfo {
  const info = BY_NAME.get(name);
  if (info) return info;
  throw new TensorBundleError('ERR_DTYPE', `unknown dtype '${name}'; use one of ${DTYPES.join(', ')}`, { found: name });
}

/** By enum number. Also gives an opaque type for a number that this package does not know. */
export function dtypeOfNumber(number: number): StoredType {
  return (
    BY_NUMBER.get(number) ?? { name: `unknown-${number}`, opaque: true, number, bytes: 0, unit: 1, array: Uint8Array }
  );
}

/** Whether tensors of the type can be read. */
export function isKnownDType(dtype: StoredDType): dtype is DType {
  return !dtype.startsWith('unknown-');
}

/** Makes a value of `data` that was read or checked as the array class of its type. */
export function tensorValue(dtype: DType, shape: readonly number[], data: TensorData): TensorValue {
  return { dtype, shape, data } as TensorValue;
}
