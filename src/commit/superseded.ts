/** Which generations a commit leaves: what it promised to keep, and the last one that a power loss cannot take. */
import type { ObjectStore } from '../storage/store.js';
import type { Generations } from './generations.js';

export interface Commit {
  /** Total of the index that is there now. */
  committed: number;
  /** Total of the one before it; null if there was none, 'unknown' if it could not be read. */
  replaced: number | null | 'unknown';
  /** When that index was written; null if there was none. */
  before: bigint | null;
  durable: boolean;
  keepPrevious: boolean;
}

/**
 * A generation without the marker of an unsynced one counts as durable. After a save that is not durable itself, the
 * newest of these stays, and everything if the replaced index could not be read. What is younger than that index, or what
 * a dead save has begun, is no generation to fall back to.
 */
export async function generationsToKeep(store: ObjectStore, found: Generations, commit: Commit): Promise<Set<number>> {
  const { committed, replaced, before, durable, keepPrevious } = commit;
  if (replaced === 'unknown' && (keepPrevious || !durable)) return new Set([committed, ...found.data.keys()]);
  const stays = new Set([committed]);
  if (typeof replaced === 'number' && keepPrevious) stays.add(replaced);
  if (durable) return stays;
  const isReplaced = typeof replaced === 'number' && !found.unsynced.has(replaced);
  const last = isReplaced ? replaced : await newestUnmarked(store, found, committed, before);
  if (last !== null) stays.add(last);
  return stays;
}

async function newestUnmarked(
  store: ObjectStore,
  found: Generations,
  committed: number,
  before: bigint | null,
): Promise<number | null> {
  let newest: { total: number; modified: bigint } | null = null;
  for (const [total, names] of found.data) {
    if (total === committed || found.unsynced.has(total) || found.busy.has(total) || found.dead.has(total)) continue;
    const stat = await store.stat(names[0]!, false);
    if (stat === null || (before !== null && stat.modified > before)) continue;
    if (newest === null || stat.modified > newest.modified) newest = { total, modified: stat.modified };
  }
  return newest?.total ?? null;
}
