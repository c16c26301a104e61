/** HDF5 files of tests: opened, and all that is in them. */
import type { FileRange } from '../../src/hdf5/file-range.js';
import type { Hdf5File } from '../../src/hdf5/hdf5-file.js';
import { openHdf5 } from '../../src/hdf5/open-hdf5.js';
import type { ReadableFile } from '../../src/storage/file.js';
import { openFileRange } from './open-ranges.js';

export async function withHdf5<T>(path: string, use: (file: Hdf5File) => Promise<T>): Promise<T> {
  await using range = await openFileRange(path);
  await using file = await openHdf5(range);
  return await use(file);
}

/** A file in memory. `read` counts what is read of it. */
export function rangeOf(bytes: Uint8Array, read: { bytes: number } = { bytes: 0 }): FileRange {
  const file: Pick<ReadableFile, 'read' | 'readRanges'> = {
    async read(offset, into) {
      const part = bytes.subarray(offset, offset + into.byteLength);
      if (part.length !== into.byteLength) throw new Error(`read of ${into.byteLength} bytes at ${offset}`);
      new Uint8Array(into.buffer, into.byteOffset, into.byteLength).set(part);
      read.bytes += part.length;
      return 0;
    },
    async readRanges(offsets, into) {
      for (const [i, offset] of offsets.entries()) await file.read(offset, into[i]!);
      return { crcs: new Uint32Array(offsets.length), failed: new Map() };
    },
  };
  return { path: 'made.h5', file: file as ReadableFile, start: 0, size: bytes.length };
}

/** As `withHdf5`, for a file in memory. */
export async function withRange<T>(bytes: Uint8Array, use: (file: Hdf5File) => Promise<T>): Promise<T> {
  await using file = await openHdf5(rangeOf(bytes));
  return await use(file);
}
