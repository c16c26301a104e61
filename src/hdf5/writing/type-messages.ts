/**
 * Types as HDF5's datatype messages say them, version 1, byte for byte as h5py makes them of NumPy's types: bool is an
 * enumeration of FALSE and TRUE, a complex number a compound of `r` and `i`, and bfloat16 has no type of its own, so it
 * is two opaque bytes.
 */
import type { DType } from '../../format/dtypes.js';
import { Block } from './block.js';

interface StoredType {
  /** Of one element. */
  readonly bytes: number;
  readonly message: Uint8Array;
}

/** Classes of types, with the version in the upper half of the byte. */
const [INTEGER, FLOAT, STRING, OPAQUE, COMPOUND, ENUMERATION, VARIABLE] = [0x10, 0x11, 0x13, 0x15, 0x16, 0x18, 0x19];

function integer(bytes: number, isSigned: boolean): StoredType {
  const bits = isSigned ? 8 : 0;
  const message = new Block()
    .u8(INTEGER, bits, 0, 0)
    .u32(bytes)
    .u16(0)
    .u16(8 * bytes);
  return { bytes, message: message.finish() };
}

/** Of IEEE 754, with the sign in the highest bit. */
function float(bytes: number, exponent: number, mantissa: number): StoredType {
  const message = new Block()
    .u8(FLOAT, 0x20, 8 * bytes - 1, 0)
    .u32(bytes)
    .u16(0)
    .u16(8 * bytes);
  message.u8(mantissa, exponent, 0, mantissa).u32(2 ** (exponent - 1) - 1);
  return { bytes, message: message.finish() };
}

/** The 28 bytes of a member say that it is a single number, not an array. */
function complex(part: StoredType): StoredType {
  const bytes = 2 * part.bytes;
  const message = new Block().u8(COMPOUND, 2, 0, 0).u32(bytes);
  for (const [i, name] of ['r', 'i'].entries()) {
    message.filled(Buffer.from(name), 8).u32(i * part.bytes);
    message.zeros(28).append(part.message);
  }
  return { bytes, message: message.finish() };
}

function bool(): StoredType {
  const message = new Block().u8(ENUMERATION, 2, 0, 0).u32(1).append(integer(1, true).message);
  message.filled(Buffer.from('FALSE'), 8).filled(Buffer.from('TRUE'), 8).u8(0, 1);
  return { bytes: 1, message: message.finish() };
}

const FLOAT32 = float(4, 8, 23);
const FLOAT64 = float(8, 11, 52);

const TYPES = {
  bool: bool(),
  float16: float(2, 5, 10),
  bfloat16: { bytes: 2, message: new Block().u8(OPAQUE, 0, 0, 0).u32(2).finish() },
  float32: FLOAT32,
  float64: FLOAT64,
  int8: integer(1, true),
  int16: integer(2, true),
  int32: integer(4, true),
  int64: integer(8, true),
  uint8: integer(1, false),
  uint16: integer(2, false),
  uint32: integer(4, false),
  uint64: integer(8, false),
  complex64: complex(FLOAT32),
  complex128: complex(FLOAT64),
} satisfies { readonly [D in DType]?: StoredType };

/** Types of datasets and of numbers in attributes, each stored as h5py stores NumPy's. Others have no form there. */
export type NumberToWrite = keyof typeof TYPES;

/** Undefined for a type that has no form. */
export function storedTypeOf(dtype: string): StoredType | undefined {
  return Object.hasOwn(TYPES, dtype) ? TYPES[dtype as NumberToWrite] : undefined;
}

/** A text that lies in the global heap. Each takes 16 bytes: its length, and where it is. */
export function variableText(isUtf8: boolean): StoredType {
  const message = new Block()
    .u8(VARIABLE, 1, isUtf8 ? 1 : 0, 0)
    .u32(16)
    .append(integer(1, false).message);
  return { bytes: 16, message: message.finish() };
}

/** NumPy's 'S': a text of `bytes` bytes, filled up with zeros. */
export function fixedText(bytes: number): StoredType {
  return { bytes, message: new Block().u8(STRING, 1, 0, 0).u32(bytes).finish() };
}
