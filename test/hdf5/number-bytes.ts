import type { NumberToWrite } from '../../src/hdf5/writing/type-messages.js';

/** Bytes of one element, not from the library. */
export const BYTES_OF: Readonly<Record<NumberToWrite, number>> = {
  bool: 1,
  float16: 2,
  bfloat16: 2,
  float32: 4,
  float64: 8,
  int8: 1,
  int16: 2,
  int32: 4,
  int64: 8,
  uint8: 1,
  uint16: 2,
  uint32: 4,
  uint64: 8,
  complex64: 8,
  complex128: 16,
};
