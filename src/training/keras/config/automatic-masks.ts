/**
 * Masks in Keras 3's configurations. A layer that makes a mask (`Embedding(mask_zero=True)`, `Masking`) leaves the
 * operations that compute it in the model, and later layers get the result as the option `mask` of their calls.
 * TensorFlow.js passes the same masks on by itself, so these operations are left out.
 */
import { isList, isObject, type Json, type JsonObject, text } from './keras-json.js';
import { isFunctionLayer } from './operation-layer.js';
import { layerCall, type TensorPlace } from './topology-calls.js';

const OPERATION = /^keras\.src\.ops\./;
/** With these, masks are computed from each other. */
const OF_MASKS: readonly string[] = [
  ...['NotEqual', 'Any', 'All', 'LogicalAnd', 'LogicalOr', 'LogicalNot', 'OnesLike', 'Concatenate', 'ExpandDims'],
  ...['BroadcastTo', 'Reshape', 'Squeeze', 'Cast', 'Repeat', 'GetItem', 'Stack', 'ZerosLike'],
];
/** Of values, these take nothing but the shape: masks are put together with them. */
const OF_SHAPES: readonly string[] = ['ZerosLike', 'OnesLike'];

/** Operations are not layers in Keras 3. In a legacy file they have no module, and nothing but a name. */
export function isOperation(entry: Json | undefined): entry is JsonObject {
  if (!isObject(entry)) return false;
  if (isFunctionLayer(entry)) return true;
  if (typeof entry.module === 'string') return OPERATION.test(entry.module);
  const { config, inbound_nodes: nodes } = entry;
  const [first] = isList(nodes) ? nodes : [];
  return isObject(first) && isList(first.args) && isObject(config) && !('trainable' in config || 'dtype' in config);
}

/** The names of the operations that do nothing but make the masks that TensorFlow.js makes itself. */
export function automaticMasks(layers: readonly Json[], outputs: readonly TensorPlace[]): ReadonlySet<string> {
  const operations = layers.filter(isOperation).filter(({ class_name: name }) => OF_MASKS.includes(text(name, '')));
  const found = new Set(operations.map(nameOf));
  for (const [name] of outputs) found.delete(name);
  if (found.size === 0) return found;
  const masked = maskedTensors(layers);
  const shapes = new Set(operations.filter(({ class_name: name }) => OF_SHAPES.includes(text(name, ''))).map(nameOf));
  const users = new Map<string, string[]>();
  const sources = new Map<string, string[]>();
  let wrong: string[] = [];
  for (const entry of layers) {
    const user = isObject(entry) && found.has(nameOf(entry)) ? nameOf(entry) : undefined;
    for (const place of callsOf(entry).flatMap(call => call.tensors)) {
      const [source] = place;
      // Something uses it as a value; or it is computed from something else than masks.
      if (user === undefined) wrong.push(source);
      else if (found.has(source)) {
        add(users, source, user);
        add(sources, user, source);
      } else if (!masked.has(place.join()) && !shapes.has(user)) wrong.push(user);
    }
  }
  // Nothing puts it together with a mask.
  wrong.push(...[...shapes].filter(name => !users.has(name)));
  while (wrong.length > 0) {
    const now = wrong.filter(name => found.delete(name));
    wrong = now.flatMap(name => [...(users.get(name) ?? []), ...(sources.get(name) ?? [])]);
  }
  return found;
}

function add(lists: Map<string, string[]>, name: string, item: string): void {
  const list = lists.get(name);
  if (list) list.push(item);
  else lists.set(name, [item]);
}

/** What layers get that make masks from it. */
function maskedTensors(layers: readonly Json[]): ReadonlySet<string> {
  return new Set(layers.filter(makesMask).flatMap(entry => callsOf(entry).flatMap(call => call.tensors.map(String))));
}

export function makesMask(entry: Json): boolean {
  if (!isObject(entry)) return false;
  const { class_name: className, config } = entry;
  return className === 'Masking' || (isObject(config) && config.mask_zero === true);
}

function callsOf(entry: Json): { readonly tensors: readonly TensorPlace[] }[] {
  if (!isObject(entry) || !isList(entry.inbound_nodes)) return [];
  return entry.inbound_nodes.flatMap(node => layerCall(node, []) ?? []);
}

function nameOf({ name, config }: JsonObject): string {
  return text(name, text(isObject(config) ? config.name : undefined, ''));
}
