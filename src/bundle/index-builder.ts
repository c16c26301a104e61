/**
 * The index of a checkpoint from what was written: header, one entry a tensor, and for a partitioned tensor its full entry
 * plus one entry a slice (tensorflow/core/util/tensor_bundle/tensor_bundle.cc, BundleWriter::AddSlice and
 * MergeBundles: the full entry names the first shard that holds a slice, its slices come shard by shard).
 */
import { encodeEntry, type StoredEntry } from '../format/entry.js';
import { encodeHeader } from '../format/header.js';
import { sliceKeyOf } from '../format/slice-key.js';
import { TableWriter } from '../format/table-writer.js';
import { sortKeys } from '../format/utf8-order.js';
import type { Item } from './source.js';

/** Where an item landed. */
export interface Placement {
  shard: number;
  offset: number;
  crc: number;
}

interface Row {
  key: Uint8Array;
  value: Uint8Array;
}

/** `order` is the order of the data files: shard by shard, position by position. */
export function buildIndex(
  items: readonly Item[],
  placements: readonly Placement[],
  order: readonly number[],
  shards: number,
): Uint8Array {
  const table = new TableWriter();
  table.add(new Uint8Array(0), encodeHeader(shards));
  const rows = items.some(item => item.slice) ? rowsWithSlices(items, placements, order) : plainRows(items, placements);
  for (const row of rows) table.add(row.key, row.value);
  return table.finish();
}

function* plainRows(items: readonly Item[], placements: readonly Placement[]): Generator<Row> {
  const encoder = new TextEncoder();
  for (const i of sortKeys(items.map(item => item.name))) {
    const item = items[i]!;
    yield { key: encoder.encode(item.name), value: encodeEntry(entryOf(item, placements[i]!)) };
  }
}

/** Slice keys are binary, so these rows are sorted as bytes. */
function rowsWithSlices(items: readonly Item[], placements: readonly Placement[], order: readonly number[]): Row[] {
  const encoder = new TextEncoder();
  const rows: Row[] = [];
  const partitioned = new Map<string, StoredEntry>();
  for (const i of order) {
    const item = items[i]!;
    const placement = placements[i]!;
    const entry = entryOf(item, placement);
    if (!item.slice) {
      rows.push({ key: encoder.encode(item.name), value: encodeEntry(entry) });
      continue;
    }
    const { extents, fullShape } = item.slice;
    rows.push({ key: sliceKeyOf(item.name, extents), value: encodeEntry(entry) });
    let full = partitioned.get(item.name);
    if (full === undefined) {
      full = { ...entry, shape: [...fullShape], offset: 0, size: 0, crc: 0, slices: [] };
      partitioned.set(item.name, full);
    }
    full.slices.push([...extents]);
  }
  for (const [name, full] of partitioned) rows.push({ key: encoder.encode(name), value: encodeEntry(full) });
  return rows.sort((a, b) => Buffer.compare(a.key, b.key));
}

function entryOf(item: Item, placement: Placement): StoredEntry {
  return {
    dtypeNumber: item.dtype.number,
    dtype: item.dtype,
    shape: [...item.shape],
    shard: placement.shard,
    offset: placement.offset,
    size: item.bytes!,
    crc: placement.crc,
    slices: [],
  };
}
