/**
 * Files that no committed index names any more, and their removal under the directory's lock. Each function takes what
 * it removed out of `found`. A file that cannot be removed stays on disk and in `found`: the next save finds it again,
 * and no save fails because of it.
 *
 * A data file is stale if its name has the exact pattern, its total is not the committed one, no intent of a living
 * save (or of one that cannot be judged) holds the total, and either a dead intent names the total or the file is older
 * than the index that was replaced. (The last condition protects the files of a TensorFlow that is writing the same
 * prefix right now.)
 */
import type { FileStat } from '../binding.js';
import { isNativeError, type NativeError } from '../errors.js';
import type { Directory } from '../storage/directory.js';
import type { DirectorySteps } from '../storage/directory-steps.js';
import type { Step } from '../storage/steps.js';
import { committedTotal, type Generations, surveyGenerations } from './generations.js';
import { intentStem, stemOf, stripFileSuffix } from './names.js';
import { forgetOwn, isOwn } from './own-commits.js';
import { totalsInUse } from './superseded.js';

/** Removes what dead saves had begun, except the data of totals in `stays`. Gives the names of the removed files. */
export async function removeDead(
  directory: Directory,
  base: string,
  found: Generations,
  stays: ReadonlySet<number>,
): Promise<string[]> {
  const removed: string[] = [];
  for (const [total, intents] of found.dead) {
    if (found.busy.has(total)) continue;
    const isGone = stays.has(total) || (await removeGeneration(directory, base, found, total, removed));
    // The intents go last: as long as they exist, the next save continues a clean-up that was interrupted.
    if (isGone && (await removeAll(directory, intents, removed))) found.dead.delete(total);
  }
  return removed;
}

interface Stale {
  /** When the replaced index was written, in nanoseconds. Older files are stale. */
  before: bigint;
  /** True: only the stale files that this process has committed are removed. */
  ownOnly: boolean;
  /** What `lookAtReplaced` found; without it, the files are looked at now. */
  looks?: Looks | undefined;
  /** Whether the lock of the directory may end with the last removal. */
  unlock?: boolean | undefined;
}

/** What is at each name; an error where that cannot be found out. */
type Looks = ReadonlyMap<string, Step<FileStat | NativeError | null>>;

/** Adds the steps that look at the files that `removeReplaced` has to judge. */
export function lookAtReplaced(steps: DirectorySteps, found: Generations, stays: ReadonlySet<number>): Looks {
  const names = replacedTotals(found, stays).flatMap(total => judgedNames(found, total));
  return new Map(names.map(name => [name, steps.tryStat(name)]));
}

function replacedTotals(found: Generations, stays: ReadonlySet<number>): number[] {
  return [...found.data.keys()].filter(total => !stays.has(total) && !found.busy.has(total));
}

/** The markers of a generation and its data files. */
function judgedNames(found: Generations, total: number): string[] {
  return [...(found.unsynced.get(total)?.markers ?? []), ...(found.data.get(total) ?? [])];
}

/** Removes the stale generations, except those in `stays`. Gives the names of the removed files. */
export async function removeReplaced(
  directory: Directory,
  base: string,
  found: Generations,
  stays: ReadonlySet<number>,
  stale: Stale,
): Promise<string[]> {
  const removed: string[] = [];
  const totals = replacedTotals(found, stays);
  for (const [i, total] of totals.entries()) {
    const looks = stale.looks ?? (await looksNow(directory, found, total));
    if (!isStale(directory, base, found, total, { ...stale, looks })) continue;
    await removeGeneration(directory, base, found, total, removed, stale.unlock === true && i === totals.length - 1);
  }
  return removed;
}

async function looksNow(directory: Directory, found: Generations, total: number): Promise<Looks> {
  const steps = directory.steps();
  const looks = new Map(judgedNames(found, total).map(name => [name, steps.tryStat(name)]));
  await steps.run();
  return looks;
}

/** Whether there is anything that `removeDead` and `removeReplaced` would look at. */
export function hasLeftovers(found: Generations, stays: ReadonlySet<number>): boolean {
  return found.dead.size > 0 || replacedTotals(found, stays).length > 0;
}

/** Removes markers of generations that are gone: their totals may be used again, perhaps by a save that does sync. */
export async function removeStrayMarkers(directory: Directory, found: Generations): Promise<void> {
  for (const total of [...found.unsynced.keys()]) {
    if (!found.data.has(total) && !found.busy.has(total)) await removeMarkers(directory, found, total);
  }
}

