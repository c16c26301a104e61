/** Whole files as ranges. */
import '../../src/disposal.js';
import { basename, dirname } from 'node:path';
import type { OpenedRange } from '../../src/hdf5/file-range.js';
import { withDirectory } from '../../src/storage/directory.js';

/** A file that exists; it is closed with the range. */
export async function openFileRange(path: string): Promise<OpenedRange> {
  const file = await withDirectory(dirname(path), directory => directory.open(basename(path)));
  return { path, file: file!, start: 0, size: file!.size, [Symbol.asyncDispose]: () => file!.close() };
}
