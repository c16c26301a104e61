/**
 * Reads or checks the bytes of many tensors. Their ranges are sorted into the order of the files once and cut into
 * batches of bounded size; each batch takes one call. (The addon reads neighbours in one go:
 * native/engine/range_reader.cc.)
 */

import { type Steps, sorted } from '../format/turns.js';
import { isError } from '../realms.js';
import type { RangeResults } from '../storage/range-batch.js';
import type { StoredTensor } from './stored-tensor.js';
import type { TensorFiles } from './tensor-files.js';

/** A batch ends at this many bytes or tensors, so that aborts and progress come promptly. */
const BATCH_BYTES = 128 * 1024 * 1024;
const BATCH_TENSORS = 4096;
/** The limit for strings and variants, whose bytes are in memory while they are checked. */
const BATCH_ENCODED_BYTES = 16 * 1024 * 1024;

/** Compares two tensors by file, and by place in it. */
export function inFileOrder({ entry: a }: StoredTensor, { entry: b }: StoredTensor): number {
  return a.shard - b.shard || a.offset - b.offset || a.size - b.size;
}

/** Positions of the tensors, in the order of the files and of the bytes in them. */
export function* fileOrder(tensors: readonly StoredTensor[]): Steps<number[]> {
  const numbers = tensors.map((_, i) => i);
  return yield* sorted(numbers, (a, b) => inFileOrder(tensors[a]!, tensors[b]!));
}

/** Whether the checksum of a tensor can only be computed element by element. */
export function isEncoded({ dtype }: StoredTensor): boolean {
  return dtype.bytes === 0 && !dtype.opaque;
}

/** Groups of consecutive tensors that are read or checked together. */
export function* batchesOf(tensors: readonly StoredTensor[]): Generator<readonly StoredTensor[]> {
  for (let from = 0, to = 0; from < tensors.length; from = to) {
    for (let bytes = 0, encoded = 0; to < tensors.length && to - from < BATCH_TENSORS; to++) {
      const tensor = tensors[to]!;
      bytes += tensor.entry.size;
      if (isEncoded(tensor)) encoded += tensor.entry.size;
      if (to > from && (bytes > BATCH_BYTES || encoded > BATCH_ENCODED_BYTES)) break;
    }
    yield from === 0 && to === tensors.length ? tensors : tensors.slice(from, to);
  }
}

/**
 * CRC32C of the bytes of each tensor. The tensors must have been located, and be in the order of the files. Never
 * rejects.
 */
export function checksumsOf(files: TensorFiles, tensors: readonly StoredTensor[]): Promise<RangeResults> {
  return byFile(tensors, part =>
    files.fileOf(part[0]!).checksumRanges(
      part.map(({ entry }) => entry.offset),
      part.map(({ entry }) => entry.size),
    ),
  );
}

/** As `checksumsOf`, but also reads the bytes of each tensor into its array. */
export function readInto(
  files: TensorFiles,
  tensors: readonly StoredTensor[],
  arrays: readonly ArrayBufferView[],
): Promise<RangeResults> {
  return byFile(tensors, (part, from) =>
    files.fileOf(part[0]!).readRanges(
      part.map(({ entry }) => entry.offset),
      arrays.slice(from, from + part.length),
    ),
  );
}

/** Asks each file for its part. The storage joins all requests of one turn into one call. */
async function byFile(
  tensors: readonly StoredTensor[],
  ask: (part: readonly StoredTensor[], from: number) => Promise<RangeResults>,
): Promise<RangeResults> {
  const parts: { from: number; results: Promise<RangeResults> }[] = [];
  for (let from = 0, to = 0; from < tensors.length; from = to) {
    const { shard } = tensors[from]!.entry;
    while (to < tensors.length && tensors[to]!.entry.shard === shard) to++;
    const count = to - from;
    const results = ask(from === 0 && to === tensors.length ? tensors : tensors.slice(from, to), from).catch(error =>
      allFailed(count, error),
    );
    parts.push({ from, results });
  }
  if (parts.length === 1) return parts[0]!.results;
  const crcs = new Uint32Array(tensors.length);
  const failed = new Map<number, Error>();
  for (const { from, results } of parts) {
    const part = await results;
    crcs.set(part.crcs, from);
    for (const [i, error] of part.failed) failed.set(from + i, error);
  }
  return { crcs, failed };
}

/** The results if the file itself could not be opened. */
function allFailed(count: number, error: unknown): RangeResults {
  const cause = isError(error) ? error : new Error(String(error));
  return { crcs: new Uint32Array(count), failed: new Map(Array.from({ length: count }, (_, i) => [i, cause])) };
}
