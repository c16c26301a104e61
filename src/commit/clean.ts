/**
 * Removal of what no committed index names any more, under the directory's lock. Each function takes what it removed out of
 * `found`. What cannot be removed stays, and stays in `found`: the next save finds it again, and no save fails for it.
 *
 * A data file is stale if its name has the exact pattern, its total is not the committed one, no live intent holds the
 * total (nor one that cannot be judged), and either a dead intent names the total or the file is older than the index that
 * was replaced. (The last condition leaves the files of a TensorFlow that is writing the same prefix right now alone.)
 */
import type { ObjectStore } from '../storage/store.js';
import type { Generations } from './generations.js';
import { forgetOwn, isOwn } from './own-files.js';

/** What dead saves had begun, but for the data of totals in `stays`. Names of the removed files. */
export async function removeDead(
  store: ObjectStore,
  base: string,
  found: Generations,
  stays: ReadonlySet<number>,
): Promise<string[]> {
  const removed: string[] = [];
  for (const [total, intents] of found.dead) {
    if (found.busy.has(total)) continue;
    const isGone = stays.has(total) || (await removeGeneration(store, base, found, total, null, removed));
    // The intents go last: while they are there, a clean-up that was cut short is taken up again by the next save.
    if (isGone && (await removeAll(store, intents, removed))) found.dead.delete(total);
  }
  return removed;
}

export interface Stale {
  /** When the index that was replaced was written, in nanoseconds: what is older than that. */
  before: bigint;
  /** Of that only the files that this process has committed. */
  ownOnly: boolean;
}

/** The generations that are stale, but for those in `stays`. Names of the removed files. */
export async function removeReplaced(
  store: ObjectStore,
  base: string,
  found: Generations,
  stays: ReadonlySet<number>,
  stale: Stale,
): Promise<string[]> {
  const removed: string[] = [];
  for (const total of [...found.data.keys()]) {
    if (stays.has(total) || found.busy.has(total)) continue;
    await removeGeneration(store, base, found, total, stale, removed);
  }
  return removed;
}

/** Markers of generations that are gone: the total may be used again, perhaps by a save that does sync. */
export async function removeStrayMarkers(store: ObjectStore, found: Generations): Promise<void> {
  for (const total of [...found.unsynced.keys()]) {
    if (!found.data.has(total) && !found.busy.has(total)) await removeMarkers(store, found, total);
  }
}

/** False if something of it is left. `stale` null: whatever it is. */
async function removeGeneration(
  store: ObjectStore,
  base: string,
  found: Generations,
  total: number,
  stale: Stale | null,
  removed: string[],
): Promise<boolean> {
  const names = found.data.get(total) ?? [];
  if (stale !== null && !(await isStale(store, base, found, total, stale))) return false;
  const left: string[] = [];
  for (const name of names) {
    if (await removeAll(store, [name], removed)) forgetOwn(store.identity, base, name);
    else left.push(name);
  }
  if (left.length > 0) {
    found.data.set(total, left);
    return false;
  }
  found.data.delete(total);
  return removeMarkers(store, found, total);
}

/** True if there is none any more. */
async function removeMarkers(store: ObjectStore, found: Generations, total: number): Promise<boolean> {
  const marked = found.unsynced.get(total);
  if (marked === undefined) return true;
  const isGone = await removeAll(store, marked.markers, []);
  if (isGone) found.unsynced.delete(total);
  return isGone;
}

/** Whether all are gone. What somebody else removed is not among `removed`. */
async function removeAll(store: ObjectStore, names: readonly string[], removed: string[]): Promise<boolean> {
  let all = true;
  for (const name of names) {
    const existed = await store.remove(name).catch(() => null);
    if (existed === null) all = false;
    else if (existed) removed.push(name);
  }
  return all;
}

/**
 * Whether all files of a generation are old enough: somebody may be writing those that are not. A marker is younger than the
 * files it speaks of, so they need not be older than the index too, whatever the clock did.
 */
async function isStale(
  store: ObjectStore,
  base: string,
  found: Generations,
  total: number,
  { before, ownOnly }: Stale,
): Promise<boolean> {
  let newest = before;
  for (const marker of found.unsynced.get(total)?.markers ?? []) {
    const stat = await store.stat(marker, false).catch(() => null);
    if (stat !== null && stat.modified > newest) newest = stat.modified;
  }
  for (const name of found.data.get(total) ?? []) {
    const stat = await store.stat(name, false).catch(() => null);
    if (stat === null || stat.modified > newest) return false;
    if (ownOnly && !isOwn(store.identity, base, name, stat)) return false;
  }
  return true;
}
