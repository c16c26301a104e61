/** What the index says about the bytes of one tensor. */
import type { StoredType } from '../format/dtypes.js';
import type { StoredEntry } from '../format/entry.js';

/**
 * A tensor of the index. A plain tensor, or a slice of a partitioned one, has bytes of its own. A partitioned tensor
 * has slices.
 */
export interface StoredTensor {
  name: string;
  /** Position in the index. */
  position: number;
  entry: StoredEntry;
  dtype: StoredType;
}
