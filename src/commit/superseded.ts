/**
 * Which generations stay after a commit: those that it promised to keep, and the last one that a power loss cannot
 * undo.
 */
import type { Generations } from './generations.js';

interface Commit {
  /** Total of the index that is there now. */
  committed: number;
  /** Total of the index before it. Null if there was none, 'unknown' if it could not be read. */
  replaced: number | null | 'unknown';
  /** Total of the last durable generation before it; null if there is none. */
  last: number | null;
  durable: boolean;
  keepPrevious: boolean;
}

/** If the replaced index could not be read, but the commit promised to keep something of it, everything stays. */
export function generationsToKeep(found: Generations, commit: Commit): Set<number> {
  const { committed, replaced, last, durable, keepPrevious } = commit;
  if (replaced === 'unknown' && (keepPrevious || !durable)) return new Set([committed, ...found.data.keys()]);
  const stays = new Set([committed]);
  if (typeof replaced === 'number' && keepPrevious) stays.add(replaced);
  if (last !== null && !durable) stays.add(last);
  return stays;
}

/**
 * Totals that stay in use even when every save has died: that of the index (null if there is none), and that of the
 * last durable generation.
 */
export function totalsInUse(found: Generations, committed: number | null): Set<number> {
  const last = committed === null ? null : lastDurable(found, committed);
  return new Set([committed, last].filter(total => total !== null));
}

/**
 * The last generation that counts as durable while the index has `total`. It is that generation itself, unless a marker
 * says that it is not synced and which one was the last before it. Null if there is none.
 */
export function lastDurable(found: Generations, total: number): number | null {
  const marked = found.unsynced.get(total);
  const last = marked === undefined ? total : marked.last;
  return last !== null && found.data.has(last) ? last : null;
}
