/**
 * Small arrays in one block of memory: copies those of callers into memory of a save. `set` between arrays of one class
 * makes no object. Asking a small array for its `buffer` would make V8 allocate one, for good; that costs more than the
 * copy.
 */
import type { NumericArray } from '../format/dtypes.js';

/** The largest array that is copied so, in bytes. */
export const MAX_PACKED_BYTES = 4096;

type Getter<T> = (this: unknown) => T;

// The real ones: an array may have properties of its own with these names, which say something else.
const prototype = Object.getPrototypeOf(Uint8Array.prototype) as object;
const nameOf = getter<string | undefined>(Symbol.toStringTag);
const lengthOf = getter<number>('length');

const CLASSES = [
  Float32Array,
  Float64Array,
  Int8Array,
  Int16Array,
  Int32Array,
  BigInt64Array,
  Uint8Array,
  Uint16Array,
  Uint32Array,
  BigUint64Array,
];

/** One block of memory, seen as arrays of all classes. */
export class TypedBlock {
  readonly #views = new Map<string, NumericArray>();
  readonly #memory: Uint8Array;

  constructor(memory: Uint8Array) {
    this.#memory = memory;
  }

  /** The array of the class with this name. */
  as(name: string): NumericArray | undefined {
    const known = this.#views.get(name);
    if (known !== undefined) return known;
    const { buffer, byteOffset, byteLength } = this.#memory;
    const found = CLASSES.find(one => one.name === name);
    if (found === undefined || byteOffset % found.BYTES_PER_ELEMENT !== 0) return undefined;
    const view = new found(buffer as ArrayBuffer, byteOffset, Math.floor(byteLength / found.BYTES_PER_ELEMENT));
    this.#views.set(name, view);
    return view;
  }
}

/** For arrays that would not begin at a multiple of their element's size. */
const scratch = new Uint8Array(MAX_PACKED_BYTES);
const scratchBlock = new TypedBlock(scratch);

export class PackedArrays {
  readonly #memory: Uint8Array;
  readonly #block: TypedBlock;

  constructor(memory: Uint8Array) {
    this.#memory = memory;
    this.#block = new TypedBlock(memory);
  }

  /**
   * Copies a whole array to position `at`, where there is room for its `bytes`. False, and nothing is copied, if it is
   * not a typed array of this size (any more), or larger than MAX_PACKED_BYTES.
   */
  put(array: ArrayBufferView, bytes: number, at: number): boolean {
    if (bytes > MAX_PACKED_BYTES) return false;
    const name = nameOf.call(array);
    const whole = name === undefined ? undefined : this.#block.as(name);
    if (whole === undefined || lengthOf.call(array) * whole.BYTES_PER_ELEMENT !== bytes) return false;
    if (at % whole.BYTES_PER_ELEMENT === 0) copy(array, whole, at / whole.BYTES_PER_ELEMENT);
    else {
      copy(array, scratchBlock.as(name!)!, 0);
      this.#memory.set(scratch.subarray(0, bytes), at);
    }
    return true;
  }
}

/** Both are of one class, which the compiler does not see. */
function copy(from: ArrayBufferView, to: NumericArray, at: number): void {
  (to as Float32Array).set(from as Float32Array, at);
}

function getter<T>(name: PropertyKey): Getter<T> {
  return Object.getOwnPropertyDescriptor(prototype, name)!.get as Getter<T>;
}
