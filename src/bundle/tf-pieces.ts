/**
 * The bytes of a TensorFlow.js tensor in pieces, so that staging a large one neither blocks the event loop nor doubles
 * memory: `dataSync` copies, and of a slice it copies only the slice.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { TensorBundleError } from '../errors.js';
import type { DTypeInfo } from '../format/dtypes.js';
import { encodeText } from './elements.js';
import type { TfTensorLike } from './source.js';

/** One `dataSync` of this size takes about a millisecond. */
const PIECE_BYTES = 2 * 1024 * 1024;

interface Sliceable extends TfTensorLike {
  reshape(shape: number[]): Sliceable;
  slice(begin: number[], size: number[]): Sliceable;
  dispose(): void;
}

export class TfPieces implements AsyncIterable<Uint8Array> {
  constructor(
    private readonly name: string,
    private readonly tensor: TfTensorLike,
    private readonly dtype: DTypeInfo,
  ) {}

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    const { tensor, dtype } = this;
    const count = tensor.shape.reduce((product, size) => product * size, 1);
    if (count * dtype.bytes <= PIECE_BYTES || dtype.name === 'complex64' || !isSliceable(tensor)) {
      yield this.#read(tensor);
      return;
    }
    const step = PIECE_BYTES / dtype.bytes;
    const flat = tensor.reshape([count]);
    try {
      for (let begin = 0; begin < count; begin += step) {
        const slice = flat.slice([begin], [Math.min(step, count - begin)]);
        let piece: Uint8Array;
        try {
          piece = this.#read(slice);
        } finally {
          slice.dispose();
        }
        yield piece;
        await nextTurn();
      }
    } finally {
      flat.dispose();
    }
  }

  /** The elements of a string tensor. */
  async elements(): Promise<readonly Uint8Array[]> {
    const tensor: TfTensorLike & { bytes?(): Promise<unknown> } = this.tensor;
    // `bytes` keeps strings that are not UTF-8; `dataSync` decodes them.
    const data = typeof tensor.bytes === 'function' ? await tensor.bytes() : tensor.dataSync();
    if (!Array.isArray(data)) throw this.#unexpected(data);
    return data.map((element, i) =>
      typeof element === 'string' ? encodeText(this.name, element, i) : (element as Uint8Array),
    );
  }

  #read(tensor: TfTensorLike): Uint8Array {
    const data = tensor.dataSync();
    if (!ArrayBuffer.isView(data)) throw this.#unexpected(data);
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }

  #unexpected(data: unknown): TensorBundleError {
    return new TensorBundleError(
      'ERR_DTYPE',
      `tensor '${this.name}' says it is ${this.dtype.name}, but its data are not`,
      {
        tensor: this.name,
        expected: this.dtype.name,
        found: typeof data,
      },
    );
  }
}

function isSliceable(tensor: TfTensorLike): tensor is Sliceable {
  const candidate = tensor as Partial<Sliceable>;
  return typeof candidate.reshape === 'function' && typeof candidate.slice === 'function';
}
