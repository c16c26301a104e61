/**
 * Stored tensors as items of a new save: bytes go through as they are (byte-swapped if need be), in the order of the data
 * file, with slices as they were stored. Their checksums are checked on the way.
 */
import type { StoredEntry } from '../format/entry.js';
import { sliceOf } from '../format/slices.js';
import type { OpenBundle } from './open-bundle.js';
import { type Content, type Item, type ItemSlice, OwnedPieces } from './source.js';
import { type StoredTensor, TensorReader } from './tensor-reader.js';

const PIECE_BYTES = 4 * 1024 * 1024;

/**
 * Items of one bundle, by shard and by offset; `shardOf` gives the shard to put an item into, or undefined for any.
 * Slices keep the sequence in which their tensor lists them, counted from `sequenceFrom`.
 */
export function storedItems(
  bundle: OpenBundle,
  shardOf: (stored: StoredTensor) => number | undefined,
  sequenceFrom = 0,
): Item[] {
  const tensors = new TensorReader(bundle, true);
  const { index } = bundle;
  const plain: { stored: StoredTensor; slice?: ItemSlice }[] = [];
  for (const name of index.names()) {
    const entry = index.entry(name);
    if (entry.slices.length === 0) plain.push({ stored: index.stored(name) });
    else
      for (const slice of slicesOf(entry, sequenceFrom))
        plain.push({ stored: index.slice(name, entry, slice.extents, slice.box.size), slice });
  }
  for (const { stored } of plain) tensors.locate(stored);
  plain.sort(
    (a, b) =>
      a.stored.entry.shard - b.stored.entry.shard ||
      a.stored.entry.offset - b.stored.entry.offset ||
      a.stored.entry.size - b.stored.entry.size,
  );
  return plain.map(({ stored, slice }) => ({
    name: stored.name,
    dtype: stored.dtype,
    shape: stored.entry.shape,
    bytes: stored.dtype.bytes === 0 ? null : stored.entry.size,
    shard: shardOf(stored),
    ...(slice ? { slice } : {}),
    content: contentOf(tensors, stored, index.bigEndian),
  }));
}

function slicesOf(entry: StoredEntry, sequenceFrom: number): ItemSlice[] {
  return entry.slices.map((extents, i) => ({
    fullShape: entry.shape,
    box: sliceOf(extents, entry.shape),
    extents,
    sequence: sequenceFrom + i,
  }));
}

function contentOf(tensors: TensorReader, stored: StoredTensor, bigEndian: boolean): Content {
  if (stored.dtype.name === 'variant') return { kind: 'elements', elements: () => tensors.variant(stored), own: true };
  if (stored.dtype.name === 'string') return { kind: 'elements', elements: () => tensors.strings(stored) };
  if (stored.entry.size > PIECE_BYTES || bigEndian)
    return { kind: 'pull', pull: () => new OwnedPieces(tensors.pieces(stored, PIECE_BYTES)) };
  return { kind: 'pull', pull: () => tensors.numeric(stored, true), own: true };
}
