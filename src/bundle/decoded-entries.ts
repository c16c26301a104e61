/**
 * Entries of an index that were decoded before: those of whole tensors all, those of partitioned ones as far as memory
 * goes.
 */

import type { StoredEntry } from '../format/entry.js';
import { EntryColumns } from '../format/entry-columns.js';

/** Dimensions of slices that are kept of all partitioned tensors together, beyond those of the last one. */
const MAX_EXTENTS = 65_536;

export class DecodedEntries {
  readonly #whole = new EntryColumns();
  /** By position, the one that was kept first in front. */
  readonly #partitioned = new Map<number, StoredEntry>();
  /** Dimensions of the slices of all of `#partitioned`. */
  #extents = 0;

  get(position: number): StoredEntry | undefined {
    return this.#whole.get(position) ?? this.#partitioned.get(position);
  }

  keep(position: number, entry: StoredEntry): void {
    if (entry.slices.length === 0) this.#whole.keep(position, entry);
    else this.#keepPartitioned(position, entry);
  }

  /** Those that came first go where there are too many. */
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
