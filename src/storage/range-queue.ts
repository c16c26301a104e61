/**
 * Joins the range reads that callers start in the same turn of the event loop into few native calls. 100,000 reads of
 * small tensors, even of several files, become one call.
 */
import type { Handle } from '../binding.js';
import { RangeBatch, type RangeResults } from './range-batch.js';

/** A batch ends at this size, so that an abort between batches is noticed soon and progress is steady. */
const BATCH_BYTES = 256 * 1024 * 1024;

/** A caller that waits for a batch. It gets the results; its own ranges begin at number `from`. */
type Waiting = (results: RangeResults, from: number) => void;

interface Waiters {
  readonly batch: RangeBatch;
  readonly waiting: { readonly from: number; readonly settle: Waiting }[];
}

export class RangeQueue {
  #reads: Waiters[] = [];
  #checks: Waiters[] = [];

  /** CRC32C of the bytes read into `into`. */
  read(file: Handle, path: string, offset: number, into: ArrayBufferView): Promise<number> {
    return new Promise((resolve, reject) => {
      const batch = this.#join(this.#reads, one(resolve, reject));
      batch.add(file, path, offset, into.byteLength, into);
    });
  }

  checksum(file: Handle, path: string, offset: number, length: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const batch = this.#join(this.#checks, one(resolve, reject));
      batch.add(file, path, offset, length, null);
    });
  }

  /** As `read`, for many ranges of a file. Never rejects. */
  readAll(
    file: Handle,
    path: string,
    offsets: readonly number[],
    into: readonly ArrayBufferView[],
  ): Promise<RangeResults> {
    return new Promise(resolve => {
      const batch = this.#join(this.#reads, many(offsets.length, resolve));
      for (const [i, offset] of offsets.entries()) batch.add(file, path, offset, into[i]!.byteLength, into[i]!);
    });
  }

  checksums(file: Handle, path: string, offsets: readonly number[], lengths: readonly number[]): Promise<RangeResults> {
    return new Promise(resolve => {
      const batch = this.#join(this.#checks, many(offsets.length, resolve));
      for (const [i, offset] of offsets.entries()) batch.add(file, path, offset, lengths[i]!, null);
    });
  }

  /** The batch to which the next ranges are added. */
  #join(batches: Waiters[], settle: Waiting): RangeBatch {
    if (this.#reads.length === 0 && this.#checks.length === 0) void Promise.resolve().then(() => this.#flush());
    let last = batches.at(-1);
    if (last === undefined || last.batch.bytes >= BATCH_BYTES) {
      last = { batch: new RangeBatch(), waiting: [] };
      batches.push(last);
    }
    last.waiting.push({ from: last.batch.count, settle });
    return last.batch;
  }

  #flush(): void {
    const batches = [...this.#reads, ...this.#checks];
    this.#reads = [];
    this.#checks = [];
    for (const one of batches) void run(one);
  }
}

async function run({ batch, waiting }: Waiters): Promise<void> {
  const results = await batch.run();
  for (const { from, settle } of waiting) settle(results, from);
}

function one(resolve: (crc: number) => void, reject: (error: Error) => void): Waiting {
  return ({ crcs, failed }, from) => {
    const error = failed.get(from);
    if (error === undefined) resolve(crcs[from]!);
    else reject(error);
  };
}

function many(count: number, resolve: (results: RangeResults) => void): Waiting {
  return ({ crcs, failed }, from) => {
    const own = [...failed].filter(([i]) => i >= from && i < from + count);
    resolve({ crcs: crcs.subarray(from, from + count), failed: new Map(own.map(([i, error]) => [i - from, error])) });
  };
}
