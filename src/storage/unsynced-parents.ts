/**
 * Directories that this thread has made and whose names may not be on disk, because the save that made them failed or
 * was not durable. A later save into one of them syncs their parents with it. Other processes do not know of this.
 */

/** More are not remembered: the oldest are forgotten. */
const MOST = 10_000;

/**
 * By the identity of a made directory, absolute paths of those that hold its name and those of its parents. If the
 * directory is removed and another one gets its identity, that is synced once too often.
 */
const unsynced = new Map<string, readonly string[]>();

export function rememberParents(identity: string, paths: readonly string[]): void {
  const all = new Set([...parentsOf(identity), ...paths]);
  unsynced.delete(identity);
  unsynced.set(identity, [...all]);
  if (unsynced.size <= MOST) return;
  const [oldest] = unsynced.keys();
  unsynced.delete(oldest!);
}

export function parentsOf(identity: string): readonly string[] {
  return unsynced.get(identity) ?? [];
}

export function hasUnsynced(): boolean {
  return unsynced.size > 0;
}

/** After they were synced. */
export function forgetParents(identity: string): void {
  unsynced.delete(identity);
}
