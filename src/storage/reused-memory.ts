/**
 * Memory that one load reads into again and again, for values that TensorFlow copies as soon as they are assigned. New
 * arrays would become the values: what TensorFlow frees for them stays in its pool, so the process would need the
 * memory of the values twice.
 *
 * It is a ring: batches take their parts in an order, and give them back in the same order.
 */
import { native } from '../binding.js';
import type { NumericArray, StoredType } from '../format/dtypes.js';
import { ReplacedArrays } from './replaced-arrays.js';

/**
 * Each array begins so many bytes after a multiple of ALIGNMENT, since TensorFlow would share an array that is aligned.
 * 16 bytes are aligned for some of its builds (EIGEN_MAX_ALIGN_BYTES). So only elements of 4 bytes or less have place.
 */
const MISALIGNMENT = 4;
const ALIGNMENT = 64;
const LEAST_ALIGNMENT = 16;
/** Smaller arrays have memory of their own: TensorFlow frees little for them, and to upload each takes time. */
const LEAST_BYTES = 64 * 1024;

const reused = new WeakMap<ArrayBufferLike, ReusedMemory>();

/** The memory that holds an array only for now; undefined for any other array. */
export function reusedMemoryOf({ buffer }: ArrayBufferView): ReusedMemory | undefined {
  return reused.get(buffer);
}

/** Whether TensorFlow would share the array instead of copying it. Parts of an array may begin anywhere. */
export function isAligned(array: ArrayBufferView): boolean {
  return native.misalignment(array, LEAST_ALIGNMENT) === 0;
}

/** How much a part must have for arrays of so many bytes in all, to begin each where it must. */
export function partBytes(bytes: number): number {
  return bytes + 2 * ALIGNMENT * Math.ceil(bytes / LEAST_BYTES);
}

export class ReusedMemory {
  readonly replaced = new ReplacedArrays();
  readonly #bytes: number;
  /** Made for the first part. */
  #buffer: ArrayBuffer | undefined;
  /** In use, the oldest first. */
  readonly #parts: Part[] = [];

  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  /** Undefined if there is no place for it now. There always is while no part is in use, up to the size of the ring. */
  take(bytes: number): Part | undefined {
    const begin = this.#placeFor(bytes);
    if (begin === undefined) return undefined;
    if (this.#buffer === undefined) {
      this.#buffer = new ArrayBuffer(this.#bytes);
      reused.set(this.#buffer, this);
    }
    const part = new Part(this.#buffer, begin, begin + bytes);
    this.#parts.push(part);
    return part;
  }

  /** Gives the oldest part back: others will write into its arrays. */
  giveBack(): void {
    this.#parts.shift();
  }

  #placeFor(bytes: number): number | undefined {
    const oldest = this.#parts[0];
    if (oldest === undefined) return bytes <= this.#bytes ? 0 : undefined;
    const { end } = this.#parts.at(-1)!;
    if (end <= oldest.begin) return end + bytes <= oldest.begin ? end : undefined;
    if (end + bytes <= this.#bytes) return end;
    return bytes <= oldest.begin ? 0 : undefined;
  }
}

/** Memory for the arrays of one batch. They hold what was read before. */
export class Part {
  #at: number;

  constructor(
    private readonly buffer: ArrayBuffer,
    readonly begin: number,
    readonly end: number,
  ) {
    this.#at = begin;
  }

  /** Undefined if there is no place for it. Then it needs memory of its own. */
  array(dtype: StoredType, length: number): NumericArray | undefined {
    const size = dtype.array.BYTES_PER_ELEMENT;
    if (size > MISALIGNMENT || length * size < LEAST_BYTES) return undefined;
    const past = native.misalignment(new Uint8Array(this.buffer, this.#at), ALIGNMENT);
    const start = this.#at + ((ALIGNMENT + MISALIGNMENT - past) % ALIGNMENT);
    if (start % size > 0 || start + length * size > this.end) return undefined;
    this.#at = start + length * size;
    return new dtype.array(this.buffer, start, length);
  }
}
