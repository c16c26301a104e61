/**
 * Turns stored tensors into items of a new save. Their bytes are passed on unchanged (or byte-swapped if necessary), in
 * the order of the data file, and slices stay as they were stored. Checksums are checked on the way.
 */
import { TensorBundleError } from '../errors.js';
import type { StoredEntry } from '../format/entry.js';
import { sizeOf } from '../format/shape.js';
import { sliceOf } from '../format/slices.js';
import { inTurns, type Steps } from '../format/turns.js';
import { planChecks, refuseOverlap } from './check-bundle.js';
import type { Content, Item, ItemSlice } from './item.js';
import type { OpenBundle } from './open-bundle.js';
import { SliceIndex } from './slice-index.js';
import type { StoredTensor } from './stored-tensor.js';
import { TensorReader } from './tensor-reader.js';

const PIECE_BYTES = 4 * 1024 * 1024;
const STEP_ENTRIES = 256;

/**
 * Items of one bundle, by shard and by offset. `shardOf` gives the shard to put an item into, or undefined for any.
 * Slices keep the order in which their tensor lists them, numbered from `sequenceFrom`.
 */
export async function storedItems(
  bundle: OpenBundle,
  shardOf: (stored: StoredTensor) => number | undefined,
  options: { signal: AbortSignal | undefined; sequenceFrom?: number },
): Promise<Item[]> {
  return inTurns(itemsOf(bundle, shardOf, options.sequenceFrom ?? 0), options.signal, 'the save');
}

function* itemsOf(
  bundle: OpenBundle,
  shardOf: (stored: StoredTensor) => number | undefined,
  sequenceFrom: number,
): Steps<Item[]> {
  const tensors = new TensorReader(bundle, true);
  const { index } = bundle;
  const slices = new Map<StoredTensor, ItemSlice>();
  const plain: StoredTensor[] = [];
  for (const [i, name] of index.names().entries()) {
    if (i % STEP_ENTRIES === 0) yield;
    const tensor = yield* index.storedInSteps(name);
    const { entry } = tensor;
    if (entry.slices.length === 0) plain.push(tensor);
    else {
      // Checked against each other, because a list that names one slice again and again would multiply the work.
      const parts = yield* (yield* SliceIndex.build(index, name, entry)).parts();
      const itemSlices = slicesOf(entry, sequenceFrom);
      for (const [at, { stored }] of parts.entries()) {
        if (slices.has(stored)) continue;
        slices.set(stored, itemSlices[at]!);
        plain.push(stored);
      }
    }
  }
  for (const stored of plain) {
    tensors.files.locate(stored);
    if (index.bigEndian) refuseUnknownOrder(index.path, stored);
  }
  const { checks, overlapping } = yield* planChecks(plain);
  // A copy of bytes that many entries claim would grow without limit.
  refuseOverlap(bundle, overlapping);
  return checks.map(stored => {
    const slice = slices.get(stored);
    return {
      name: stored.name,
      dtype: stored.dtype,
      shape: stored.entry.shape,
      bytes: stored.dtype.bytes === 0 && !stored.dtype.opaque ? null : stored.entry.size,
      shard: shardOf(stored),
      ...(slice ? { slice } : {}),
      content: contentOf(tensors, stored, index.bigEndian),
    };
  });
}

function slicesOf(entry: StoredEntry, sequenceFrom: number): ItemSlice[] {
  return entry.slices.map((extents, i) => ({
    fullShape: entry.shape,
    box: sliceOf(extents, entry.shape),
    extents,
    sequence: sequenceFrom + i,
  }));
}

/**
 * Copies are little-endian, and elements of an unknown type cannot be swapped. That does not matter if they have one
 * byte each.
 */
function refuseUnknownOrder(path: string, { name, entry, dtype }: StoredTensor): void {
  const count = sizeOf(entry.shape);
  if (!dtype.opaque || entry.size <= count) return;
  throw new TensorBundleError(
    'ERR_DTYPE',
    `${path}: tensor '${name}' has type number ${dtype.number}, which this version does not know, and the other ` +
      `byte order, so its ` +
      'bytes cannot be swapped; copy the files as they are',
    { path, tensor: name, found: dtype.number },
  );
}

function contentOf(tensors: TensorReader, stored: StoredTensor, bigEndian: boolean): Content {
  if (stored.dtype.name === 'variant')
    return { kind: 'elements', elements: () => tensors.variant(stored), own: 'kept' };
  if (stored.dtype.name === 'string') return { kind: 'elements', elements: () => tensors.strings(stored) };
  if (stored.entry.size > PIECE_BYTES || bigEndian || stored.dtype.opaque)
    return { kind: 'pull', pull: () => tensors.pieces(stored, PIECE_BYTES), own: 'given' };
  return { kind: 'pull', pull: () => tensors.numeric(stored, true), own: 'kept' };
}
