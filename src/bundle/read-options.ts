/** The options of all functions that read a checkpoint. */
import type { OptionList } from '../options.js';

export interface OpenOptions {
  /**
   * When checksums are compared. 'open': all of them while opening. 'read' (default): that of each tensor when it is
   * first read. 'never': not at all.
   */
  verify?: 'open' | 'read' | 'never';
  signal?: AbortSignal;
}

export interface ReadOptions {
  /** First index of each dimension. Default: 0 in each. */
  begin?: readonly number[];
  /** Number of elements in each dimension; -1 means up to the end. Default: -1 in each. */
  size?: readonly number[];
  /**
   * True: the result is an array of its own. False (default): the result, if it has 4 KiB or more, may be a view of the
   * data file: mapped privately into memory and shared by all reads of this reader. Nothing is copied, and memory is
   * used only for what is looked at.
   *
   * - If another program cuts the file while the view is in use, looking at the view ends the process with SIGBUS. If a
   *   program writes into the file in place, the view changes, although its checksum was right. `cp` over the file,
   *   `rsync --inplace` and `truncate` do such things. This library and TensorFlow do not, nor does a program that
   *   writes a new file and renames it.
   * - What is written into a view changes later reads of the same reader, but never the file.
   * - On a network or FUSE file system, and where a file cannot be mapped, the result is always a copy.
   */
  copy?: boolean;
  /** Aborts the read: ERR_ABORTED. Default: none. */
  signal?: AbortSignal;
}

/** For reads of many tensors, each of which is read whole. */
export type ReadAllOptions = Omit<ReadOptions, 'begin' | 'size'>;

export const OPEN_OPTIONS: OptionList<OpenOptions> = {
  verify: ['open', 'read', 'never'],
  signal: 'signal',
};
export const READ_OPTIONS: OptionList<ReadOptions> = { begin: true, size: true, copy: 'flag', signal: 'signal' };
export const READ_ALL_OPTIONS: OptionList<ReadAllOptions> = { copy: 'flag', signal: 'signal' };
export const PIECES_OPTIONS: OptionList<{ bytes?: number }> = { bytes: true };
