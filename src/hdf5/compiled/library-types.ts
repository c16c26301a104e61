/** How h5wasm says that elements are stored, in the words of this package's own reader. */
import type { DType } from '../../format/dtypes.js';
import { type StoredType, TEXT_FORMS, unknownType } from '../reading/datatype.js';
import type { LibraryType } from './library-server.js';

/** Numbers of H5T_class_t. */
const [INTEGER, FLOAT, STRING, OPAQUE, COMPOUND, ENUMERATION] = [0, 1, 3, 5, 6, 8];
const FLOATS: Readonly<Record<number, DType>> = { 2: 'float16', 4: 'float32', 8: 'float64' };

/** Its numbers come little-endian, so `isSwapped` is false. */
export function typeOf(type: LibraryType): StoredType {
  const { size } = type;
  if (type.type === STRING) {
    const text = type.vlen ? 'variable' : TEXT_FORMS[type.strpad ?? 0];
    const stored = type.vlen ? 'string of variable length' : `string of ${size} bytes`;
    return text ? { ...unknownType(stored, size), dtype: 'string', text } : unknownType(stored, size);
  }
  if (type.type === OPAQUE) return { ...unknownType(`opaque of ${size} bytes`, size), isOpaque: true };
  const dtype = numberOf(type);
  if (dtype === null) return unknownType(`a type of ${size} bytes that no tensor has`, size);
  return { ...unknownType(type.littleEndian || size === 1 ? dtype : `big-endian ${dtype}`, size), dtype };
}

function numberOf({ type, size, signed, enum_type, compound_type }: LibraryType): DType | null {
  if (type === FLOAT) return FLOATS[size] ?? null;
  if (type === ENUMERATION && size === 1 && enum_type !== undefined) {
    const { FALSE, TRUE } = enum_type.members;
    if (FALSE === 0 && TRUE === 1 && Object.keys(enum_type.members).length === 2) return 'bool';
  }
  if (type === INTEGER || type === ENUMERATION) {
    return [1, 2, 4, 8].includes(size) ? (`${signed ? 'int' : 'uint'}${size * 8}` as DType) : null;
  }
  return type === COMPOUND && isComplex(size, compound_type?.members ?? []) ? (`complex${size * 8}` as DType) : null;
}

/** As h5py makes complex numbers. */
function isComplex(size: number, members: readonly (LibraryType & { name: string; offset: number })[]): boolean {
  if (members.length !== 2 || (size !== 8 && size !== 16)) return false;
  const isPart = (name: string, i: number): boolean => {
    const member = members[i]!;
    const isHalf = member.size === size / 2 && member.offset === (i * size) / 2;
    return member.name === name && member.type === FLOAT && member.littleEndian && isHalf;
  };
  return isPart('r', 0) && isPart('i', 1);
}
