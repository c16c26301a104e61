/** What saves that died left in a directory, for any checkpoint in it. */
import { resolve } from 'node:path';
import { LocalStore } from '../storage/local-store.js';
import { removeDead } from './clean.js';
import { committedTotal, surveyGenerations } from './generations.js';
import { intentStem, stemOf, stripFileSuffix } from './names.js';
import { totalsInUse } from './superseded.js';

/**
 * Removes the intents of dead saves and the data files that these had begun; `isOwn` says whose. Committed checkpoints, living
 * saves, what cannot be judged (an index that cannot be read, an intent that may not be opened) and everything else stay.
 * Rejects with ERR_LOCKED, ERR_PERMISSION, ERR_IO. Gives the names of what was removed.
 */
export async function removeOrphans(directory: string, isOwn: (base: string) => boolean): Promise<string[]> {
  const store = await LocalStore.open(resolve(directory));
  if (store === null) return [];
  try {
    if (intendedBases(await store.list()).filter(isOwn).length === 0) return [];
    return await store.exclusively(30_000, undefined, async () => {
      const removed: string[] = [];
      for (const base of intendedBases(await store.list()).filter(isOwn)) {
        // A directory or an unreadable file in the index's place: nothing is known of this checkpoint.
        const committed = await committedTotal(store, base, { checked: true }).catch(() => 'unknown' as const);
        if (committed === 'unknown') continue;
        const found = await surveyGenerations(store, base);
        removed.push(...(await removeDead(store, base, found, totalsInUse(found, committed))));
      }
      return removed;
    });
  } finally {
    await store.close();
  }
}

/** A shortened stem does not tell its base: that of another file in the directory does. */
function intendedBases(names: readonly string[]): string[] {
  const stems = new Set(names.flatMap(name => intentStem(name) ?? []));
  if (stems.size === 0) return [];
  const bases = new Set(names.flatMap(name => stripFileSuffix(name) ?? []));
  return [...new Set([...[...stems].filter(stem => stemOf(stem) === stem), ...bases])].filter(base =>
    stems.has(stemOf(base)),
  );
}
