/** Packs tensors of a request into one blob beside the JSON, and unpacks those of an answer (see wire.py). */
import { type DType, dtypeInfo, type TensorData } from '../../src/format/dtypes.js';

/** A tensor as tests give it: any typed array of its stored bits, or one Uint8Array an element for strings. */
export interface GivenTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** A tensor as TensorFlow gave it: raw little-endian bytes; for strings its elements (then `bytes` joins them). */
export interface OracleTensor {
  readonly dtype: DType;
  readonly shape: number[];
  readonly bytes: Buffer;
  readonly strings?: Buffer[];
}

interface WireTensor {
  dtype: DType;
  shape: number[];
  offset: number;
  lengths: number[];
}

function isGivenTensor(value: object): value is GivenTensor {
  return 'dtype' in value && 'shape' in value && 'data' in value;
}

function isList(data: TensorData): data is readonly Uint8Array[] {
  return Array.isArray(data);
}

/** Collects the blob of one request. */
export class Packer {
  readonly chunks: Uint8Array[] = [];
  #size = 0;

  /** A copy of `value` in which every tensor is a reference into the blob. */
  pack(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(item => this.pack(item));
    if (typeof value !== 'object' || value === null) return value;
    if (isGivenTensor(value)) return { $tensor: this.#tensor(value) };
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.pack(item)]));
  }

  #tensor({ dtype, shape, data }: GivenTensor): WireTensor {
    const pieces = isList(data) ? data : [new Uint8Array(data.buffer, data.byteOffset, data.byteLength)];
    const offset = this.#size;
    for (const piece of pieces) {
      this.chunks.push(piece);
      this.#size += piece.byteLength;
    }
    return { dtype: dtypeInfo(dtype).name, shape: [...shape], offset, lengths: pieces.map(piece => piece.byteLength) };
  }
}

/** `value` with every reference into the blob replaced by an OracleTensor. */
export function unpack(value: unknown, blob: Buffer): unknown {
  if (Array.isArray(value)) return value.map(item => unpack(item, blob));
  if (typeof value !== 'object' || value === null) return value;
  if (!('$tensor' in value)) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, unpack(item, blob)]));
  }
  const { dtype, shape, offset, lengths } = value.$tensor as WireTensor;
  let end = offset;
  const pieces = lengths.map(length => {
    end += length;
    return blob.subarray(end - length, end);
  });
  const tensor = { dtype, shape, bytes: blob.subarray(offset, end) };
  return dtype === 'string' ? { ...tensor, strings: pieces } : tensor;
}
