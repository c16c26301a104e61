/**
 * Reads a checkpoint into live objects: decode, match, check every dtype and shape, check every checksum, and only then
 * assign. A refusal or damage is found before anything has changed.
 */
import type { CheckpointReader } from '../bundle/reader.js';
import { TensorBundleError } from '../errors.js';
import { type Assignment, assignAll } from './assignments.js';
import type { Companion } from './companions.js';
import { type MapOptions, readMapping } from './mapping.js';
import { compare, owned } from './mismatch.js';
import { numberObjects } from './numbering.js';
import { keyedAttributes } from './object-graph.js';
import { RestoreMismatchError, type RestoreOutcome, type RestoreStatus, restoreStatus } from './restore-status.js';
import { isSelected, type SelectionOptions } from './selection.js';
import { ambiguousRoot, type StoredNames, storedNames } from './stored-names.js';
import type { Trackable } from './trackable.js';

export interface RestoreOptions extends SelectionOptions, MapOptions {
  /** Leave variables alone whose shape or dtype differs, instead of refusing. */
  skipMismatch?: boolean | undefined;
  /** Let values alias the mapped file instead of copying it. */
  alias?: boolean | undefined;
  /** Stored variables without which others must not be read. */
  companions?: readonly Companion[] | undefined;
}

/** A stored value that the live object must not be given. */
interface Refusal {
  readonly name: string;
  readonly label: string;
  readonly reason: string;
}

/** What is to be done, found out without reading a value. */
interface Plan {
  readonly outcome: RestoreOutcome;
  readonly assignments: readonly Assignment[];
  readonly refusals: readonly Refusal[];
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
  const mapping = readMapping(numberObjects(root), options);
  const stored = await storedNames(root, reader, mapping, options.companions ?? []);
  const { outcome, assignments, refusals } = plan(root, reader, stored, options);
  if (refusals.length > 0) throw refused(refusals, reader.prefix);
  if (outcome.mismatched.length > 0 && !options.skipMismatch) {
    outcome.refused = true;
    throw new RestoreMismatchError(restoreStatus(outcome), outcome);
  }
  await assignAll(reader, assignments, options.alias ?? false);
  outcome.loaded.push(...assignments.map(({ name, attribute }) => ({ key: name, label: attribute.label })));
  return restoreStatus(outcome);
}

function plan(root: Trackable, reader: CheckpointReader, stored: StoredNames, options: RestoreOptions): Plan {
  const variables = keyedAttributes(numberObjects(root));
  const selected = variables.filter(variable => isSelected(variable, options));
  if (stored.ambiguous.length > 0 && !selected.every(variable => stored.isMapped(variable)))
    throw ambiguousRoot(root, stored.ambiguous, reader.prefix);
  const taken = new Set(variables.flatMap(variable => stored.nameOf(variable) ?? []));
  const outcome: RestoreOutcome = {
    path: reader.prefix,
    source: 'the checkpoint',
    root: stored.root,
    selected: selected.length,
    loaded: [],
    missing: [],
    unused: stored.names.filter(name => !taken.has(name)),
    mismatched: [],
    refused: false,
  };
  const assignments: Assignment[] = [];
  const refusals: Refusal[] = [];
  for (const variable of selected) {
    const { attribute } = variable;
    const { label } = attribute;
    const name = stored.nameOf(variable);
    if (name === undefined || !reader.has(name)) {
      outcome.missing.push({ key: name ?? stored.expectedName(variable), label });
      continue;
    }
    const entry = reader.entry(name);
    const mismatch = compare(name, attribute, entry);
    const accompanied = stored.accompanied.get(name);
    const alone = accompanied !== undefined && !accompanied.companions.some(companion => taken.has(companion));
    const reason = (alone ? accompanied.reason : undefined) ?? (mismatch && attribute.refuse?.(entry));
    if (reason) refusals.push({ name, label, reason });
    else if (mismatch) outcome.mismatched.push({ ...mismatch, label });
    else assignments.push({ name, attribute, bytes: entry.bytes });
  }
  return { outcome, assignments, refusals };
}

function refused([first, ...more]: readonly Refusal[], path: string): TensorBundleError {
  const { name, label, reason } = first!;
  const { owner, variable } = owned(label);
  return new TensorBundleError(
    'ERR_NOT_SUPPORTED',
    `${owner === '' ? '' : `layer ${owner} `}cannot take ${variable} from ${name}` +
      `${more.length > 0 ? ` (and ${more.length} more like it)` : ''}; nothing was changed: ${reason}`,
    { path, tensor: name, found: [name, ...more.map(refusal => refusal.name)] },
  );
}
