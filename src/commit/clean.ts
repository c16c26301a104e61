/**
 * Removal of what no committed index names any more. Nothing is removed that is not stale by the rules below; everything
 * runs under the directory's lock.
 *
 * A data file is stale if its name has the exact pattern, its total is not the committed one, no live intent holds the
 * total, and either a dead intent names the total or the file is older than the index just replaced. (The last condition
 * leaves the files of a TensorFlow that is writing the same prefix right now alone.)
 */
import type { ObjectStore } from '../storage/store.js';
import { type Generations, scanGenerations } from './generations.js';
import { forgetUndurable, isUndurable } from './undurable.js';

export interface CleanRules {
  /** Total of the index on disk; null where there is none. */
  committed: number | null;
  /** Modification time of the index that was replaced, in nanoseconds; null: only dead saves are cleaned up. */
  replacedAt: bigint | null;
  /** Totals that stay whatever happens (keepPrevious). */
  keep: ReadonlySet<number>;
  /** Whether what replaced them is on stable storage. If not, only this process's own undurable generations go. */
  durable: boolean;
}

/** Names of the files that were removed. */
export async function clean(store: ObjectStore, base: string, rules: CleanRules): Promise<string[]> {
  const found = await scanGenerations(store, base);
  const { dead, live } = await sortIntents(store, found);
  const removed: string[] = [];
  for (const [total, names] of found.data) {
    if (total === rules.committed || live.has(total) || rules.keep.has(total)) continue;
    const abandoned = dead.has(total);
    if (!abandoned && !rules.durable && !isUndurable(store.identity, base, total)) continue;
    for (const name of names) {
      if (!abandoned && !(await isOlder(store, name, rules.replacedAt))) continue;
      if (await store.remove(name)) removed.push(name);
    }
    forgetUndurable(store.identity, base, total);
  }
  // The intent goes last: while it is there, a clean-up that was cut short is taken up again by the next save.
  for (const intent of found.intents) {
    if (!live.has(intent.total) && (await store.remove(intent.name))) removed.push(intent.name);
  }
  return removed;
}

async function sortIntents(store: ObjectStore, found: Generations): Promise<{ dead: Set<number>; live: Set<number> }> {
  const dead = new Set<number>();
  const live = new Set<number>();
  for (const intent of found.intents) ((await store.isHeld(intent.name)) ? live : dead).add(intent.total);
  return { dead, live };
}

async function isOlder(store: ObjectStore, name: string, than: bigint | null): Promise<boolean> {
  if (than === null) return false;
  const stat = await store.stat(name, false);
  return stat !== null && stat.modified <= than;
}
