/** The index that a save finds under its name. */
import type { ObjectStore } from '../storage/store.js';
import { indexName } from './names.js';

/** What the index on disk was when the save began. */
export interface Replaced {
  permissions: number | undefined;
  /** Nanoseconds since the epoch; null where there was no index. */
  modified: bigint | null;
  /** Of a save in place, which unlinks the index: total of the last durable generation that it leaves. */
  last: number | null;
}

export async function replacedBy(store: ObjectStore, base: string): Promise<Replaced> {
  const stat = await store.stat(indexName(base));
  if (stat?.kind !== 'file') return { permissions: undefined, modified: null, last: null };
  return { permissions: stat.mode & 0o777, modified: stat.modified, last: null };
}
