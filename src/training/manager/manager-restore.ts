/**
 * Which checkpoint a manager restores: first its own ones, whatever the `checkpoint` file names as the latest. Then
 * checkpoints that something else has saved there, if they have everything that the objects need. A checkpoint that
 * matches nothing is passed over like a damaged one, and always with a warning or an error.
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
  readonly kept: KeptCheckpoints;
  readonly fallback: boolean;
  /** The error of the damaged state file, if it is damaged. */
  readonly damage: TensorBundleError | null;
}

/**
 * Path of what was restored; null if there is nothing. Rejects with the error of the newest checkpoint if no other can
 * be restored, or if `fallback` is false.
 */
export async function restoreNewest({ checkpoint, own, kept, fallback, damage }: Search): Promise<string | null> {
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
    kept.latest = path;
    if (problems.length > 0) warnOfFallback(path, problems);
    return true;
  };
  const named = [...new Set([kept.latest, ...kept.newestFirst()])].filter(path => path !== null);
  for (const path of named) if (own.isNamed(path) && (await isRestored(path, true))) return path;
  const found = fallback || tried.size === 0 ? await own.found() : [];
  for (const { path } of found) {
    if (!(await isRestored(path, true))) continue;
    // The books do not have these checkpoints, so counting goes on above all of them: no number is used twice.
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
  // There is nothing of the manager's own, and what is there belongs to something else: the training begins anew, with
  // a warning.
  if (!isOwnTried && problems.every(one => one === damage || isUnmatched(one) || isOfOthers(one))) {
    warnOfOthers(problems);
    return null;
  }
  throw problems.find(({ path }) => path !== undefined && path !== damage?.path) ?? problems[0];
}

/**
 * Refuses a checkpoint that would restore nothing. One that the manager did not make must also be complete: an
 * optimizer without its model is refused.
 */
function check({ matched, missing, isAwaited }: RestoreMatch, path: string, isOwn: boolean): void {
  const lacking = missing.filter(key => !COUNTER.test(key));
  const hasSome = isAwaited || matched.some(key => !COUNTER.test(key));
  if (isOwn ? hasSome || lacking.length === 0 : hasSome && lacking.length === 0) return;
  const what = hasSome
    ? `was not saved by this manager, and lacks ${lacking.length} of the values, for example ${lacking[0]}`
    : 'has nothing that belongs to the objects of this manager';
  throw new TensorBundleError(
    'ERR_TRIVIAL_MATCH',
    `${path} ${what}; nothing was restored from it. Give each training a directory or a checkpointName of its own`,
    { path, expected: lacking },
  );
}

/** These errors say that a checkpoint was saved of other objects. */
function isOfOthers(error: unknown): error is TensorBundleError {
  return error instanceof TensorBundleError && ['ERR_MISMATCH', 'ERR_NOT_SUPPORTED'].includes(error.code);
}

function isUnmatched(error: unknown): error is TensorBundleError {
  return error instanceof TensorBundleError && error.code === 'ERR_TRIVIAL_MATCH';
}
