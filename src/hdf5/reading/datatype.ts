/** Datatype messages: how the elements of a dataset or of an attribute are stored. */
import { type DType, dtypeInfo } from '../../format/dtypes.js';
import type { Hdf5DType } from '../hdf5-file.js';
import type { Fields } from './fields.js';

/** How text is stored. */
export type TextForm = 'variable' | 'to the first NUL' | 'filled with NULs' | 'filled with spaces';

export interface StoredType {
  /** What the elements become. */
  readonly dtype: Hdf5DType;
  /** In words. */
  readonly stored: string;
  /** Bytes of one element; of text of variable length, of the reference to it. At least 1. */
  readonly size: number;
  /** Its numbers are big-endian. */
  readonly isSwapped: boolean;
  /** Null: it is not text. */
  readonly text: TextForm | null;
  /** Bytes of which only the number is known. Keras stores bfloat16 so, and marks it with an attribute. */
  readonly isOpaque: boolean;
}

const CLASSES = [
  'integer',
  'float',
  'time',
  'string',
  'bit field',
  'opaque',
  'compound',
  'reference',
  'enumeration',
  'sequence of variable length',
  'array',
] as const;

/** Enumerations and compounds have a type inside. */
const MAX_DEPTH = 4;
/** By the number of H5T_str_t. */
export const TEXT_FORMS: readonly TextForm[] = ['to the first NUL', 'filled with NULs', 'filled with spaces'];

/** Of floating-point numbers: bits and bias of the exponent, bits of the mantissa. All have their sign before them. */
const FLOATS: readonly [dtype: DType, exponent: number, bias: number, mantissa: number][] = [
  ['float16', 5, 15, 10],
  ['bfloat16', 8, 127, 7],
  ['float32', 8, 127, 23],
  ['float64', 11, 1023, 52],
  ['float8_e4m3fn', 4, 7, 3],
  ['float8_e5m2', 5, 15, 2],
];

export function readDatatype(fields: Fields, depth = 0): StoredType {
  const { at } = fields;
  const first = fields.u8();
  const version = first >> 4;
  if (version < 1 || version > 4) throw fields.corrupt(`a datatype of version ${version}`, at);
  const name = CLASSES[first & 15];
  if (name === undefined) throw fields.corrupt(`a datatype of the unknown class ${first & 15}`, at);
  if (depth > MAX_DEPTH) throw fields.corrupt('datatypes are nested too deep', at);
  const bits = fields.u24le();
  const size = fields.u32le();
  if (size === 0) throw fields.corrupt('a datatype has no bytes', at);
  if (name === 'integer') return integer(fields, bits, size);
  if (name === 'float') return float(fields, bits, size);
  if (name === 'string') return { ...unknownType(`string of ${size} bytes`, size), ...textOf(bits) };
  if (name === 'opaque') return { ...unknownType(`opaque of ${size} bytes`, size), isOpaque: true };
  if (name === 'enumeration') return enumeration(fields, bits, size, version, depth);
  if (name === 'compound')
    return complex(fields, bits, size, version, depth) ?? unknownType(`compound of ${size} bytes`, size);
  if (name === 'sequence of variable length' && (bits & 15) === 1) {
    if (size !== fields.widths.address + 8) throw fields.corrupt(`references to text cannot have ${size} bytes`, at);
    return { ...unknownType('string of variable length', size), dtype: 'string', text: 'variable' };
  }
  return unknownType(`${name} of ${size} bytes`, size);
}

/** What no tensor has; also the start of other types. */
export function unknownType(stored: string, size: number): StoredType {
  return { dtype: 'unknown', stored, size, isSwapped: false, text: null, isOpaque: false };
}

function textOf(bits: number): Partial<StoredType> {
  const text = TEXT_FORMS[bits & 15];
  return text === undefined ? {} : { dtype: 'string', text };
}

