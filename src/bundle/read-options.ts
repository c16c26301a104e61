/** Options of everything that reads a checkpoint. */
import type { OptionList } from '../options.js';

export interface OpenOptions {
  /** 'open' checks every tensor now, 'read' (default) each when it is read, 'never' none. */
  verify?: 'open' | 'read' | 'never';
  signal?: AbortSignal;
}

export interface ReadOptions {
  /** First index of each dimension; default 0. */
  begin?: readonly number[];
  /** Elements of each dimension; -1 is to the end, the default. */
  size?: readonly number[];
  /**
   * True: an array of its own. False (default): an array of 4 KiB or more may be a view of the data file, mapped privately
   * into memory and shared by all reads of this reader: no byte is copied, and memory is used only for what is looked at.
   * - If another program cuts the file while the view is in use, looking at it ends the process with SIGBUS. If one
   *   writes into the file in place, the view changes, though its checksum was right. This library, TensorFlow and whoever
   *   writes a new file and renames it do neither; `cp` over the file, `rsync --inplace` and `truncate` do.
   * - What is written into a view changes later reads of the same reader, never the file.
   * On a network or FUSE file system, and where a file cannot be mapped, the default is a copy as well.
   */
  copy?: boolean;
  signal?: AbortSignal;
}

/** Of reads of many tensors, which are whole. */
export type ReadAllOptions = Omit<ReadOptions, 'begin' | 'size'>;

export const OPEN_OPTIONS: OptionList<OpenOptions> = {
  verify: ['open', 'read', 'never'],
  signal: 'signal',
};
export const READ_OPTIONS: OptionList<ReadOptions> = { begin: true, size: true, copy: 'flag', signal: 'signal' };
export const READ_ALL_OPTIONS: OptionList<ReadAllOptions> = { copy: 'flag', signal: 'signal' };
export const PIECES_OPTIONS: OptionList<{ bytes?: number }> = { bytes: true };
