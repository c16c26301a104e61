/**
 * Builds the index of a checkpoint from what was written: the header, and one entry per tensor. A partitioned tensor
 * has its full entry and one entry per slice. The full entry names the shard of the first slice. It lists the slices
 * shard by shard, or in the given sequence (tensorflow/core/util/tensor_bundle/tensor_bundle.cc, BundleWriter::AddSlice
 * and MergeBundles).
 */
import { TextEncoder } from 'node:util';
import { ByteWriter } from '../format/bytes.js';
import { encodeEntry, type StoredEntry, writeEntry } from '../format/entry.js';
import { encodeHeader } from '../format/header.js';
import { sliceKeyOf } from '../format/slice-key.js';
import { TableWriter } from '../format/table-writer.js';
import { sortKeys } from '../format/utf8-order.js';
import type { Item, ItemSlice } from './item.js';

/** Where an item was written. */
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
  const value = new ByteWriter(64);
  for (const i of sortKeys(items.map(item => item.name))) {
    const item = items[i]!;
    // One buffer for all values: the table copies each before it asks for the next.
    value.clear();
    writeEntry(entryOf(item, placements[i]!), value);
    yield { key: encoder.encode(item.name), value: value.finish() };
  }
}

/** The keys of slices are binary, so these rows are sorted as bytes. */
function rowsWithSlices(items: readonly Item[], placements: readonly Placement[], order: readonly number[]): Row[] {
  const encoder = new TextEncoder();
  const rows: Row[] = [];
  const partitioned = new Map<string, { slice: ItemSlice; entry: StoredEntry }[]>();
  for (const i of order) {
    const item = items[i]!;
    const placement = placements[i]!;
    const entry = entryOf(item, placement);
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
  return rows.sort((a, b) => Buffer.compare(a.key, b.key));
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