/** Gives false if a part of it is left. `unlock`: the lock ends with the removal of the last file. */
async function removeGeneration(
  directory: Directory,
  base: string,
  found: Generations,
  total: number,
  removed: string[],
  unlock = false,
): Promise<boolean> {
  const names = found.data.get(total) ?? [];
  const hasMarkers = (found.unsynced.get(total)?.markers.length ?? 0) > 0;
  const gone = names.length === 0 ? [] : await directory.removeAll(names, { unlock: unlock && !hasMarkers });
  const left = names.filter((_, i) => gone[i] === null);
  removed.push(...names.filter((_, i) => gone[i] === true));
  for (const [i, name] of names.entries()) if (gone[i] !== null) forgetOwn(directory.identity, base, name);
  if (left.length > 0) {
    found.data.set(total, left);
    return false;
  }
  found.data.delete(total);
  return removeMarkers(directory, found, total);
}

/** Gives true if no marker is left. */
async function removeMarkers(directory: Directory, found: Generations, total: number): Promise<boolean> {
  const marked = found.unsynced.get(total);
  if (marked === undefined) return true;
  const isGone = await removeAll(directory, marked.markers, []);
  if (isGone) found.unsynced.delete(total);
  return isGone;
}

/** Gives whether all are gone. `removed` does not get files that another process removed. */
async function removeAll(directory: Directory, names: readonly string[], removed: string[]): Promise<boolean> {
  if (names.length === 0) return true;
  const gone = await directory.removeAll(names);
  removed.push(...names.filter((_, i) => gone[i] === true));
  return gone.every(existed => existed !== null);
}

/**
 * Whether all files of a generation are old enough; another program may be writing those that are not. A marker is
 * younger than the files it belongs to. So files that are older than their marker are old enough too, whatever the
 * clock did.
 */
function isStale(
  directory: Directory,
  base: string,
  found: Generations,
  total: number,
  { before, ownOnly, looks }: Stale & { looks: Looks },
): boolean {
  const statOf = (name: string): FileStat | null => {
    const stat = looks.get(name)?.value;
    return stat === undefined || isNativeError(stat) ? null : stat;
  };
  let newest = before;
  for (const name of found.unsynced.get(total)?.markers ?? []) {
    const stat = statOf(name);
    if (stat !== null && stat.modified > newest) newest = stat.modified;
  }
  for (const name of found.data.get(total) ?? []) {
    const stat = statOf(name);
    if (stat === null || stat.modified > newest) return false;
    if (ownOnly && !isOwn(directory.identity, base, name, stat)) return false;
  }
  return true;
}

/**
 * Removes the intents of dead saves and the data files that these had begun; `isMeant` says for which checkpoints.
 * Everything else stays: committed files, living saves, and what cannot be judged (an index that cannot be read, an
 * intent that may not be opened). Rejects with ERR_LOCKED, ERR_PERMISSION, ERR_IO. Gives the names of the removed
 * files. `listed`: the names in the directory, if the caller has just listed it.
 */
export async function removeOrphans(
  directory: Directory,
  isMeant: (base: string) => boolean,
  listed?: readonly string[] | null,
): Promise<string[]> {
  if (intendedBases(listed ?? (await directory.list())).filter(isMeant).length === 0) return [];
  return await directory.exclusively(30_000, undefined, async () => {
    const removed: string[] = [];
    const names = await directory.list();
    for (const base of intendedBases(names).filter(isMeant)) {
      // In place of the index is a directory or an unreadable file: nothing is known about this checkpoint.
      const committed = await committedTotal(directory, base, { checked: true }).catch(() => 'unknown' as const);
      if (committed === 'unknown') continue;
      const found = await surveyGenerations(directory, base, names);
      removed.push(...(await removeDead(directory, base, found, totalsInUse(found, committed))));
    }
    return removed;
  });
}

/** A shortened stem does not tell the base. The name of another file in the directory may tell it. */
function intendedBases(names: readonly string[]): string[] {
  const stems = new Set(names.flatMap(name => intentStem(name) ?? []));
  if (stems.size === 0) return [];
  const bases = new Set(names.flatMap(name => stripFileSuffix(name) ?? []));
  return [...new Set([...[...stems].filter(stem => stemOf(stem) === stem), ...bases])].filter(base =>
    stems.has(stemOf(base)),
  );
}
