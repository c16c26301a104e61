/**
 * Decoded entries, kept as columns of numbers. Each entry is decoded once, and then takes some 40 bytes, so that
 * 100,000 of them need no more memory than their names. Positions are those in the index.
 */
import { dtypeOfNumber } from './dtypes.js';
import type { StoredEntry } from './entry.js';

/** Entries per page. Pages keep memory small for a caller that reads one tensor out of very many. */
const PAGE_ENTRIES = 1024;

export class EntryColumns {
  readonly #pages = new Map<number, Page>();

  /** Undefined if the entry was not kept. The caller may change the object that it gets. */
  get(position: number): StoredEntry | undefined {
    return this.#pages.get(Math.floor(position / PAGE_ENTRIES))?.get(position % PAGE_ENTRIES);
  }

  /** Keeps an entry that has no slices. */
  keep(position: number, entry: StoredEntry): void {
    const number = Math.floor(position / PAGE_ENTRIES);
    let page = this.#pages.get(number);
    if (page === undefined) {
      page = new Page();
      this.#pages.set(number, page);
    }
    page.keep(position % PAGE_ENTRIES, entry);
  }
}

class Page {
  /** The rank plus 1; 0 where there is no entry. */
  readonly #ranks = new Uint8Array(PAGE_ENTRIES);
  readonly #dtypes = new Int32Array(PAGE_ENTRIES);
  readonly #shards = new Int32Array(PAGE_ENTRIES);
  readonly #offsets = new Float64Array(PAGE_ENTRIES);
  readonly #sizes = new Float64Array(PAGE_ENTRIES);
  readonly #crcs = new Uint32Array(PAGE_ENTRIES);
  /** Where the dimensions of each entry begin. */
  readonly #starts = new Uint32Array(PAGE_ENTRIES);
  readonly #dimensions: number[] = [];

  get(i: number): StoredEntry | undefined {
    const rank = this.#ranks[i]! - 1;
    if (rank < 0) return undefined;
    const dtypeNumber = this.#dtypes[i]!;
    const start = this.#starts[i]!;
    return {
      dtypeNumber,
      dtype: dtypeOfNumber(dtypeNumber),
      shape: this.#dimensions.slice(start, start + rank),
      shard: this.#shards[i]!,
      offset: this.#offsets[i]!,
      size: this.#sizes[i]!,
      crc: this.#crcs[i]!,
      slices: [],
    };
  }

  keep(i: number, { dtypeNumber, shape, shard, offset, size, crc }: StoredEntry): void {
    if (this.#ranks[i] !== 0) return;
    this.#ranks[i] = shape.length + 1;
    this.#dtypes[i] = dtypeNumber;
    this.#shards[i] = shard;
    this.#offsets[i] = offset;
    this.#sizes[i] = size;
    this.#crcs[i] = crc;
    this.#starts[i] = this.#dimensions.length;
    for (const length of shape) this.#dimensions.push(length);
  }
}
