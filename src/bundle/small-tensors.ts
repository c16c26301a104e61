/**
 * Reads many small tensors in one call into one block of memory, and gives each an array of its own. For a small tensor
 * that is cheaper than to give the addon an array for each: then V8 would have to allocate a buffer for it.
 */
import type { NumericArray } from '../format/dtypes.js';
import { MAX_PACKED_BYTES, TypedBlock } from './packed-arrays.js';
import type { StoredTensor } from './stored-tensor.js';
import type { TensorFiles } from './tensor-files.js';
import { isEncoded } from './tensor-ranges.js';

/** Each tensor begins at a multiple of this in the block, so that it can be an array of any class. */
const ALIGNMENT = 8;

/** From this number of tensors on, reading them in this way is worth a native call of their own. */
export const MANY_SMALL = 64;

/** Whether a tensor is numbers, and so small that it is read in this way. */
export function isSmall(tensor: StoredTensor): boolean {
  return tensor.entry.size <= MAX_PACKED_BYTES && !isEncoded(tensor);
}

interface SmallTensors {
  /** In the byte order of the file. */
  readonly arrays: NumericArray[];
  readonly crcs: Uint32Array;
}

/**
 * Reads small tensors in the order of the files. They must have been located. Rejects as a whole, with an error that
 * does not tell which of them is the cause.
 */
export async function readSmall(files: TensorFiles, tensors: readonly StoredTensor[]): Promise<SmallTensors> {
  const parts: Promise<SmallTensors>[] = [];
  for (let from = 0, to = 0; from < tensors.length; from = to) {
    const { shard } = tensors[from]!.entry;
    while (to < tensors.length && tensors[to]!.entry.shard === shard) to++;
    parts.push(readPart(files, from === 0 && to === tensors.length ? tensors : tensors.slice(from, to)));
  }
  // All have ended, even after an error.
  const ended = await Promise.allSettled(parts);
  const arrays: NumericArray[] = [];
  const crcs = new Uint32Array(tensors.length);
  for (const part of ended) {
    if (part.status === 'rejected') throw part.reason;
    crcs.set(part.value.crcs, arrays.length);
    for (const array of part.value.arrays) arrays.push(array);
  }
  return { arrays, crcs };
}

/** Reads small tensors of one shard. */
async function readPart(files: TensorFiles, tensors: readonly StoredTensor[]): Promise<SmallTensors> {
  const count = tensors.length;
  const offsets = new Float64Array(count);
  const lengths = new Float64Array(count);
  let bytes = 0;
  for (let i = 0; i < count; i++) {
    const { offset, size } = tensors[i]!.entry;
    offsets[i] = offset;
    lengths[i] = size;
    bytes += Math.ceil(size / ALIGNMENT) * ALIGNMENT;
  }
  const memory = new Uint8Array(bytes);
  const crcs = await files.fileOf(tensors[0]!).readPacked(offsets, lengths, memory);
  return { arrays: arraysOf(tensors, new TypedBlock(memory)), crcs };
}

function arraysOf(tensors: readonly StoredTensor[], block: TypedBlock): NumericArray[] {
  const arrays: NumericArray[] = [];
  let at = 0;
  for (let i = 0; i < tensors.length; i++) {
    const { dtype, entry } = tensors[i]!;
    const unit = dtype.array.BYTES_PER_ELEMENT;
    arrays.push(block.as(dtype.array.name)!.slice(at / unit, (at + entry.size) / unit));
    at += Math.ceil(entry.size / ALIGNMENT) * ALIGNMENT;
  }
  return arrays;
}
