/** What a restore is going to do, found out without reading a value. */
import type { CheckpointReader } from '../bundle/reader.js';
import { TensorBundleError } from '../errors.js';
import type { Assignment } from './assignments.js';
import { extraKey } from './key.js';
import { compare, owned } from './mismatch.js';
import { findMisplaced, type Misplacement, type Taking } from './misplaced.js';
import { type NumberedObject, numberObjects, numberPlainObjects } from './numbering.js';
import { type KeyedAttribute, keyedAttributes } from './object-graph.js';
import type { RestoreOutcome } from './restore-status.js';
import type { EarlyCheck, RestorePlan } from './restorer.js';
import { isSelected, isSelectedName, type SelectionOptions } from './selection.js';
import { keysBelow, storedPaths } from './stored-graph.js';
import { ambiguousRoot, joinKey, type StoredNames } from './stored-names.js';
import type { Attribute, Trackable } from './trackable.js';

/** A stored value that the live object must not be given. */
interface Refusal {
  readonly name: string;
  readonly label: string;
  readonly reason: string;
}

/** A stored value of another dtype, which may be one that the live variable can hold. */
export interface Conversion extends KeyedAttribute {
  readonly bytes: number;
}

export interface Plan {
  readonly outcome: RestoreOutcome;
  readonly assignments: readonly Assignment[];
  readonly conversions: readonly Conversion[];
  readonly early: readonly (EarlyCheck & { readonly label: string })[];
  readonly refusals: readonly Refusal[];
  readonly misplaced: readonly Misplacement[];
}

export interface PlanOptions extends SelectionOptions {
  /** Objects with restorers (optimizers) that the checkpoint lacks altogether are not reported as missing. */
  optionalRestorers?: boolean | undefined;
}

/** Values above this are not converted: conversions are held until everything is checked. */
const MAX_CONVERTED_BYTES = 1 << 20;

export function planRestore(
  root: Trackable,
  reader: CheckpointReader,
  stored: StoredNames,
  options: PlanOptions,
): Plan {
  const { objects } = numberPlainObjects(root);
  const variables = keyedAttributes(objects);
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
    unused: [],
    mismatched: [],
    refused: false,
  };
  const assignments: Assignment[] = [];
  const conversions: Conversion[] = [];
  const refusals: Refusal[] = [];
  const early: Plan['early'][number][] = [];
  const assigned = new Set<Attribute>();
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
    else if (mismatch === null) {
      const apply: Assignment['apply'] = ([value]) => attribute.assign(value!);
      assignments.push({ names: [name], labels: [label], bytes: entry.bytes, apply });
      assigned.add(attribute);
    } else if (attribute.convert && sameShape(attribute.shape, entry.shape) && entry.bytes <= MAX_CONVERTED_BYTES) {
      conversions.push({ key: name, attribute, bytes: entry.bytes });
      assigned.add(attribute);
    } else outcome.mismatched.push({ ...mismatch, label });
  }
  for (const { object, path, plan } of restorerPlans(objects, reader, stored, options)) {
    outcome.selected++;
    const label = object.label ?? path;
    if (plan.early) early.push({ ...plan.early, label });
    outcome.missing.push(...plan.missing.map(key => ({ key, label: key })));
    outcome.mismatched.push(...plan.mismatched.map(one => ({ ...one, label })));
    for (const { keys, apply } of plan.parts) {
      for (const key of keys) taken.add(key);
      const bytes = keys.reduce((sum, key) => sum + reader.entry(key).bytes, 0);
      assignments.push({ names: keys, labels: keys.map(() => label), bytes, apply });
    }
    for (const { key } of plan.mismatched) taken.add(key);
  }
  outcome.unused.push(...stored.names.filter(name => !taken.has(name)));
  const takings = [...takingsOf(variables, assigned, reader, stored), ...laterTakings(reader, stored)];
  return { outcome, assignments, conversions, early, refusals, misplaced: findMisplaced(root, takings) };
}

/** What each variable takes, and what is not read all the same: it shows whose values are elsewhere. */
function takingsOf(
  variables: readonly KeyedAttribute[],
  assigned: ReadonlySet<Attribute>,
  reader: CheckpointReader,
  stored: StoredNames,
): Taking[] {
  return variables.flatMap(variable => {
    const { attribute } = variable;
    const key = stored.nameOf(variable);
    const storedName = key === undefined ? undefined : stored.storedNameOf(key);
    if (key === undefined || storedName === undefined || !reader.has(key)) return [];
    const within = stored.mappedWith(attribute);
    const isSure = stored.isNamed(variable) || !assigned.has(attribute);
    return [{ key, storedName, taker: attribute, name: attribute.fullName, isSure, within }];
  });
}

/** What layers that have no variables yet are going to take. */
function laterTakings(reader: CheckpointReader, { graph, owners, storedNameOf, mappedWith }: StoredNames): Taking[] {
  return [...owners].flatMap(([node, object]) => {
    const { growth, layer, fullName } = object;
    if (!graph || !growth || !layer || layer.isModel || fullName === undefined) return [];
    const scope = fullName.split('/');
    return keysBelow(graph, node).flatMap(key => {
      const storedName = storedNameOf(key);
      if (storedName === undefined || !reader.has(key)) return [];
      const name = [...scope, ...storedName.split('/').slice(scope.length)].join('/');
      return [{ key, storedName, taker: object, name, within: mappedWith(object) }];
    });
  });
}

interface PlannedObject extends NumberedObject {
  readonly plan: RestorePlan;
}

function restorerPlans(
  objects: readonly NumberedObject[],
  reader: CheckpointReader,
  { graph, owners, root }: StoredNames,
  options: PlanOptions,
): PlannedObject[] {
  const found = {
    liveOf: (node: number) => owners.get(node),
    has: (key: string) => reader.has(key),
    entry: (key: string) => reader.entry(key),
  };
  const nodes = new Map([...owners].map(([node, object]) => [object, node]));
  const paths = graph && storedPaths(graph);
  return objects.flatMap(({ object, path }) => {
    const { restorer } = object;
    if (!restorer || !isSelectedName([path, object.label ?? path], options)) return [];
    const node = nodes.get(object);
    if (graph === undefined || node === undefined) {
      if (options.optionalRestorers) return [];
      const at = joinKey(root, path);
      const missing =
        restorer.missingAt?.(at) ?? keyedAttributes(numberObjects(object).objects).map(({ key }) => joinKey(at, key));
      return [{ object, path, plan: { parts: [], missing, mismatched: [] } }];
    }
    const at = paths?.get(node) ?? '';
    const extra = (name: string): string | undefined => {
      const key = extraKey(at, name);
      return reader.has(key) ? key : undefined;
    };
    return [{ object, path, plan: restorer.plan({ graph, node, path: at, extra }, found) }];
  });
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, i) => size === b[i]);
}

/** The error for values that must not be given to the live objects. */
export function refused([first, ...more]: readonly Refusal[], path: string): TensorBundleError {
  const { name, label, reason } = first!;
  const { owner, variable } = owned(label);
  return new TensorBundleError(
    'ERR_NOT_SUPPORTED',
    `${owner === '' ? '' : `layer ${owner} `}cannot take ${variable} from ${name}` +
      `${more.length > 0 ? ` (and ${more.length} more like it)` : ''}; nothing was changed: ${reason}`,
    { path, tensor: name, found: [name, ...more.map(refusal => refusal.name)] },
  );
}
