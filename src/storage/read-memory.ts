/**
 * Memory for the arrays that one read fills. Arrays for TensorFlow begin where TensorFlow takes an array as it is,
 * without a copy. V8 learns of the memory only when the read is over: it would collect garbage again and again while
 * large arrays are made, and find none.
 */
import { native } from '../binding.js';
import type { NumericArray, StoredType } from '../format/dtypes.js';
import { sizeOf } from '../format/shape.js';
import { makeArray } from './arrays.js';
import type { Part } from './reused-memory.js';

/**
 * Where an array must begin for TensorFlow to take it without a copy (EIGEN_MAX_ALIGN_BYTES, which TF_NewTensor of
 * tensorflow/c/tf_tensor.cc asks for).
 */
const ALIGNMENT = 64;
/** Smaller arrays are made as always: to copy them costs less than to place them. */
const MIN_PLACED_BYTES = 64 * 1024;
/**
 * V8 is told at the latest when this much was kept from it. Then it can collect what the new values have replaced, so
 * no more than this is in memory twice.
 */
const MAX_UNTOLD_BYTES = 512 * 1024 * 1024;

export class ReadMemory {
  #untold = 0;

  /**
   * `forTensors`: the arrays become tensors of TensorFlow.js, and no caller sees their buffers. `part`: memory for the
   * larger ones, which they have only until the tensors are made.
   */
  constructor(
    private readonly forTensors: boolean,
    private readonly part?: Part,
  ) {}

  /** An array for the values of a shape. It may hold other values before. Throws ERR_TOO_LARGE. */
  array(name: string, dtype: StoredType, shape: readonly number[]): NumericArray {
    const bytes = sizeOf(shape) * dtype.bytes;
    const length = bytes / dtype.array.BYTES_PER_ELEMENT;
    const reused = this.part?.array(dtype, length);
    if (reused !== undefined) return reused;
    const isPlaced = this.forTensors && bytes >= MIN_PLACED_BYTES;
    const array = makeArray(name, bytes, () => (isPlaced ? placed(dtype, bytes, length) : new dtype.array(length)));
    if (bytes >= MIN_PLACED_BYTES) this.#keepFromV8(bytes);
    return array;
  }

  /** Tells V8 of all arrays. Must be called in any case. */
  tell(): void {
    if (this.#untold > 0) native.adjustExternalMemory(this.#untold);
    this.#untold = 0;
  }

  #keepFromV8(bytes: number): void {
    if (this.#untold + bytes > MAX_UNTOLD_BYTES) this.tell();
    if (bytes > MAX_UNTOLD_BYTES) return;
    native.adjustExternalMemory(-bytes);
    this.#untold += bytes;
  }
}

/** In a buffer with so much space that the array can begin at a multiple of ALIGNMENT. */
function placed(dtype: StoredType, bytes: number, length: number): NumericArray {
  const buffer = new ArrayBuffer(bytes + ALIGNMENT);
  const start = (ALIGNMENT - native.misalignment(new Uint8Array(buffer), ALIGNMENT)) % ALIGNMENT;
  return new dtype.array(buffer, start, length);
}

/** Runs a read. Afterwards V8 knows of its memory. */
export async function readingWith<T>(memory: ReadMemory, read: (memory: ReadMemory) => Promise<T>): Promise<T> {
  try {
    return await read(memory);
  } finally {
    memory.tell();
  }
}
