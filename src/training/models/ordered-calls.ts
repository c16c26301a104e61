/**
 * The order in which TensorFlow.js makes the calls of a model's layers (tfjs-layers/src/engine/container.ts,
 * fromConfig). It goes over the layers again and again, and makes whatever can be made. So a later call of a shared
 * layer may come before an earlier one and take its number, and the two would be mixed up; and a long model in a bad
 * order takes for ever. Here the layers get a good order, and the calls the numbers that they will have.
 */
import { isCalledOnce, isObject, type LayerJson } from './layer-json.js';

type Tensor = readonly [layer: string, call: number, output: number, options: object];

interface Layer {
  readonly json: LayerJson;
  readonly name: string;
  /** The number of its first call; the calls before made its own outputs. */
  readonly first: number;
  readonly calls: readonly (readonly Tensor[])[];
}

interface OrderedCalls {
  readonly layers: readonly LayerJson[];
  /** The number that a call has in TensorFlow.js. */
  numberOf(layer: string, call: number): number;
}

/** So many times TensorFlow.js may go over the layers before they get another order. */
const FEW_PASSES = 100;

/** Undefined if TensorFlow.js cannot make all calls. */
function orderedCalls(all: readonly Layer[]): OrderedCalls | undefined {
  const sorted = byFirstCall(all) ?? all;
  const numbers = numbersOf(sorted);
  if (numbers === undefined) return undefined;
  const numberOf = (layer: string, call: number): number => numbers.get(layer)?.get(call) ?? call;
  const made = sorted.map(({ json, name, first, calls }) => {
    const renumbered = calls.map(tensors =>
      tensors.map(([from, call, output, options]) => [from, numberOf(from, call), output, options] as const),
    );
    // In the order of their numbers, so that a number is the place in this list again.
    const places = calls.map((_, i) => numberOf(name, i + first) - first);
    const inbound = new Array<unknown>(calls.length);
    for (const [i, place] of places.entries()) inbound[place] = renumbered[i];
    return { ...json, inbound_nodes: inbound };
  });
  return { layers: made, numberOf };
}

/**
 * A model in a JSON of any shape, and the models in it, with calls that TensorFlow.js does not mix up, and makes soon.
 * The same JSON if that holds already. `tf.loadLayersModel` swaps outputs of other models without a word.
 */
export function withOrderedCalls(topology: unknown): unknown {
  if (Array.isArray(topology)) return mapped(topology, withOrderedCalls);
  if (!isObject(topology)) return topology;
  const entries = Object.entries(topology).map(([key, value]) => [key, withOrderedCalls(value)] as const);
  const inner = entries.some(([key, value]) => value !== topology[key]) ? Object.fromEntries(entries) : topology;
  const { layers, input_layers: inputs, output_layers: outputs } = inner;
  if (!Array.isArray(layers) || !layers.every(isObject) || !Array.isArray(inputs) || !Array.isArray(outputs))
    return inner;
  const all = layers.map(layerOf);
  const numbers = numbersOf(all, FEW_PASSES);
  const isGood = numbers && [...numbers.values()].every(own => [...own].every(([call, number]) => call === number));
  const ordered = isGood ? undefined : orderedCalls(all);
  if (ordered === undefined) return inner;
  const places = (given: readonly unknown[]): readonly unknown[] =>
    given.map(place => {
      if (!Array.isArray(place)) return place;
      const [layer, call, ...rest] = place as [string, number, ...unknown[]];
      return [layer, ordered.numberOf(layer, call), ...rest];
    });
  return { ...inner, layers: ordered.layers, input_layers: places(inputs), output_layers: places(outputs) };
}

function mapped(items: readonly unknown[], change: (item: unknown) => unknown): readonly unknown[] {
  const made = items.map(change);
  return made.some((item, i) => item !== items[i]) ? made : items;
}

function layerOf(json: LayerJson): Layer {
  const nodes = Array.isArray(json.inbound_nodes) ? (json.inbound_nodes as readonly (readonly Tensor[])[]) : [];
  // Of a call without tensors, TensorFlow.js makes nothing.
  const calls = nodes.filter(node => node.length > 0);
  return { json, name: String(json.name), first: isCalledOnce(json) ? 1 : 0, calls };
}

/** The layers in the order in which Keras made their first calls; undefined if some cannot be made in that way. */
function byFirstCall(layers: readonly Layer[]): Layer[] | undefined {
  const made = new Map(layers.map(({ name, first }) => [name, first]));
  const byName = new Map(layers.map(layer => [layer.name, layer]));
  const waiting = new Map<string, string[]>();
  const sorted = layers.filter(({ calls, first }) => calls.length === 0 || first > 0);
  const found = new Set(sorted);
  let ready = layers.map(({ name }) => name);
  while (ready.length > 0) {
    const now = ready;
    ready = [];
    for (const name of now) {
      const layer = byName.get(name)!;
      const next = made.get(name)! - layer.first;
      const missing = layer.calls[next]?.find(([from, call]) => call >= (made.get(from) ?? 0));
      if (layer.calls[next] === undefined) continue;
      if (missing !== undefined) {
        const list = waiting.get(missing[0]);
        if (list) list.push(name);
        else waiting.set(missing[0], [name]);
        continue;
      }
      if (!found.has(layer)) sorted.push(layer);
      found.add(layer);
      made.set(name, made.get(name)! + 1);
      ready.push(name, ...(waiting.get(name) ?? []));
      waiting.delete(name);
    }
  }
  const isComplete = layers.every(({ name, first, calls }) => made.get(name) === first + calls.length);
  return isComplete && sorted.length === layers.length ? sorted : undefined;
}

/** For each layer, the numbers of its calls there by those here; undefined if that takes more than `most` passes. */
function numbersOf(
  layers: readonly Layer[],
  most = Number.POSITIVE_INFINITY,
): Map<string, Map<number, number>> | undefined {
  const numbers = new Map(layers.map(({ name, first }) => [name, new Map(first > 0 ? [[0, 0]] : [])]));
  let left = layers.map(layer => ({
    ...layer,
    open: layer.calls.map((tensors, i) => [i + layer.first, tensors] as const),
  }));
  for (let pass = 0; left.length > 0; pass++) {
    let progress = false;
    if (pass === most) return undefined;
    for (const layer of left) {
      const own = numbers.get(layer.name)!;
      layer.open = layer.open.filter(([call, tensors]) => {
        if (!tensors.every(([from, number]) => numbers.get(from)?.has(number))) return true;
        own.set(call, own.size);
        progress = true;
        return false;
      });
    }
    left = left.filter(({ open }) => open.length > 0);
    if (!progress && left.length > 0) return undefined;
  }
  return numbers;
}
