/** Where an HDF5 file lies: a file of its own, or a part of another one, such as a stored entry of a zip archive. */
import { basename, dirname } from 'node:path';
import '../disposal.js';
import { TensorBundleError } from '../errors.js';
import { withDirectory } from '../storage/directory.js';
import type { ReadableFile } from '../storage/file.js';

/** Bytes of an open file. They must have been checked to lie in it. */
export interface FileRange {
  /** For messages: `x.h5`, or `x.keras, model.weights.h5`. */
  readonly path: string;
  readonly file: ReadableFile;
  /** Where the range begins in `file`. */
  readonly start: number;
  /** Bytes. */
  readonly size: number;
}

/** A range that is all of a file, which closes with it. */
export interface OpenedRange extends FileRange, AsyncDisposable {}

/** Opens a whole file. Throws ERR_NOT_FOUND, ERR_NOT_A_CHECKPOINT (not a regular file), ERR_PERMISSION, ERR_IO. */
export async function openFileRange(path: string): Promise<OpenedRange> {
  const file = await withDirectory(dirname(path), directory => directory.open(basename(path)));
  if (file === null) throw new TensorBundleError('ERR_NOT_FOUND', `${path} does not exist`, { path });
  return { path: file.path, file, start: 0, size: file.size, [Symbol.asyncDispose]: () => file.close() };
}
