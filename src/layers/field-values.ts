/**
 * What the fields of a custom layer hold: variables, layers, and collections of them. Python tracks lists and
 * dictionaries (tensorflow/python/trackable/data_structures.py). A Map with string keys counts as a dictionary, too.
 */
import { isLiteral, isMap, isSet } from '../realms.js';
import { fieldOf, isAnyVariable, isLayer } from './family.js';
import type { AnyVariable, Layer } from './types.js';

/** What a field may hold. */
export type FieldValue = AnyVariable | Layer | Collection;
export type Collection =
  | readonly unknown[]
  | Readonly<Record<string, unknown>>
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>;

/**
 * Fields of tfjs's Layer that list its weights. Together with `initialWeights`, they do not count as fields of a custom
 * layer.
 */
export const WEIGHT_LISTS: readonly string[] = ['_trainableWeights', '_nonTrainableWeights'];
const NOT_TRACKED: readonly string[] = [...WEIGHT_LISTS, 'initialWeights'];

/** The fields that hold variables or layers, in the order in which they were first assigned. */
export function fieldValues(layer: Layer): (readonly [field: string, value: FieldValue])[] {
  const found: (readonly [string, FieldValue])[] = [];
  for (const field of Object.keys(layer)) {
    const value = fieldOf(layer, field);
    if (isFieldValue(value) && !NOT_TRACKED.includes(field)) found.push([field, value]);
  }
  return found;
}

/** Whether a value is, or contains, a layer or a variable. Most fields of a layer hold nothing of the kind. */
export function isFieldValue(value: unknown): value is FieldValue {
  if (typeof value !== 'object' || value === null || (Array.isArray(value) && value.length === 0)) return false;
  return isAnyVariable(value) || isLayer(value) || (isCollection(value) && !variablesAndLayers(value).next().done);
}

/** The layers and variables in a value, at any depth. `seen` stops at cycles of collections. */
export function* variablesAndLayers(value: unknown, seen: Set<unknown> = new Set()): Generator<AnyVariable | Layer> {
  if (isAnyVariable(value) || isLayer(value)) {
    yield value;
    return;
  }
  if (!isCollection(value) || seen.has(value)) return;
  seen.add(value);
  for (const item of contentsOf(value)) yield* variablesAndLayers(item, seen);
}

/**
 * The items of a collection with their names. Undefined if they have none: in a Set, or in a Map with keys that are not
 * strings.
 */
export function namedItems(collection: Collection): (readonly [name: string, item: unknown])[] | undefined {
  if (isSet(collection)) return undefined;
  if (!isMap(collection)) return Object.entries(collection);
  const items: (readonly [string, unknown])[] = [];
  for (const [key, item] of collection) {
    if (typeof key !== 'string') return undefined;
    items.push([key, item]);
  }
  return items;
}

function isCollection(value: unknown): value is Collection {
  return Array.isArray(value) || isMap(value) || isSet(value) || isLiteral(value);
}

/** All contents of a collection, the keys of a Map included. */
function contentsOf(collection: Collection): Iterable<unknown> {
  if (isMap(collection)) return [...collection].flat();
  return isSet(collection) || Array.isArray(collection) ? collection : Object.values(collection);
}
