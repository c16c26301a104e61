/** What is on disk beside a new generation when it is committed, and which of it stays. */
import type { FileStat } from '../binding.js';
import type { Directory } from '../storage/directory.js';
import { type Generations, surveyGenerations } from './generations.js';
import type { lookAtReplaced } from './leftovers.js';
import { isOwnUnsynced } from './own-commits.js';
import type { Replaced } from './replaced.js';
import { generationsToKeep, lastDurable } from './superseded.js';

export interface Rest {
  found: Generations;
  /** Totals that are kept. */
  stays: ReadonlySet<number>;
  /** Total of the last durable generation; null if there is none. */
  last: number | null;
  /** When the replaced index was written; only older files are stale. Null if there was none. */
  before: bigint | null;
  /** What the commit found of the files that may be removed after it. */
  looks?: ReturnType<typeof lookAtReplaced>;
}

interface Commit {
  /** Of the new generation. */
  total: number;
  durable: boolean;
  keepPrevious: boolean;
  /** The other names in the directory. */
  names: readonly string[];
  /** What the save found when it began. */
  seen: Replaced;
  /** The index that is replaced, and its total. */
  index: FileStat | null;
  replaced: number | null | 'unknown';
}

/** Call it under the directory's lock. */
export async function judgeRest(directory: Directory, base: string, commit: Commit): Promise<Rest> {
  const { total, names, seen, index, replaced } = commit;
  const found = await surveyGenerations(directory, base, names);
  found.busy.add(total);
  const isOwn = typeof replaced === 'number' && isOwnUnsynced(directory.identity, base, index!);
  if (isOwn && !found.unsynced.has(replaced)) found.unsynced.set(replaced, { last: null, markers: [] });
  const named = typeof replaced === 'number' ? lastDurable(found, replaced) : seen.last;
  const last = named === total ? null : named;
  const stays = generationsToKeep(found, { ...commit, committed: total, last });
  return { found, stays, last, before: (index ?? seen).modified };
}
