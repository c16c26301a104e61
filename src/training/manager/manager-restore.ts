/**
 * Which checkpoint a manager goes on from: its own ones first, whatever the `checkpoint` file names as the latest; then
 * what others have saved there, if it is all that the objects need. What matches nothing is passed over as a damaged
 * one is, and never in silence.
 */
import { isDamage } from '../../bundle/damage.js';
import { TensorBundleError } from '../../errors.js';
import type { RestoreMatch } from '../../graph/restore/restore.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import type { KeptCheckpoints } from './kept-checkpoints.js';
import { warnOfFallback, warnOfOthers } from './manager-warnings.js';
import type { OwnCheckpoints } from './own-checkpoints.js';

const COUNTER = /^save_counter\//;

interface Search {
  readonly checkpoint: Checkpoint;
  readonly own: OwnCheckpoints;
  readonly shelf: KeptCheckpoints;
  readonly fallback: boolean;
  /** What was wrong with the books. */
  readonly damage: TensorBundleError | null;
}

/**
 * Path of what was restored; null if there is nothing. Rejects with what was wrong with the newest, if no other is
 * whole or `fallback` is false.
 */
export async function restoreNewest({ checkpoint, own, shelf, fallback, damage }: Search): Promise<string | null> {
  const problems: TensorBundleError[] = damage ? [damage] : [];
  const tried = new Set<string>();
  const isRestored = async (path: string, isOwn: boolean): Promise<boolean> => {
    if (tried.has(path)) return false;
    tried.add(path);
    try {
      await checkpoint.restoreIf(own.absolute(path), match => check(match, path, isOwn));
    } catch (error) {
      if (!fallback || !(isDamage(error) || isUnmatched(error) || (!isOwn && isOfOthers(error)))) throw error;
      problems.push(error as TensorBundleError);
      return false;
    }
    shelf.latest = path;
    if (problems.length > 0) warnOfFallback(path, problems);
    return true;
  };
  const named = [...new Set([shelf.latest, ...shelf.newestFirst()])].filter(path => path !== null);
  for (const path of named) if (own.isNamed(path) && (await isRestored(path, true))) return path;
  const found = fallback || tried.size === 0 ? await own.found() : [];
  for (const { path } of found) {
    if (!(await isRestored(path, true))) continue;
    // The books did not know of it, nor of what else is there: no number is used twice.
    checkpoint.countFrom(found.reduce((most, { number }) => Math.max(most, number), 0));
    return path;
  }
  const others = named.filter(path => !own.isNamed(path));
  const isOwnTried = tried.size > 0;
  for (const path of others) if (await isRestored(path, false)) return path;
  if (tried.size === 0) {
    if (damage) warnOfOthers(problems);
    return null;
  }
  // Nothing of the manager's own is there, and what is there belongs to something else: a beginning, and said so.
  if (!isOwnTried && problems.every(one => one === damage || isUnmatched(one) || isOfOthers(one))) {
    warnOfOthers(problems);
    return null;
  }
  throw problems.find(({ path }) => path !== undefined && path !== damage?.path) ?? problems[0];
}

/**
 * Refuses what would restore nothing; of somebody else's also what would restore a part only, an optimizer without its
 * model.
 */
function check({ matched, missing, isAwaited }: RestoreMatch, path: string, isOwn: boolean): void {
  const lacking = missing.filter(key => !COUNTER.test(key));
  const hasSome = isAwaited || matched.some(key => !COUNTER.test(key));
  if (isOwn ? hasSome || lacking.length === 0 : hasSome && lacking.length === 0) return;
  const what = hasSome
    ? `is not of this manager, and lacks ${lacking.length} of the values, ${lacking[0]} for example`
    : 'has nothing that belongs to the objects of this manager';
  throw new TensorBundleError(
    'ERR_TRIVIAL_MATCH',
    `${path} ${what}; nothing was restored from it. Give each training a directory or a checkpointName of its own`,
    { path, expected: lacking },
  );
}

/** What somebody else has saved is of other objects. */
function isOfOthers(error: unknown): error is TensorBundleError {
  return error instanceof TensorBundleError && ['ERR_MISMATCH', 'ERR_NOT_SUPPORTED'].includes(error.code);
}

function isUnmatched(error: unknown): error is TensorBundleError {
  return error instanceof TensorBundleError && error.code === 'ERR_TRIVIAL_MATCH';
}
