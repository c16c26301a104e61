/**
 * Layers of user-defined classes. Python tracks what is assigned to `self`: variables, layers, and lists and
 * dictionaries of them. `add_weight` also tracks a variable under the name that it was given. The fields of a
 * JavaScript layer show the same, in the order in which they were first assigned.
 * (tensorflow/python/trackable/autotrackable.py, tf_keras/src/engine/base_layer.py)
 */

import { TensorBundleError } from '../errors.js';
import { branch, type Edge, type Trackable } from '../graph/trackable.js';
import { isSet } from '../realms.js';
import { fieldOf, isAnyVariable, isLayer, isVariable, type Kind, type Place, type Surroundings } from './family.js';
import {
  type Collection,
  type FieldValue,
  fieldValues,
  isFieldValue,
  namedItems,
  variablesAndLayers,
  WEIGHT_LISTS,
} from './field-values.js';
import type { AnyVariable, Layer, LayerVariable } from './types.js';
import { liveValue } from './variable.js';

/**
 * Describes custom layers. `base` is the description of the known class that they extend; undefined if they extend
 * none.
 */
export function customKind(base: Kind | undefined): Kind {
  return {
    edges: (layer, around, place) => {
      const known = base?.edges(layer, around, place) ?? [];
      return [...known, ...ownEdges(layer, around, place, known)];
    },
    inner: layer => {
      const layers = fieldValues(layer).flatMap(([, held]) => [...variablesAndLayers(held)].filter(isLayer));
      return [...new Set([...(base?.inner?.(layer) ?? []), ...layers])];
    },
    // Most classes that are not registered (Dropout, Flatten) hold nothing. What others hold may change in any way.
    witness: layer => {
      const isEmpty = base === undefined && addedWeights(layer).length === 0 && fieldValues(layer).length === 0;
      return isEmpty ? [] : undefined;
    },
  };
}

function ownEdges(layer: Layer, around: Surroundings, place: Place, known: readonly Edge[]): Edge[] {
  const values = fieldValues(layer);
  const added = addedWeights(layer);
  // Most classes of TensorFlow.js that are not registered hold nothing.
  if (values.length === 0 && added.length === 0) return [];
  const described = new Set(known.map(({ node }) => node));
  const edges = new Map<string, Trackable>();
  const add = (name: string, node: Trackable): void => {
    if (described.has(node)) return;
    const present = edges.get(name) ?? known.find(edge => edge.name === name)?.node;
    if (present !== undefined && present !== node) throw ambiguous(layer, name);
    edges.set(name, node);
  };
  const made = added.map(weight => {
    const name = weightName(layer, weight);
    return { weight, name, value: liveValue(weight, `${place.label}/${name}`) };
  });
  const lists = new Map<unknown, Trackable>();
  const nodeOf = (value: FieldValue, label: string): Trackable | undefined => {
    if (isAnyVariable(value)) {
      // The tf.Variable in a weight (`this.gain = this.addWeight(…).read()`) stands for the weight.
      const variable = made.find(weight => weight.value === value)?.weight ?? value;
      return around.variable(variable, fieldVariableName(layer, variable), place);
    }
    // Named as if the layer were built in its first call: Keras then adds its name to the scope.
    if (isLayer(value)) return around.layer(value, { scope: `${place.scope}/${around.nameOf(value)}`, label });
    return lists.get(value) ?? listOf(value, label);
  };
  const listOf = (collection: Collection, label: string): Trackable | undefined => {
    const named = namedItems(collection);
    if (named === undefined) {
      // An error only if they are not found elsewhere, too.
      for (const thing of variablesAndLayers(collection))
        around.expectPlaced(thing, nameless(layer, collection, label));
      return undefined;
    }
    const items: Edge[] = [];
    const list = branch(items);
    lists.set(collection, list);
    for (const [name, item] of named) {
      const node = isFieldValue(item) ? nodeOf(item, `${label}/${name}`) : undefined;
      if (node) items.push({ name, node });
    }
    return list;
  };
  // The fields come first, so that it is known which weights have a place, also in inner layers.
  const fields = values.flatMap(([field, value]) => {
    const node = nodeOf(value, `${place.label}/${field}`);
    return node ? [{ field, value, node }] : [];
  });
  const weights = made.map(one => ({ ...one, placed: around.isPlaced(one.weight) }));
  // Keras tracks a weight when it is made, so a weight that no field holds comes before the next one that a field
  // holds.
  const addWeights = (count: number): void => {
    for (const { weight, name, placed } of weights.splice(0, count)) {
      if (!placed) add(name, around.variable(weight, name, place));
    }
  };
  for (const { field, value, node } of fields) {
    if (isAnyVariable(value)) {
      const at = weights.findIndex(one => one.weight === value || one.value === value);
      const name = weights[at]?.name;
      // tfjs numbers tensors: a variable that `tf.variable` made after a weight has a greater number.
      addWeights(at >= 0 || isVariable(value) ? at + 1 : weights.filter(one => one.value.id < value.id).length);
      if (name !== undefined) add(name, node);
    }
    add(field, node);
  }
  addWeights(weights.length);
  return [...edges].map(([name, node]) => ({ name, node }));
}

/** The weights that were made with `addWeight`, in the order in which they were made. */
function addedWeights(layer: Layer): LayerVariable[] {
  const weights = WEIGHT_LISTS.flatMap(book => fieldOf(layer, book) as readonly LayerVariable[]);
  if (weights.length === 0) return weights;
  const names = addedNames(layer);
  const order = (variable: LayerVariable): number => names.indexOf(weightName(layer, variable));
  return weights.sort((a, b) => order(a) - order(b));
}

function addedNames(layer: Layer): string[] {
  const names = fieldOf(layer, '_addedWeightNames');
  return Array.isArray(names) ? names.filter(name => typeof name === 'string') : [];
}

/** The name given to `addWeight`. tfjs stores it behind the name scopes that were open then (`layer/weight`). */
function weightName(layer: Layer, { originalName }: LayerVariable): string {
  const fitting = addedNames(layer).filter(name => originalName === name || originalName.endsWith(`/${name}`));
  return fitting.sort((a, b) => b.length - a.length)[0] ?? originalName.slice(originalName.lastIndexOf('/') + 1);
}

/**
 * Keras's name for a variable that is made in `build`. tfjs gives a number to a `tf.variable` without a name; Keras
 * calls it `Variable`.
 */
function fieldVariableName(layer: Layer, variable: AnyVariable): string {
  if (isVariable(variable)) return weightName(layer, variable);
  return /^\d+$/.test(variable.name) ? 'Variable' : variable.name;
}

/** `label` is the path of the field: `gate_Gate1/blocks`. */
function nameless(layer: Layer, collection: Collection, label: string): TensorBundleError {
  const what = isSet(collection) ? 'a Set' : 'a Map whose keys are not all strings';
  return new TensorBundleError(
    'ERR_NOT_SUPPORTED',
    `layer '${layer.name}' (${layer.getClassName()}) has layers or variables in ${what} (${label}), which ` +
      `gives them no names ` +
      'for a checkpoint; use an array, an object, or a Map with string keys',
    { found: label },
  );
}

function ambiguous(layer: Layer, name: string): TensorBundleError {
  return new TensorBundleError(
    'ERR_NOT_SUPPORTED',
    `layer '${layer.name}' (${layer.getClassName()}) has two weights or fields called '${name}'; give each a ` +
      'name of its own, because a checkpoint finds them by name',
    { found: name },
  );
}
