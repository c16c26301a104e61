/**
 * Reads a checkpoint into live objects: decode, match, check every dtype and shape, check every checksum, and only then
 * assign. A refusal or damage is found before anything has changed.
 */
import type { CheckpointReader } from '../bundle/reader.js';
import { type Assignment, assignAll } from './assignments.js';
import { deferToGrowth, isAwaited } from './growth.js';
import { type MapOptions, readMapping } from './mapping.js';
import { compare } from './mismatch.js';
import { numberPlainObjects } from './numbering.js';
import { type Conversion, type PlanOptions, planRestore, refused } from './plan.js';
import { RestoreMismatchError, type RestoreOutcome, type RestoreStatus, restoreStatus } from './restore-status.js';
import { type StoredNamesOptions, storedNames } from './stored-names.js';
import type { Trackable } from './trackable.js';

/** What a restore is about to do. Keys are checkpoint keys. */
export interface RestoreMatch {
  /** Of values that will be assigned. */
  readonly matched: readonly string[];
  /** That existing variables would have and the checkpoint lacks. */
  readonly missing: readonly string[];
  /** Whether values will wait for variables that do not exist yet. */
  readonly isAwaited: boolean;
}

export interface RestoreOptions extends PlanOptions, MapOptions, StoredNamesOptions {
  /** Leave variables alone whose shape or dtype differs, instead of refusing. */
  skipMismatch?: boolean | undefined;
  /** Let values alias the mapped file instead of copying it. */
  alias?: boolean | undefined;
  /** Called before anything is changed; what it throws refuses the restore. */
  accept?: ((match: RestoreMatch) => void) | undefined;
}

/**
 * Throws ERR_MISMATCH (with `status`) unless `skipMismatch`; ERR_NOT_SUPPORTED for values of something that the live objects
 * cannot be, whatever the options, unless these leave the variables out; ERR_CORRUPT for a damaged object graph;
 * ERR_INVALID_ARGUMENT for a bad `map`; and what the reader throws.
 */
export async function restore(
  root: Trackable,
  reader: CheckpointReader,
  options: RestoreOptions = {},
): Promise<RestoreStatus> {
  const mapping = readMapping(numberPlainObjects(root), options);
  const stored = await storedNames(root, reader, mapping, options);
  const { outcome, assignments, conversions, early, refusals } = planRestore(root, reader, stored, options);
  if (refusals.length > 0) throw refused(refusals, reader.prefix);
  const converted = await convertAll(reader, conversions, outcome);
  for (const { key, label, check } of early) {
    outcome.mismatched.push(...check(await reader.read(key, { copy: true })).map(one => ({ ...one, label })));
  }
  if (outcome.mismatched.length > 0 && !options.skipMismatch) {
    outcome.refused = true;
    throw new RestoreMismatchError(restoreStatus(outcome), outcome);
  }
  options.accept?.({
    matched: [...assignments, ...converted].flatMap(({ names }) => names),
    missing: outcome.missing.map(({ key }) => key),
    isAwaited: isAwaited(reader, stored),
  });
  const defer = await deferToGrowth(reader, stored, outcome);
  await assignAll(reader, [...assignments, ...converted], options.alias ?? false);
  const inGraph = new Set(stored.names);
  for (const { names, labels } of [...assignments, ...converted]) {
    names.forEach((key, i) => {
      if (inGraph.has(key)) outcome.loaded.push({ key, label: labels[i]! });
    });
  }
  defer();
  return restoreStatus(outcome);
}

/** Small values, converted before anything is assigned; those that cannot be are mismatches. */
async function convertAll(
  reader: CheckpointReader,
  conversions: readonly Conversion[],
  outcome: RestoreOutcome,
): Promise<Assignment[]> {
  const assignments: Assignment[] = [];
  for (const { key, attribute, bytes } of conversions) {
    const value = attribute.convert?.(await reader.read(key, { copy: true }));
    const { label } = attribute;
    if (value === undefined) outcome.mismatched.push({ ...compare(key, attribute, reader.entry(key))!, label });
    else assignments.push({ names: [key], labels: [label], bytes, apply: () => attribute.assign(value) });
  }
  return assignments;
}
