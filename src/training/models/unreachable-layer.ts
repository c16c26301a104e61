/**
 * Whether the calls of a model's layers can be made one after the other. TensorFlow.js tries for ever if they cannot
 * (tfjs-layers/src/engine/container.ts, fromConfig).
 */

import { isCalledOnce, isObject, type LayerJson } from './layer-json.js';

interface Call {
  readonly layer: string;
  readonly inputs: readonly (readonly [layer: string, call: number])[];
}

/** As `unreachableLayer`, for every model in a JSON of any shape. */
export function unreachableWithin(topology: unknown): string | undefined {
  if (Array.isArray(topology)) return first(topology);
  if (!isObject(topology)) return undefined;
  const { layers } = topology;
  return (Array.isArray(layers) && unreachableLayer(layers.filter(isObject))) || first(Object.values(topology));
}

function first(items: readonly unknown[]): string | undefined {
  for (const item of items) {
    const found = unreachableWithin(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The name of a layer whose inputs never come to be; undefined if there is none. */
export function unreachableLayer(layers: readonly LayerJson[]): string | undefined {
  const made = new Map<string, number>();
  const waiting = new Map<string, Call[]>();
  let ready: Call[] = [];
  const isReady = ([layer, call]: readonly [string, number]): boolean => call < (made.get(layer) ?? 0);
  const place = (call: Call): void => {
    const missing = call.inputs.find(input => !isReady(input));
    if (missing === undefined) ready.push(call);
    else waiting.set(missing[0], [...(waiting.get(missing[0]) ?? []), call]);
  };
  for (const layer of layers) if (isCalledOnce(layer)) made.set(String(layer.name), 1);
  for (const layer of layers) for (const call of callsOf(layer)) place(call);
  while (ready.length > 0) {
    const now = ready;
    ready = [];
    for (const { layer } of now) {
      made.set(layer, (made.get(layer) ?? 0) + 1);
      const woken = waiting.get(layer) ?? [];
      waiting.delete(layer);
      for (const call of woken) place(call);
    }
  }
  return [...waiting.values()][0]?.[0]?.layer;
}

/** A call without tensors is not made. */
function callsOf({ name, inbound_nodes: nodes }: LayerJson): Call[] {
  const lists: (readonly unknown[])[] = Array.isArray(nodes)
    ? nodes.filter(node => Array.isArray(node) && node.length > 0)
    : [];
  return lists.map(node => ({
    layer: String(name),
    inputs: node.map(tensor => {
      const [layer, call] = Array.isArray(tensor) ? (tensor as readonly unknown[]) : [];
      return [String(layer), Number(call)] as const;
    }),
  }));
}
