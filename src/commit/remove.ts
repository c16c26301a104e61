/** Removal of a whole checkpoint. */
import { resolve } from 'node:path';
import { LocalStore } from '../storage/local-store.js';
import type { ObjectStore } from '../storage/store.js';
import { removeDead, removeStrayMarkers } from './clean.js';
import { surveyGenerations } from './generations.js';
import { indexName, splitPrefix, stripFileSuffix } from './names.js';
import { type PathLike, pathOf } from './paths.js';

/**
 * Removes `PREFIX.index` first, then every data file of the prefix (of all generations), and what dead saves left. A save
 * in progress is left alone. An absent checkpoint is no error. The `checkpoint` state file is not touched, as in TensorFlow
 * (`remove_checkpoint`, checkpoint_management.py). `path` is PREFIX, PREFIX.index or PREFIX.data-*; where a checkpoint's
 * own name ends like that, it is the one that is removed.
 * Rejects with ERR_INVALID_ARGUMENT and ERR_NOT_SUPPORTED (no prefix, no local path), ERR_LOCKED, ERR_PERMISSION, ERR_IO.
 */
export async function removeCheckpoint(path: PathLike): Promise<void> {
  const given = pathOf(path);
  const { directory } = splitPrefix(given);
  const store = await LocalStore.open(resolve(directory));
  if (store === null) return;
  try {
    await store.exclusively(30_000, undefined, async () => {
      const base = await baseOf(store, given);
      // The index's removal is durable before the data goes: after a crash there is no index without data.
      if (await store.remove(indexName(base))) await store.sync();
      const found = await surveyGenerations(store, base);
      for (const [total, names] of found.data) {
        if (found.busy.has(total)) continue;
        for (const name of names) await store.remove(name);
        found.data.delete(total);
      }
      await removeDead(store, base, found, null);
      await removeStrayMarkers(store, found);
    });
  } finally {
    await store.close();
  }
}

/** The name as it is given, if any file is of that checkpoint, data without an index included; else without a file's ending. */
async function baseOf(store: ObjectStore, given: string): Promise<string> {
  const { base } = splitPrefix(given);
  const stripped = stripFileSuffix(given);
  if (stripped === null) return base;
  const { data, dead, busy } = await surveyGenerations(store, base);
  const isThere = (await store.stat(indexName(base), false)) !== null;
  return isThere || data.size > 0 || dead.size > 0 || busy.size > 0 ? base : splitPrefix(stripped).base;
}
