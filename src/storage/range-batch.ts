/**
 * Ranges of files that one native call reads or checks. The call fails as a whole. The bad ranges are then found by
 * halving: one bad range among 100,000 takes some 35 calls, and all the others still get their results.
 */
import { type Handle, native } from '../binding.js';
import { fromNative } from '../errors.js';

/** The results of ranges that were read or checked together. */
export interface RangeResults {
  /** CRC32C per range; 0 for those that failed. */
  readonly crcs: Uint32Array;
  /** The errors, by the number of the range, in rising order. */
  readonly failed: ReadonlyMap<number, Error>;
}

export class RangeBatch {
  /** Bytes of all ranges. */
  bytes = 0;
  readonly #files: Handle[] = [];
  readonly #paths: string[] = [];
  readonly #numbers = new Map<Handle, number>();
  readonly #fileOf: number[] = [];
  readonly #offsets: number[] = [];
  readonly #lengths: number[] = [];
  /** Where the bytes go. Empty if only checksums are wanted. */
  readonly #into: ArrayBufferView[] = [];

  get count(): number {
    return this.#offsets.length;
  }

  /** Adds `length` bytes at `offset`. Either all ranges of a batch have an `into`, or none has. */
  add(file: Handle, path: string, offset: number, length: number, into: ArrayBufferView | null): void {
    let number = this.#files.length - 1;
    if (this.#files[number] !== file) {
      number = this.#numbers.get(file) ?? this.#files.push(file) - 1;
      this.#numbers.set(file, number);
      this.#paths[number] = path;
    }
    this.#fileOf.push(number);
    this.#offsets.push(offset);
    this.#lengths.push(length);
    if (into !== null) this.#into.push(into);
    this.bytes += length;
  }

  /** Never rejects. */
  async run(): Promise<RangeResults> {
    const failed = new Map<number, Error>();
    try {
      return { crcs: await this.#call(0, this.count), failed };
    } catch (error) {
      const crcs = new Uint32Array(this.count);
      await this.#divide(0, this.count, error, crcs, failed);
      return { crcs, failed };
    }
  }

  /** Ranges `from` to `to` failed together with `error`: tries both halves, the first one first. */
  async #divide(
    from: number,
    to: number,
    error: unknown,
    crcs: Uint32Array,
    failed: Map<number, Error>,
  ): Promise<void> {
    if (to - from === 1) {
      failed.set(from, fromNative(error, 'read', { path: this.#paths[this.#fileOf[from]!] }));
      return;
    }
    const middle = (from + to) >>> 1;
    for (const [start, end] of [
      [from, middle],
      [middle, to],
    ] as const) {
      try {
        crcs.set(await this.#call(start, end), start);
      } catch (cause) {
        await this.#divide(start, end, cause, crcs, failed);
      }
    }
  }

  #call(from: number, to: number): Promise<Uint32Array> {
    const part = <T>(all: T[]): T[] => (from === 0 && to === all.length ? all : all.slice(from, to));
    // Only the files of these ranges are given: an error of another file must not fail them.
    const numbers = [...new Set(part(this.#fileOf))];
    const files = numbers.map(number => this.#files[number]!);
    const places = new Map(numbers.map((number, i) => [number, i]));
    const fileOf = Uint32Array.from(part(this.#fileOf), number => places.get(number)!);
    const offsets = Float64Array.from(part(this.#offsets));
    if (this.#into.length > 0) return native.readRanges(files, fileOf, offsets, part(this.#into));
    return native.checksumRanges(files, fileOf, offsets, Float64Array.from(part(this.#lengths)));
  }
}
