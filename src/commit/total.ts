/**
 * Chooses the shard total of the next generation: which totals are free, which come first, and when to wait instead.
 */
import type { Directory } from '../storage/directory.js';
import { committedTotal, type Generations } from './generations.js';
import { removeReplaced } from './leftovers.js';
import { indexName } from './names.js';
import { generationsToKeep, lastDurable } from './superseded.js';

interface TotalOptions {
  /** In order of preference: natural, + 1, + 2, - 1, … */
  candidates: readonly number[];
  overwrite: 'atomic' | 'in-place' | 'error';
  /** Whether the save may still wait for others to end. */
  patient: boolean;
}

/**
 * Null if the save must wait. A save in place waits because it would use the very names that another save is writing.
 * Any save waits for a while before it takes a total above natural + 2, so that many processes at once use only a few
 * totals.
 */
export async function pickTotal(
  directory: Directory,
  base: string,
  found: Generations,
  committed: number | null | 'unknown',
  { candidates, overwrite, patient }: TotalOptions,
): Promise<number | null> {
  const natural = candidates[0]!;
  if (overwrite === 'in-place') return found.busy.has(natural) ? null : natural;
  const total = await pickFree(directory, base, found, committed, candidates);
  const mayWait = patient && found.hasLive;
  return mayWait && !isOrdinary(total, natural) ? null : total;
}

/** Totals further above the natural one are only for saves that run beside others. */
const MOST_ABOVE_NATURAL = 2;

/** Whether a save may use the total when nothing is on disk except what it replaces, and what that kept. */
function isOrdinary(total: number, natural: number): boolean {
  return total <= natural + MOST_ABOVE_NATURAL;
}

/**
 * The total of the next generation. `candidates` come in order of preference (natural, + 1, + 2, - 1, …).
 *
 * Three totals take turns. The totals on disk are avoided, and so is the total of the generation before the current
 * one: a reader that opens files late and misses two overwrites then finds a missing file or a bad checksum, never
 * mixed data. The files of that generation are gone, but its total follows from the current one, because the turn is
 * fixed. So the same overwrite gives the same bytes. Where only two totals are free (few entries, or a durable
 * generation that stays), the two alternate. A total above natural + 2 is taken only beside other saves, and a total
 * that leaves a data file empty is the last resort.
 */
function chooseTotal(candidates: readonly number[], current: number | null, used: ReadonlySet<number>): number {
  const natural = candidates[0]!;
  if (current === null && used.size === 0) return natural;
  const ordinary = candidates.filter(total => isOrdinary(total, natural));
  const turn = ordinary.filter(total => total === current || !used.has(total)).slice(0, 3);
  const at = current === null ? -1 : turn.indexOf(current);
  const isFree = (total: number): boolean => !used.has(total) && total !== current;
  for (let step = 1; step <= turn.length; step++) {
    const total = turn[(at + step) % turn.length]!;
    if (isFree(total)) return total;
  }
  const full = candidates.find(isFree);
  if (full !== undefined) return full;
  let total = Math.max(...candidates) + 1;
  while (!isFree(total)) total++;
  return total;
}

/** If every ordinary total is taken, first removes what the next commit would remove anyway. */
async function pickFree(
  directory: Directory,
  base: string,
  found: Generations,
  committed: number | null | 'unknown',
  candidates: readonly number[],
): Promise<number> {
  const choose = (): number =>
    chooseTotal(candidates, typeof committed === 'number' ? committed : null, usedTotals(found));
  const total = choose();
  if (isOrdinary(total, candidates[0]!)) return total;
  const checked = await committedTotal(directory, base, { checked: true });
  const index = await directory.stat(indexName(base), false);
  const canJudge = typeof checked === 'number' && index !== null;
  if (!canJudge || (await directory.holderOf(indexName(base))) === 'unknown') return total;
  const last = lastDurable(found, checked);
  const stays = generationsToKeep(found, {
    committed: checked,
    replaced: checked,
    last,
    durable: false,
    keepPrevious: false,
  });
  await removeReplaced(directory, base, found, stays, { before: index.modified, ownOnly: false });
  return choose();
}

function usedTotals(found: Generations): Set<number> {
  return new Set([...found.data.keys(), ...found.dead.keys(), ...found.busy, ...found.unsynced.keys()]);
}
