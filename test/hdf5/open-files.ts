/** HDF5 files of tests: opened, and all that is in them. */
import type { FileRange } from '../../src/hdf5/file-range.js';
import { openFileRange } from '../../src/hdf5/file-range.js';
import type { Hdf5Dataset, Hdf5File, Hdf5Group } from '../../src/hdf5/hdf5-file.js';
import { openHdf5 } from '../../src/hdf5/open-hdf5.js';
import type { ReadableFile } from '../../src/storage/file.js';

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

/** Visits what can be reached, by the path of each; rings end at `depth`. */
export async function visitAll(
  file: Hdf5File,
  visit: (path: string, object: Hdf5Group | Hdf5Dataset) => Promise<void>,
  depth = 6,
): Promise<void> {
  const enter = async (object: Hdf5Group | Hdf5Dataset, left: number): Promise<void> => {
    await visit(object.path, object);
    if (object.kind === 'dataset' || left === 0) return;
    for (const name of await object.names()) {
      const child = await object.child(name);
      if (child !== undefined) await enter(child, left - 1);
    }
  };
  await enter(file.root, depth);
}

/** As `withHdf5`, for a file in memory. */
export async function withRange<T>(bytes: Uint8Array, use: (file: Hdf5File) => Promise<T>): Promise<T> {
  await using file = await openHdf5(rangeOf(bytes));
  return await use(file);
}
