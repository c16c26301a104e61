/** What one native call writes to a data file: views, and which item each run of bytes belongs to. */
import type { Chunk } from './chunk-pool.js';

/** In the place of an item's position: the checksum of the bytes is known already. */
export const KNOWN = -1;

/** The data of one native call. */
export class Batch {
  readonly views: Uint8Array[] = [];
  /**
   * The position of the item that each run of bytes belongs to, or KNOWN; `lengths` has the size of each run.
   */
  readonly owners: number[] = [];
  readonly lengths: number[] = [];
  /** Whether the call must compute checksums. */
  unknown = false;
  /** Pieces that are freed once they are written. */
  readonly owned: Uint8Array[] = [];
  chunk: Chunk | null = null;
  bytes = 0;

  note(at: number, length: number): void {
    this.owners.push(at);
    this.lengths.push(length);
    this.bytes += length;
    if (at !== KNOWN) this.unknown = true;
  }

  /** Ends the copied bytes, so that they come before the data that follows. */
  endCopied(): void {
    const copied = this.chunk?.take();
    if (copied) this.views.push(copied);
  }
}
