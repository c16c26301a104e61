/**
 * Keeps entries of an index that have been decoded: all those of whole tensors, and as many of partitioned ones as
 * memory allows.
 */

import type { StoredEntry } from '../format/entry.js';
import { EntryColumns } from '../format/entry-columns.js';

/** The most dimensions of slices that are kept, of all partitioned tensors together. The last entry is kept anyway. */
const MAX_EXTENTS = 65_536;

export class DecodedEntries {
  readonly #whole = new EntryColumns();
  /** By position. The entry that was kept first comes first. */
  readonly #partitioned = new Map<number, StoredEntry>();
  /** Dimensions of all slices in `#partitioned`. */
  #extents = 0;

  get(position: number): StoredEntry | undefined {
    return this.#whole.get(position) ?? this.#partitioned.get(position);
  }

  keep(position: number, entry: StoredEntry): void {
    if (entry.slices.length === 0) this.#whole.keep(position, entry);
    else this.#keepPartitioned(position, entry);
  }

  /** If there are too many, the oldest entries are dropped. */
  #keepPartitioned(position: number, entry: StoredEntry): void {
    if (this.#partitioned.has(position)) return;
    this.#partitioned.set(position, entry);
    this.#extents += extentsIn(entry);
    for (const [oldest, other] of this.#partitioned) {
      if (this.#extents <= MAX_EXTENTS || oldest === position) return;
      this.#partitioned.delete(oldest);
      this.#extents -= extentsIn(other);
    }
  }
}

function extentsIn({ shape, slices }: StoredEntry): number {
  return slices.length * Math.max(1, shape.length);
}
