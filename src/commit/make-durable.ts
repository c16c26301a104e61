/** What was committed without syncs, made durable afterwards. */
import { TensorBundleError } from '../errors.js';
import type { ObjectStore } from '../storage/store.js';
import { committedTotal, surveyGenerations } from './generations.js';
import { indexName } from './names.js';
import { forgetUnsynced } from './own-unsynced.js';

/**
 * The checkpoint that is there now is on stable storage afterwards, whoever saved it. Under the directory's lock.
 * Throws where something of it cannot be read or synced.
 */
export async function makeDurable(store: ObjectStore, base: string): Promise<void> {
  const total = await committedTotal(store, base);
  const found = await surveyGenerations(store, base);
  const shards = typeof total === 'number' ? found.data.get(total) : undefined;
  if (typeof total !== 'number' || shards === undefined) {
    const path = store.pathOf(indexName(base));
    throw new TensorBundleError('ERR_CORRUPT', `${path} or its data files cannot be read`, { path });
  }
  for (const name of shards) await store.syncObject(name);
  await store.syncObject(indexName(base));
  await store.sync();
  // Only now: whoever saves next takes one without a marker for durable, and removes what is kept for it.
  for (const name of found.unsynced.get(total)?.markers ?? []) await store.remove(name);
  forgetUnsynced(store.identity, base);
}
