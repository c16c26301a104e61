/**
 * Builds the index of a checkpoint from what was written: the header, and one entry per tensor. A partitioned tensor
 * has its full entry and one entry per slice. The full entry names the shard of the first slice. It lists the slices
 * shard by shard, or in the given sequence (tensorflow/core/util/tensor_bundle/tensor_bundle.cc, BundleWriter::AddSlice
 * and MergeBundles).
 */
import { TextEncoder } from 'node:util';
import { ByteWriter } from '../format/bytes.js';
import { type EncodedKeys, sortedKeys } from '../format/encoded-keys.js';
import { encodeEntry, type StoredEntry, writeWhole } from '../format/entry.js';
import { encodeHeader } from '../format/header.js';
import { sliceKeyOf } from '../format/slice-key.js';
import { TableWriter } from '../format/table-writer.js';
import { type Steps, sorted } from '../format/turns.js';
import type { Item, ItemSlice } from './item.js';

/** Where the items were written, by their position in the list of items. */
interface Placements {
  readonly shards: Int32Array;
  readonly offsets: Float64Array;
  /** CRC32C of the stored bytes. */
  readonly crcs: Uint32Array;
}

interface Row {
  key: Uint8Array;
  value: Uint8Array;
}

/** About the size of an index: what most entries take, whose keys share a part with the key before. */
const [MIN_BYTES, ENTRY_BYTES] = [1024, 88];
/** Entries that are added between two stops. */
const STEP_ENTRIES = 128;

/**
 * `order` is the order of the data files: shard by shard, position by position. In steps, because many tensors take
 * long.
 */
export function* buildIndex(
  items: readonly Item[],
  placements: Placements,
  order: readonly number[],
  shards: number,
): Steps<Uint8Array> {
  const table = new TableWriter({ bytes: MIN_BYTES + items.length * ENTRY_BYTES });
  table.add(new Uint8Array(0), encodeHeader(shards));
  if (items.some(item => item.slice)) {
    const rows = rowsWithSlices(items, placements, order);
    for (const [i, { key, value }] of (yield* sorted(rows, (a, b) => Buffer.compare(a.key, b.key))).entries()) {
      if (i % STEP_ENTRIES === 0) yield;
      table.add(key, value);
    }
  } else {
    const { keys, positions } = yield* sortedKeys(items.map(item => item.name));
    const value = new ByteWriter(64);
    for (let at = 0; at < positions.length; at += STEP_ENTRIES) {
      const end = Math.min(at + STEP_ENTRIES, positions.length);
      for (let k = at; k < end; k++) addPlain(table, items, placements, keys, positions[k]!, value);
      yield;
    }
  }
  return table.finish();
}

/** Adds a whole tensor. No object is made for it: `value` is used for all of them. */
function addPlain(
  table: TableWriter,
  items: readonly Item[],
  { shards, offsets, crcs }: Placements,
  keys: EncodedKeys,
  i: number,
  value: ByteWriter,
): void {
  const { dtype, shape, bytes } = items[i]!;
  value.clear();
  writeWhole(value, dtype.number, shape, shards[i]!, offsets[i]!, bytes!, crcs[i]!);
  table.addRange(keys.text(i), keys.start(i), keys.end(i), value.buffer, 0, value.length);
}

/** The keys of slices are binary, so these rows are sorted as bytes. */
function rowsWithSlices(items: readonly Item[], placements: Placements, order: readonly number[]): Row[] {
  const encoder = new TextEncoder();
  const rows: Row[] = [];
  const partitioned = new Map<string, { slice: ItemSlice; entry: StoredEntry }[]>();
  for (const i of order) {
    const item = items[i]!;
    const entry = entryOf(item, placements, i);
    if (!item.slice) {
      rows.push({ key: encoder.encode(item.name), value: encodeEntry(entry) });
      continue;
    }
    rows.push({ key: sliceKeyOf(item.name, item.slice.extents), value: encodeEntry(entry) });
    const slices = partitioned.get(item.name);
    if (slices === undefined) partitioned.set(item.name, [{ slice: item.slice, entry }]);
    else slices.push({ slice: item.slice, entry });
  }
  for (const [name, slices] of partitioned)
    rows.push({ key: encoder.encode(name), value: encodeEntry(fullEntry(slices)) });
  return rows;
}

/** The full entry names the shard of its first slice, and has no bytes of its own. */
function fullEntry(slices: { slice: ItemSlice; entry: StoredEntry }[]): StoredEntry {
  slices.sort((a, b) => (a.slice.sequence ?? 0) - (b.slice.sequence ?? 0));
  const { slice, entry } = slices[0]!;
  return {
    ...entry,
    shape: [...slice.fullShape],
    offset: 0,
    size: 0,
    crc: 0,
    slices: slices.map(other => [...other.slice.extents]),
  };
}

function entryOf(item: Item, { shards, offsets, crcs }: Placements, i: number): StoredEntry {
  return {
    dtypeNumber: item.dtype.number,
    dtype: item.dtype,
    shape: [...item.shape],
    shard: shards[i]!,
    offset: offsets[i]!,
    size: item.bytes!,
    crc: crcs[i]!,
    slices: [],
  };
}