function integer(fields: Fields, bits: number, size: number): StoredType {
  const isSigned = (bits & 8) !== 0;
  const offset = fields.u16le();
  const precision = fields.u16le();
  const words = `${isSigned ? 'int' : 'uint'}${precision}`;
  const isPlain = offset === 0 && precision === size * 8 && [1, 2, 4, 8].includes(size);
  return isPlain ? number(words as DType, bits, size) : unknownType(`${words} in ${size} bytes`, size);
}

function float(fields: Fields, bits: number, size: number): StoredType {
  const sign = (bits >> 8) & 0xff;
  const offset = fields.u16le();
  const precision = fields.u16le();
  const [exponentAt, exponent, mantissaAt, mantissa] = [fields.u8(), fields.u8(), fields.u8(), fields.u8()];
  const bias = fields.u32le();
  // Bit 6 is the byte order of a VAX; bits 4 and 5 are 2 where the first bit of the mantissa is not stored.
  const isUsual = (bits & 0x40) === 0 && (bits & 0x30) === 0x20 && offset === 0 && precision === size * 8;
  const isPlaced =
    mantissaAt === 0 && exponentAt === mantissa && sign === mantissa + exponent && sign === precision - 1;
  const known = FLOATS.find(row => row[1] === exponent && row[2] === bias && row[3] === mantissa);
  return known && isUsual && isPlaced
    ? number(known[0], bits, size)
    : unknownType(`float of ${precision} bits in ${size} bytes`, size);
}

function number(dtype: DType, bits: number, size: number): StoredType {
  const isSwapped = (bits & 1) !== 0 && dtypeInfo(dtype).unit > 1;
  return { ...unknownType(isSwapped ? `big-endian ${dtype}` : dtype, size), dtype, isSwapped };
}

/** h5py's bool is an enumeration of FALSE and TRUE; of others, the numbers are given. */
function enumeration(fields: Fields, bits: number, size: number, version: number, depth: number): StoredType {
  const count = bits & 0xffff;
  const base = readDatatype(fields, depth + 1);
  if (base.size !== size) throw fields.corrupt(`an enumeration of ${size} bytes has values of ${base.size}`);
  const names: string[] = [];
  for (let i = 0; i < count; i++) names.push(memberName(fields, version));
  const values = fields.bytes(count * size);
  const isBool = size === 1 && names.join() === 'FALSE,TRUE' && values[0] === 0 && values[1] === 1;
  return isBool
    ? { ...base, dtype: 'bool', stored: 'bool' }
    : { ...base, stored: `enumeration of ${count} values of ${base.stored}` };
}

/** A complex number is a compound of two floats, as h5py makes it. Null for any other. */
function complex(fields: Fields, bits: number, size: number, version: number, depth: number): StoredType | null {
  if ((bits & 0xffff) !== 2) return null;
  const parts: StoredType[] = [];
  for (const [i, name] of ['r', 'i'].entries()) {
    if (memberName(fields, version) !== name) return null;
    // Before version 3 an offset has four bytes, else as few as the size needs. Version 1 has dimensions after it.
    if (fields.sized(version < 3 ? 4 : 1) !== (i * size) / 2) return null;
    if (version === 1) fields.skip(28);
    const part = readDatatype(fields, depth + 1);
    if (!['float32', 'float64'].includes(part.dtype) || part.size * 2 !== size) return null;
    parts.push(part);
  }
  return parts[0]!.isSwapped === parts[1]!.isSwapped
    ? number(`complex${size * 8}` as DType, Number(parts[0]!.isSwapped), size)
    : null;
}

/** Before version 3, names are filled up with NULs to a multiple of 8 bytes. */
function memberName(fields: Fields, version: number): string {
  const start = fields.at;
  const end = fields.source.indexOf(0, start);
  if (end < 0 || end >= fields.end) throw fields.corrupt('a name does not end', start);
  const name = String.fromCharCode(...fields.bytes(end - start));
  const length = end - start + 1;
  fields.skip(version < 3 ? Math.ceil(length / 8) * 8 - (end - start) : 1);
  return name;
}
