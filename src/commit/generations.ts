/**
 * What lies on disk for one prefix. A generation is the data files that share a shard total; readers derive data-file
 * names from the total in the index, so two generations with different totals never collide.
 */
import { TensorBundleError } from '../errors.js';
import { ByteReader } from '../format/bytes.js';
import { decodeHeader } from '../format/header.js';
import type { ObjectStore } from '../storage/store.js';
import { indexName, parseIntentName, parseShardName } from './names.js';

export interface Intent {
  name: string;
  total: number;
}

export interface Generations {
  /** Data files by shard total. */
  data: Map<number, string[]>;
  /** Saves in progress, alive or dead. */
  intents: Intent[];
  hasIndex: boolean;
}

export async function scanGenerations(store: ObjectStore, base: string): Promise<Generations> {
  const found: Generations = { data: new Map(), intents: [], hasIndex: false };
  const index = indexName(base);
  for (const name of await store.list()) {
    if (name === index) found.hasIndex = true;
    const shard = parseShardName(base, name);
    if (shard) {
      const names = found.data.get(shard.total);
      if (names) names.push(name);
      else found.data.set(shard.total, [name]);
      continue;
    }
    const total = parseIntentName(base, name);
    if (total !== null) found.intents.push({ name, total });
  }
  return found;
}

/**
 * The shard total that the index on disk was committed with, from its first few bytes: the header is the first entry of
 * the first block. Null if there is no index or it cannot be read that way (compressed, damaged): it is about to be replaced.
 */
export async function committedTotal(store: ObjectStore, base: string): Promise<number | null> {
  const index = await store.open(indexName(base)).catch(error => {
    // A FIFO or a device gives way to the rename; a directory cannot, and is refused before anything is written.
    const special = error instanceof TensorBundleError && error.code === 'ERR_NOT_A_CHECKPOINT';
    if (special && error.found !== 'directory') return null;
    throw error;
  });
  if (index === null) return null;
  try {
    const start = new Uint8Array(Math.min(index.size, 64));
    await index.read(0, start);
    const reader = new ByteReader(start);
    if (reader.varint() !== 0 || reader.varint() !== 0) return null;
    return decodeHeader(reader.bytes(reader.varint()), index.path).numShards;
  } catch {
    return null;
  } finally {
    await index.close();
  }
}

/**
 * The total of the next generation. `candidates` come in order of preference (natural, + 1, + 2, - 1, …).
 *
 * Three totals take turns: besides those on disk, the one that the generation before the current used is avoided, so that
 * a lazy reader that sleeps through two overwrites meets a missing file or a bad checksum, never mixed data. Its files are
 * gone, but its total follows from the current one, since the turn is fixed; so the same overwrite gives the same bytes.
 * Where entries suffice for two totals only, the two alternate; a larger one, which leaves a data file empty, is the last
 * resort.
 */
export function chooseTotal(candidates: readonly number[], current: number | null, used: ReadonlySet<number>): number {
  if (current === null && used.size === 0) return candidates[0]!;
  const turn = candidates.filter(total => total === current || !used.has(total)).slice(0, 3);
  const at = current === null ? -1 : turn.indexOf(current);
  for (let step = 1; step <= turn.length; step++) {
    const total = turn[(at + step) % turn.length]!;
    if (!used.has(total) && total !== current) return total;
  }
  let total = Math.max(...candidates) + 1;
  while (used.has(total) || total === current) total++;
  return total;
}
