/**
 * What is on disk for one prefix. A generation is the data files with the same shard total. Readers derive the names of
 * data files from the total in the index, so two generations with different totals never collide.
 */
import { TensorBundleError } from '../errors.js';
import { ByteReader } from '../format/bytes.js';
import { decodeHeader } from '../format/header.js';
import { readStoredHeader } from '../format/stored-header.js';
import type { Directory } from '../storage/directory.js';
import type { ReadableFile } from '../storage/file.js';
import { indexName, parseIntentName, parseShardName, parseUnsyncedName, type UnsyncedName } from './names.js';
import { forgetUnsynced } from './own-commits.js';

/** An index of a million tensors has about 100 MB. A larger one counts as one that cannot be judged. */
const MAX_CHECKED_BYTES = 256 * 1024 * 1024;

/** So many bytes at the start of an index tell its total. */
export const START_BYTES = 64;

interface Unsynced {
  /** Total of the last durable generation before this one; null if there was none. */
  last: number | null;
  /** The marker files that say so. Empty if only this process knows it. */
  markers: string[];
}

export interface Generations {
  /** Data files by shard total. */
  data: Map<number, string[]>;
  /** Intents of saves that died, by the total in their names. */
  dead: Map<number, string[]>;
  /** Totals of saves that are alive or cannot be judged. They must not be touched. */
  busy: Set<number>;
  /** Whether a save is certainly alive. */
  hasLive: boolean;
  /** Totals that were committed without syncs. */
  unsynced: Map<number, Unsynced>;
}

/**
 * Call it under the directory's lock. `names` has at least all names of the checkpoint; default: the directory is
 * listed.
 */
export async function surveyGenerations(
  directory: Directory,
  base: string,
  names?: readonly string[],
): Promise<Generations> {
  const found: Generations = { data: new Map(), dead: new Map(), busy: new Set(), hasLive: false, unsynced: new Map() };
  for (const name of names ?? (await directory.list())) {
    const shard = parseShardName(base, name);
    const intended = shard === null ? parseIntentName(base, name) : null;
    const unsynced = shard === null ? parseUnsyncedName(base, name) : null;
    if (shard !== null) append(found.data, shard.total, name);
    else if (unsynced !== null) addMarker(found, unsynced, name);
    else if (intended !== null) {
      const holder = await directory.holderOf(name);
      if (holder === 'somebody') found.hasLive = true;
      if (holder === 'nobody') append(found.dead, intended, name);
      else found.busy.add(intended);
    }
  }
  return found;
}

function addMarker({ unsynced }: Generations, { total, last }: UnsyncedName, name: string): void {
  const markers = unsynced.get(total)?.markers ?? [];
  unsynced.set(total, { last, markers: [...markers, name] });
}

function append(lists: Map<number, string[]>, total: number, name: string): void {
  const names = lists.get(total);
  if (names) names.push(name);
  else lists.set(total, [name]);
}

/** The index on disk. */
export interface CommittedIndex {
  /** The shard total that it was committed with. Null if there is no index, 'unknown' if it cannot be read. */
  readonly total: number | null | 'unknown';
  /** The file as it was before it was read. Null if there is none, or something other than a file has its name. */
  readonly file: IndexFileMark | null;
}

type IndexFileMark = Pick<ReadableFile, 'identity' | 'size' | 'mode' | 'modified'>;

/**
 * A total is 'unknown' where the index is compressed or damaged, is a FIFO, or the disk has an error. Without `checked`
 * the total comes from the first few bytes, which is enough to avoid or to keep it. With `checked`, the block of the
 * header has passed its checksum: files must not be removed because of an index that was not checked.
 */
export async function committedIndex(
  directory: Directory,
  base: string,
  { checked = false } = {},
): Promise<CommittedIndex> {
  const index = await directory.open(indexName(base)).catch(error => {
    // The rename can replace a FIFO or a device. It cannot replace a directory, which is therefore refused before
    // anything is written.
    const special = error instanceof TensorBundleError && error.code === 'ERR_NOT_A_CHECKPOINT';
    if (special && error.found !== 'directory') return 'unknown' as const;
    throw error;
  });
  if (index === null || index === 'unknown') return { total: index, file: null };
  const { identity, size, mode, modified } = index;
  const file = { identity, size, mode, modified };
  try {
    if (checked) return { total: await checkedTotal(index), file };
    const start = new Uint8Array(Math.min(size, START_BYTES));
    await index.read(0, start);
    return { total: totalAtStart(start, index.path), file };
  } catch {
    return { total: 'unknown', file };
  } finally {
    await index.close();
  }
}

/** As `committedIndex`, but gives only the total. */
export async function committedTotal(
  directory: Directory,
  base: string,
  options: { checked?: boolean } = {},
): Promise<number | null | 'unknown'> {
  return (await committedIndex(directory, base, options)).total;
}

/** The total in the first bytes of an index, START_BYTES of them if it has as many. */
export function totalAtStart(start: Uint8Array, path: string): number | 'unknown' {
  try {
    const reader = new ByteReader(start, 0, start.length, { path });
    // The header is the first entry of the first block, so its key is empty and shares nothing.
    if (reader.varint() !== 0 || reader.varint() !== 0) return 'unknown';
    return decodeHeader(reader.bytes(reader.varint()), path).numShards;
  } catch {
    return 'unknown';
  }
}

async function checkedTotal(index: ReadableFile): Promise<number> {
  return readStoredHeader(await index.readAll(MAX_CHECKED_BYTES), index.path).numShards;
}

/**
 * Puts the checkpoint that is there now on stable storage, whatever process saved it. Call it under the directory's
 * lock. Throws if a part of it cannot be read or synced.
 */
export async function makeDurable(directory: Directory, base: string): Promise<void> {
  const total = await committedTotal(directory, base);
  const found = await surveyGenerations(directory, base);
  const shards = typeof total === 'number' ? found.data.get(total) : undefined;
  if (typeof total !== 'number' || shards === undefined) {
    const path = directory.pathOf(indexName(base));
    throw new TensorBundleError('ERR_CORRUPT', `${path} or its data files cannot be read`, { path });
  }
  for (const name of shards) await directory.syncFile(name);
  await directory.syncFile(indexName(base));
  await directory.sync();
  // Removed only now: the next save takes a generation without a marker for durable, and removes the one that is kept
  // for it.
  for (const name of found.unsynced.get(total)?.markers ?? []) await directory.remove(name);
  forgetUnsynced(directory.identity, base);
}
