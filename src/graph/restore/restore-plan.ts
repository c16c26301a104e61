/** Plans a restore: what it is going to do, known before any value is read. */
import { TensorBundleError } from '../../errors.js';
import type { Attribute } from '../attribute.js';
import { compare, isSameShape, splitLabel } from '../mismatch.js';
import { type KeyedAttribute, keyedAttributes, numberPlainObjects } from '../numbering.js';
import type { EarlyCheck, Trackable } from '../trackable.js';
import type { Assignment } from './assignments.js';
import { isSelected, type SelectionOptions } from './filters.js';
import { findMisplaced, type Misplacement } from './misplaced.js';
import type { RestoreSource } from './restore-source.js';
import type { RestoreOutcome } from './restore-status.js';
import { refusedObject, selectedPlans } from './restorer-plans.js';
import { ambiguousRoot, type StoredNames } from './stored-names.js';
import { laterTakings, takingsOf } from './takings.js';

/** A stored value that must not be given to the live object. */
interface Refusal {
  readonly name: string;
  readonly label: string;
  readonly reason: string;
}

/** A stored value of another dtype that the live variable can perhaps hold. */
export interface Conversion extends KeyedAttribute {
  readonly bytes: number;
}

interface PlannedRestore {
  readonly outcome: RestoreOutcome;
  readonly assignments: readonly Assignment[];
  readonly conversions: readonly Conversion[];
  readonly early: readonly (EarlyCheck & { readonly label: string })[];
  readonly refusals: readonly Refusal[];
  /** Names in the checkpoint that belong to what was matched. */
  readonly names: ReadonlySet<string>;
  readonly misplaced: readonly Misplacement[];
}

export interface PlanOptions extends SelectionOptions {
  /** If an object with a restorer (an optimizer) is not in the checkpoint at all, it is not reported as missing. */
  optionalRestorers?: boolean | undefined;
}

/** Larger values are not converted, because converted values are kept until everything is checked. */
const MAX_CONVERTED_BYTES = 1 << 20;

export function planRestore(
  root: Trackable,
  reader: RestoreSource,
  stored: StoredNames,
  options: PlanOptions,
): PlannedRestore {
  const { objects } = numberPlainObjects(root);
  const variables = keyedAttributes(objects);
  const selected = variables.filter(variable => isSelected(variable, options, stored.alsoCalled?.(variable)));
  if (stored.ambiguous.length > 0 && !selected.every(variable => stored.isMapped(variable)))
    throw ambiguousRoot(root, stored.ambiguous, reader.prefix);
  const taken = new Set(variables.flatMap(variable => stored.nameOf(variable) ?? []));
  const outcome: RestoreOutcome = {
    path: reader.prefix,
    source: reader.kind ?? 'the checkpoint',
    root: stored.root,
    selected: selected.length,
    loaded: [],
    missing: [],
    unused: [],
    mismatched: [],
    refusedValues: false,
  };
  const assignments: Assignment[] = [];
  const conversions: Conversion[] = [];
  const refusals: Refusal[] = [];
  const early: PlannedRestore['early'][number][] = [];
  const assigned = new Set<Attribute>();
  const unnamed = selected.filter(variable => stored.nameOf(variable) === undefined);
  const chosen = new Set(unnamed.map(({ attribute }) => attribute));
  const misfits = (stored.misfits ?? []).filter(({ attributes }) => attributes.some(one => chosen.has(one)));
  const unknown = new Set(misfits.flatMap(({ attributes }) => attributes));
  outcome.mismatched.push(...misfits.map(({ attributes: _attributes, ...one }) => one));
  for (const variable of selected) {
    const { attribute } = variable;
    const { label } = attribute;
    const name = stored.nameOf(variable);
    if (name === undefined || !reader.has(name)) {
      if (unknown.has(attribute)) continue;
      outcome.missing.push({ key: name ?? stored.expectedName(variable), label });
      continue;
    }
    const entry = reader.entry(name);
    const mismatch = compare(name, attribute, entry);
    const accompanied = stored.accompanied.get(name);
    const alone = accompanied !== undefined && !accompanied.companions.some(companion => taken.has(companion));
    const reason = (alone ? accompanied.reason : undefined) ?? (mismatch && attribute.refuse?.(entry));
    if (reason) refusals.push({ name, label, reason });
    else if (mismatch === null) {
      const apply: Assignment['apply'] = ([value]) => attribute.assign(value!);
      // Asked only where memory is reused: the first answer takes TensorFlow a try.
      const copies = (): boolean => attribute.copies === true;
      assignments.push({ names: [name], labels: [label], bytes: entry.bytes, apply, copies });
      assigned.add(attribute);
    } else if (attribute.convert && isSameShape(attribute, entry) && entry.bytes <= MAX_CONVERTED_BYTES) {
      conversions.push({ key: name, attribute, bytes: entry.bytes });
      assigned.add(attribute);
    } else outcome.mismatched.push({ ...mismatch, label });
  }
  const names = new Set(stored.names);
  for (const { label, plan, isSelected: isLeftIn, below, leftOut } of selectedPlans(
    objects,
    variables,
    reader,
    stored,
    options,
  )) {
    if (isLeftIn) outcome.selected++;
    if (plan.refusal !== undefined) throw refusedObject(label, plan.refusal, reader.prefix);
    if (plan.early) early.push({ ...plan.early, label });
    for (const { key } of plan.missing) {
      const name = stored.missingName ? stored.missingName(key) : key;
      if (name !== undefined) outcome.missing.push({ key: name, label: name });
    }
    outcome.mismatched.push(...plan.mismatched.map(({ key, expected, found }) => ({ key, expected, found, label })));
    for (const part of plan.parts) {
      const { keys, apply, looksOn = false } = part;
      const copies = (): boolean => part.copies === true;
      if (!looksOn) for (const key of keys) taken.add(key);
      const bytes = keys.reduce((sum, key) => sum + reader.entry(key).bytes, 0);
      assignments.push({ names: keys, labels: keys.map(() => label), bytes, apply, copies, looksOn });
    }
    for (const { key } of plan.mismatched) taken.add(key);
    for (const key of below) names.add(key);
    // Values that filters leave out do not count as unused, as with variables.
    for (const key of leftOut) taken.add(key);
  }
  outcome.unused.push(...[...names].filter(name => !taken.has(name)));
  const takings = [...takingsOf(variables, assigned, reader, stored), ...laterTakings(reader, stored)];
  return { outcome, assignments, conversions, early, refusals, misplaced: findMisplaced(root, takings), names };
}

/** The error for values that must not be given to the live objects. */
export function refused([first, ...more]: readonly Refusal[], path: string): TensorBundleError {
  const { name, label, reason } = first!;
  const { owner, variable } = splitLabel(label);
  return new TensorBundleError(
    'ERR_NOT_SUPPORTED',
    `${owner === '' ? '' : `layer ${owner} `}cannot take ${variable} from ${name}` +
      `${more.length > 0 ? ` (and ${more.length} more like it)` : ''}; nothing was changed: ${reason}`,
    { path, tensor: name, found: [name, ...more.map(refusal => refusal.name)] },
  );
}
