/** Where an HDF5 file lies: a file of its own, or a part of another one, such as a stored entry of a zip archive. */
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

/** A range whose file closes with it. */
export interface OpenedRange extends FileRange, AsyncDisposable {}
