/**
 * Reads a checkpoint into live objects: decode, match, check every dtype and shape, check every checksum, and only then
 * assign. A refusal or damage is found before anything has changed.
 */

import { throwIfAborted } from '../../errors.js';
import type { DType, TensorValue } from '../../format/dtypes.js';
import { compare } from '../mismatch.js';
import { numberPlainObjects } from '../numbering.js';
import type { Trackable } from '../trackable.js';
import { type Assignment, assignAll } from './assignments.js';
import { deferValues, isAwaited } from './deferred-values.js';
import { MisplacedWeightsError } from './misplaced.js';
import { type MapOptions, type NameMap, readNameMap } from './name-map.js';
import { type Conversion, type PlanOptions, planRestore, refused } from './restore-plan.js';
import type { LoadHooks, RestoreSource } from './restore-source.js';
import { RestoreMismatchError, type RestoreOutcome, type RestoreStatus, restoreStatus } from './restore-status.js';
import { type StoredNames, type StoredNamesOptions, storedNames } from './stored-names.js';

/** What a restore is about to do. Keys are checkpoint keys. */
export interface RestoreMatch {
  /** Keys of values that will be assigned. */
  readonly matched: readonly string[];
  /** Keys of existing variables that the checkpoint lacks. */
  readonly missing: readonly string[];
  /** Whether values will wait for variables that do not exist yet. */
  readonly isAwaited: boolean;
}

export interface RestoreOptions extends PlanOptions, MapOptions, StoredNamesOptions, LoadHooks {
  /** Leaves variables alone whose shape or dtype differs, instead of throwing. */
  skipMismatch?: boolean | undefined;
  /** Lets values be views of the mapped file instead of copies. */
  alias?: boolean | undefined;
  /** How many bytes may be in memory for the sake of reading them only once. Default: a part of the free memory. */
  onceBytes?: number | undefined;
  /** Finds the names of the values. Default: as in a checkpoint. */
  namesIn?: ((root: Trackable, nameMap: NameMap) => StoredNames | Promise<StoredNames>) | undefined;
  /** Called before anything is changed. If it throws, the restore rejects with that error. */
  accept?: ((match: RestoreMatch) => void) | undefined;
}

/**
 * Throws ERR_MISMATCH (with `status`) unless `skipMismatch`. Throws ERR_NOT_SUPPORTED for values of something that the
 * live objects cannot be, unless the options leave those variables out; MisplacedWeightsError (ERR_MISMATCH) for values
 * that would go to the wrong layer; ERR_CORRUPT for a damaged object graph; ERR_INVALID_ARGUMENT for a bad `map`;
 * ERR_ABORTED, where what was assigned stays; and what the reader throws.
 */
export async function restore(
  root: Trackable,
  reader: RestoreSource,
  options: RestoreOptions = {},
): Promise<RestoreStatus> {
  const nameMap = readNameMap(numberPlainObjects(root), options);
  const stored = await (options.namesIn?.(root, nameMap) ?? storedNames(root, reader, nameMap, options));
  const plan = planRestore(root, reader, stored, options);
  const { outcome, assignments, conversions, early, refusals, misplaced, names } = plan;
  if (refusals.length > 0) throw refused(refusals, reader.prefix);
  if (misplaced.length > 0) throw new MisplacedWeightsError(misplaced, outcome.source, reader.prefix);
  const converted = await convertAll(reader, conversions, outcome);
  const looked = await copiesOf(reader, early);
  for (const [i, { label, check }] of early.entries())
    outcome.mismatched.push(...check(looked[i]!).map(one => ({ ...one, label })));
  if (outcome.mismatched.length > 0 && !options.skipMismatch) {
    outcome.refusedValues = true;
    throw new RestoreMismatchError(restoreStatus(outcome), outcome);
  }
  throwIfAborted(options.signal, 'the load');
  options.accept?.({
    matched: [...assignments, ...converted].flatMap(({ names }) => names),
    missing: outcome.missing.map(({ key }) => key),
    isAwaited: isAwaited(reader, stored),
  });
  const defer = await deferValues(reader, stored, outcome, options.signal);
  const unused = await assignAll(reader, [...assignments, ...converted], options);
  for (const assignment of [...assignments, ...converted]) {
    if (assignment.looksOn) continue;
    assignment.names.forEach((key, i) => {
      if (!names.has(key)) return;
      if (unused.has(assignment)) outcome.unused.push(key);
      else outcome.loaded.push({ key, label: assignment.labels[i]! });
    });
  }
  defer();
  return restoreStatus(outcome);
}

/** The values, in memory of their own. Mostly there are none, and then there is nothing to call or to wait for. */
function copiesOf(reader: RestoreSource, values: readonly { key: string }[]): TensorValue[] | Promise<TensorValue[]> {
  if (values.length === 0) return [];
  return reader.readAll(
    values.map(({ key }) => key),
    { copy: true },
  );
}

/** Converts small values before anything is assigned. A value that cannot be converted is a mismatch. */
async function convertAll(
  reader: RestoreSource,
  conversions: readonly Conversion[],
  outcome: RestoreOutcome,
): Promise<Assignment[]> {
  const assignments: Assignment[] = [];
  const read = await copiesOf(reader, conversions);
  for (const [i, { key, attribute, bytes }] of conversions.entries()) {
    const value = attribute.convert?.(read[i]!);
    const { label } = attribute;
    const entry = reader.entry(key);
    if (value === undefined || typeof value === 'string') {
      const reason = value === undefined ? {} : { reason: value };
      outcome.mismatched.push({ ...compare(key, attribute, entry)!, label, ...reason });
    } else {
      // The value was read, so its type is known.
      const storedAs = entry.dtype as DType;
      const apply = (): void => attribute.assign(value, storedAs);
      assignments.push({ names: [key], labels: [label], bytes, apply });
    }
  }
  return assignments;
}
