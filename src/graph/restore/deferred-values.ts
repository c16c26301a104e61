/**
 * Deferred restore: values that belong to an object which is not complete yet (a layer that is not built, a model without
 * layers) wait for its variables (tensorflow/python/trackable/base.py, `_preload_simple_restoration` and its like). They are
 * checked when the restore is made and then are views of the mapped file, so that waiting costs no memory of its own.
 */
import type { CheckpointReader } from '../../bundle/reader.js';
import { type DType, isKnownDType, type TensorValue, tensorValue } from '../../format/dtypes.js';
import { numberPlainObjects } from '../numbering.js';
import { keysBelow, type StoredGraph } from '../stored/decode.js';
import { keyedAttributes } from '../stored/encode.js';
import type { Attribute, Growth, Trackable } from '../trackable.js';
import { matchFrom } from './by-edges.js';
import { compare } from './mismatch.js';
import { findMisplaced, MisplacedWeightsError } from './misplaced.js';
import { type Labelled, RestoreMismatchError, type RestoreOutcome, restoreStatus } from './restore-status.js';
import type { StoredNames } from './stored-names.js';

/** By what stops it: a second restore of an object replaces what waits from the first. */
const waiting = new WeakMap<object, () => void>();

interface Waiting {
  readonly node: number;
  readonly growth: Growth;
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

/** Whether an object that is not complete yet will find something. */
export function isAwaited(reader: CheckpointReader, { graph, owners }: StoredNames): boolean {
  return [...owners].some(
    ([node, { growth }]) => graph && growth && keysBelow(graph, node).some(key => reader.has(key)),
  );
}

/** Reads what will wait; the function returned makes it wait. Throws what the reader throws. */
export async function deferToGrowth(
  reader: CheckpointReader,
  { graph, owners }: StoredNames,
  outcome: RestoreOutcome,
): Promise<() => void> {
  const deferred: Waiting[] = [];
  for (const [node, { growth }] of owners) {
    if (!graph || !growth) continue;
    const values = new Map<string, TensorValue>();
    for (const key of keysBelow(graph, node)) {
      // A type that cannot be read is one that no variable can have.
      if (reader.has(key) && isKnownDType(reader.entry(key).dtype))
        values.set(key, await reader.read(key, { copy: true }));
    }
    deferred.push({ node, growth, owner: growth.owner, values });
  }
  return () => {
    for (const one of deferred) wait(one, graph!, outcome);
  };
}

function wait({ node, growth, owner, values }: Waiting, graph: StoredGraph, outcome: RestoreOutcome): void {
  waiting.get(owner)?.();
  if (values.size === 0) return;
  const stop = growth.watch(now => {
    for (const { key, label } of assignGrown(now, graph, node, values, outcome)) {
      values.delete(key);
      outcome.loaded.push({ key, label });
      outcome.unused = outcome.unused.filter(unused => unused !== key);
    }
    if (values.size === 0) stop();
  });
  waiting.set(owner, stop);
}

/** Throws ERR_MISMATCH if a new variable is of another shape or type than the value that waited for it. */
function assignGrown(
  now: Trackable,
  graph: StoredGraph,
  node: number,
  values: ReadonlyMap<string, TensorValue>,
  outcome: RestoreOutcome,
): Labelled[] {
  const { keys } = matchFrom(now, graph, node);
  const mismatched: RestoreOutcome['mismatched'] = [];
  const fitting = keyedAttributes(numberPlainObjects(now).objects).flatMap(({ attribute }): Fitting[] => {
    const key = keys.get(attribute);
    const value = key === undefined ? undefined : values.get(key);
    if (key === undefined || value === undefined) return [];
    const mismatch = compare(key, attribute, value);
    if (mismatch === null) return [{ key, attribute, value: copied(value), storedAs: undefined }];
    const isOfShape = attribute.shape.join() === value.shape.join();
    const converted = isOfShape ? attribute.convert?.(value) : undefined;
    if (typeof converted === 'object') return [{ key, attribute, value: converted, storedAs: value.dtype }];
    const reason = converted === undefined ? {} : { reason: converted };
    mismatched.push({ ...mismatch, label: attribute.label, ...reason });
    return [];
  });
  if (mismatched.length > 0) {
    const refusal: RestoreOutcome = { ...outcome, loaded: [], mismatched, refused: true };
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

/** The view goes back to the file; a variable must own its memory. */
function copied(value: TensorValue): TensorValue {
  return tensorValue(value.dtype, value.shape, value.data.slice());
}
