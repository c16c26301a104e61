/**
 * Deferred restore: values of an object that is not complete yet (a layer that is not built, a model without layers)
 * wait for its variables (tensorflow/python/trackable/base.py, `_preload_simple_restoration` and its like). They are
 * checked and read when the restore is made, and stay in memory until a variable takes them.
 */
import { type DType, isKnownDType, type TensorValue, tensorValue } from '../../format/dtypes.js';
import type { Attribute } from '../attribute.js';
import { compare, isSameShape } from '../mismatch.js';
import { keyedAttributes, numberPlainObjects } from '../numbering.js';
import { keysBelow } from '../stored/walks.js';
import type { StoredGraph } from '../stored-graph.js';
import type { Incomplete, Trackable } from '../trackable.js';
import { matchByEdges } from './by-edges.js';
import { findMisplaced, MisplacedWeightsError } from './misplaced.js';
import type { RestoreSource } from './restore-source.js';
import { type Labelled, RestoreMismatchError, type RestoreOutcome, restoreStatus } from './restore-status.js';
import type { StoredNames } from './stored-names.js';

/**
 * For each live object, a function that ends its waiting: a second restore of the object replaces the values that wait
 * from the first.
 */
const stopWaiting = new WeakMap<object, () => void>();

interface DeferredValues {
  readonly node: number;
  readonly incomplete: Incomplete;
  /** What identifies the live object. */
  readonly owner: object;
  readonly values: Map<string, TensorValue>;
}

/** A value for a new variable, in its own memory. */
interface Fitting {
  readonly key: string;
  readonly attribute: Attribute;
  readonly value: TensorValue;
  readonly storedAs: DType | undefined;
}

/** Whether the checkpoint has values for an object that is not complete yet. */
export function isAwaited(reader: RestoreSource, { graph, owners }: StoredNames): boolean {
  return [...owners].some(
    ([node, { incomplete }]) => graph && incomplete && keysBelow(graph, node).some(key => reader.has(key)),
  );
}

/**
 * Reads the values that will wait. They begin to wait when the returned function is called. Throws what the reader
 * throws.
 */
export async function deferValues(
  reader: RestoreSource,
  { graph, owners }: StoredNames,
  outcome: RestoreOutcome,
  signal?: AbortSignal,
): Promise<() => void> {
  const awaited = [...owners].flatMap(([node, { incomplete }]) => {
    if (!graph || !incomplete) return [];
    // If a type cannot be read, no variable can have it.
    const keys = keysBelow(graph, node).filter(key => reader.has(key) && isKnownDType(reader.entry(key).dtype));
    return [{ node, incomplete, keys }];
  });
  const read = await reader.readAll(
    awaited.flatMap(({ keys }) => keys),
    { copy: true, signal },
  );
  const values = read.values();
  const deferred = awaited.map(
    ({ node, incomplete, keys }): DeferredValues => ({
      node,
      incomplete,
      owner: incomplete.owner,
      values: new Map(keys.map(key => [key, values.next().value!])),
    }),
  );
  return () => {
    for (const one of deferred) wait(one, graph!, outcome);
  };
}

function wait({ node, incomplete, owner, values }: DeferredValues, graph: StoredGraph, outcome: RestoreOutcome): void {
  stopWaiting.get(owner)?.();
  if (values.size === 0) return;
  const stop = incomplete.watch(now => {
    for (const { key, label } of assignDeferred(now, graph, node, values, outcome)) {
      values.delete(key);
      outcome.loaded.push({ key, label });
      outcome.unused = outcome.unused.filter(unused => unused !== key);
    }
    if (values.size === 0) stop();
  });
  stopWaiting.set(owner, stop);
}

/** Throws ERR_MISMATCH if a new variable is of another shape or type than the value that waited for it. */
function assignDeferred(
  now: Trackable,
  graph: StoredGraph,
  node: number,
  values: ReadonlyMap<string, TensorValue>,
  outcome: RestoreOutcome,
): Labelled[] {
  const { keys } = matchByEdges(now, graph, node);
  const mismatched: RestoreOutcome['mismatched'] = [];
  const fitting = keyedAttributes(numberPlainObjects(now).objects).flatMap(({ attribute }): Fitting[] => {
    const key = keys.get(attribute);
    const value = key === undefined ? undefined : values.get(key);
    if (key === undefined || value === undefined) return [];
    const mismatch = compare(key, attribute, value);
    if (mismatch === null) return [{ key, attribute, value: copied(value), storedAs: undefined }];
    const converted = isSameShape(attribute, value) ? attribute.convert?.(value) : undefined;
    if (typeof converted === 'object') return [{ key, attribute, value: converted, storedAs: value.dtype }];
    const reason = converted === undefined ? {} : { reason: converted };
    mismatched.push({ ...mismatch, label: attribute.label, ...reason });
    return [];
  });
  if (mismatched.length > 0) {
    const refusal: RestoreOutcome = { ...outcome, loaded: [], mismatched, refusedValues: true };
    throw new RestoreMismatchError(restoreStatus(refusal), refusal);
  }
  const nameOf = new Map(graph.flatMap(({ attributes }) => attributes.map(one => [one.key, one.fullName] as const)));
  const takings = fitting.map(({ key, attribute }) => {
    return { key, storedName: nameOf.get(key) || attribute.fullName, taker: attribute, name: attribute.fullName };
  });
  const misplaced = findMisplaced(now, takings);
  if (misplaced.length > 0) throw new MisplacedWeightsError(misplaced, 'the checkpoint', outcome.path);
  for (const { value, attribute, storedAs } of fitting) attribute.assign(value, storedAs);
  return fitting.map(({ key, attribute: { label } }) => ({ key, label }));
}

/** Two variables may take one value, and each must own its memory. */
function copied(value: TensorValue): TensorValue {
  return tensorValue(value.dtype, value.shape, value.data.slice());
}
