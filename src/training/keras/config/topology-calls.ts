/**
 * The calls of a layer in a functional model: what it was given, in the forms of Keras 2 (a list of tensors) and of
 * Keras 3 (arguments as Python got them).
 */
import { isList, isObject, type Json, type JsonObject } from './keras-json.js';

/** Names a layer, its call, and which of its outputs: `["dense", 0, 0]`; in Keras 2, also options of the call. */
export type TensorPlace = readonly [layer: string, call: number, output: number];

interface LayerCall {
  /** In Keras 3's form, where calls of models within the model are counted in another way. */
  readonly isNew: boolean;
  readonly tensors: readonly TensorPlace[];
  /** Options that are not tensors. */
  readonly options: JsonObject;
  /** What a layer gets as masks. Only Keras 3 writes them. */
  readonly masks: readonly TensorPlace[];
  /** Options that are tensors, beside those that stand in `tensors`. */
  readonly named: readonly string[];
  /** It got something else than tensors. */
  readonly hasOthers: boolean;
  /** All arguments of Keras 3, for operations. */
  readonly arguments: readonly Json[];
}

/** Tensors of the initial state follow the input, as TensorFlow.js's recurrent layers take them. */
const FOLLOWING: readonly string[] = ['initial_state'];
/** Of tf_keras's lambda layers. */
const OPERANDS: readonly string[] = ['x', 'y'];
/** The names of the first argument of Keras's layers, where it was given by name. */
const FIRST: readonly string[] = ['inputs', 'input', 'x', 'sequences', 'sequence'];

/** Undefined for something that is not a call. `inputs`: of a model that may be called with a dictionary of these. */
export function layerCall(node: Json, inputs: readonly string[]): LayerCall | undefined {
  if (isObject(node) && isList(node.args)) return newCall(node.args, isObject(node.kwargs) ? node.kwargs : {}, inputs);
  return oldCall(node, inputs);
}

function newCall(args: readonly Json[], kwargs: JsonObject, inputs: readonly string[]): LayerCall {
  const tensors: TensorPlace[] = [];
  const masks: TensorPlace[] = [];
  const named: string[] = [];
  const options: Record<string, Json> = {};
  const others: Json[] = [];
  const take = (value: Json, into: TensorPlace[]): void => {
    const place = historyOf(value);
    if (place !== undefined) into.push(place);
    else if (isList(value)) for (const one of value) take(one, into);
    else if (isObject(value) && hasTensors(value)) for (const one of byName(value, inputs)) take(one, into);
    else if (value !== null) others.push(value);
  };
  for (const one of args) take(one, tensors);
  for (const [key, value] of Object.entries(kwargs)) {
    if (value === undefined || isNothing(value)) continue;
    if (!hasTensors(value)) options[key] = value;
    else if (key === 'mask') take(value, masks);
    else {
      if (!FOLLOWING.includes(key) && !(FIRST.includes(key) && args.length === 0)) named.push(key);
      take(value, tensors);
    }
  }
  return { isNew: true, tensors, options, masks, named, hasOthers: others.length > 0, arguments: args };
}

function oldCall(node: Json, inputs: readonly string[]): LayerCall | undefined {
  const given = isObject(node) && inputs.length > 0 ? byName(node, inputs) : isPlace(node) ? [node] : node;
  if (!isList(given)) return undefined;
  const places = given.filter(isPlace);
  const options = places.flatMap(([, , , more]) => (isObject(more) ? Object.entries(more) : []));
  const isConstant = places.some(([name]) => name === '_CONSTANT_VALUE');
  const rest: Record<string, Json> = {};
  const following: TensorPlace[] = [];
  for (const [key, value] of options) {
    if (value === undefined) continue;
    const state = FOLLOWING.includes(key) && isList(value) ? (isPlace(value) ? [value] : value) : [];
    if (state.length > 0 && state.every(isPlace)) following.push(...state.map(placeOf));
    else if (OPERANDS.includes(key) && isPlace(value)) following.push(placeOf(value));
    else rest[key] = value;
  }
  return {
    isNew: false,
    tensors: [...(isConstant ? [] : places.map(placeOf)), ...following],
    options: rest,
    masks: [],
    named: [],
    hasOthers: places.length !== given.length || isConstant,
    arguments: given,
  };
}

/** A list that names a tensor, in the form of Keras 2 and of a model's inputs and outputs. */
export function isPlace(value: Json | undefined): value is readonly [string, ...Json[]] {
  return isList(value) && value.length >= 3 && typeof value[0] === 'string';
}

/** A number that is not one counts as one that no layer has. */
export function placeOf(value: readonly Json[]): TensorPlace {
  const [name, call, output] = value;
  return [String(name), index(call), index(output)];
}

function index(value: Json | undefined): number {
  return Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : Number.MAX_SAFE_INTEGER;
}

/** Where a tensor in a call of Keras 3 comes from; undefined for a value that is not a tensor. */
export function historyOf(value: Json | undefined): TensorPlace | undefined {
  if (!isObject(value) || value.class_name !== '__keras_tensor__' || !isObject(value.config)) return undefined;
  const { keras_history: history } = value.config;
  return isPlace(history) ? placeOf(history) : undefined;
}

/** Null, or a structure of nulls: the masks of inputs that have none. */
function isNothing(value: Json): boolean {
  if (value === null) return true;
  const items = isList(value) ? value : isObject(value) ? Object.values(value) : [];
  return items.length > 0 && items.every(one => one === undefined || isNothing(one));
}

function hasTensors(value: Json): boolean {
  if (historyOf(value) !== undefined) return true;
  if (isList(value)) return value.some(hasTensors);
  return isObject(value) && Object.values(value).some(one => one !== undefined && hasTensors(one));
}

/** Values in the order of the inputs that they name; if they name other things, by name, as `tree.flatten` does. */
function byName(given: JsonObject, inputs: readonly string[]): readonly Json[] {
  const isNamed = inputs.length > 0 && inputs.every(name => Object.hasOwn(given, name));
  const names = isNamed ? inputs : Object.keys(given).sort();
  return names.map(name => given[name] ?? null);
}
