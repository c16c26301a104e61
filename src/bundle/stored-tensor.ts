/** What the index says of the bytes of one tensor. */
import type { StoredType } from '../format/dtypes.js';
import type { StoredEntry } from '../format/entry.js';

/**
 * A tensor of the index: a plain one or one slice of a partitioned one has bytes of its own; a partitioned one has
 * slices.
 */
export interface StoredTensor {
  name: string;
  /** Position in the index. */
  position: number;
  entry: StoredEntry;
  dtype: StoredType;
}
