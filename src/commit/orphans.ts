/** What saves that died left in a directory, for any checkpoint in it. */
import { resolve } from 'node:path';
import { LocalStore } from '../storage/local-store.js';
import { clean } from './clean.js';
import { committedTotal } from './generations.js';
import { intentBase } from './names.js';

/**
 * Removes the intents of dead saves and the data files that these had begun; `isOwn` says whose. Committed checkpoints, living
 * saves and everything else stay. Rejects with ERR_LOCKED, ERR_PERMISSION, ERR_IO. Gives the names of what was removed.
 */
export async function removeOrphans(directory: string, isOwn: (base: string) => boolean): Promise<string[]> {
  const store = await LocalStore.open(resolve(directory));
  if (store === null) return [];
  try {
    const bases = async (): Promise<Set<string>> =>
      new Set((await store.list()).flatMap(name => intentBase(name) ?? []).filter(isOwn));
    if ((await bases()).size === 0) return [];
    return await store.exclusively(30_000, undefined, async () => {
      const removed: string[] = [];
      for (const base of await bases()) {
        const committed = await committedTotal(store, base);
        removed.push(...(await clean(store, base, { committed, replacedAt: null, keep: new Set(), durable: true })));
      }
      return removed;
    });
  } finally {
    await store.close();
  }
}
