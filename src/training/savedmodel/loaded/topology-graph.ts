/**
 * Whether the calls of a model's layers can be made one after the other. TensorFlow.js tries for ever if they cannot
 * (tfjs-layers/src/engine/container.ts, fromConfig).
 */
import { isList, type Json, type JsonObject } from './keras-json.js';

/** Of these there is a call before the first one of the model: the one that made their own outputs. */
const CALLED_ONCE: readonly unknown[] = ['InputLayer', 'Sequential', 'Functional', 'Model'];

interface Call {
  readonly layer: string;
  readonly inputs: readonly (readonly [layer: string, call: number])[];
}

/** The name of a layer whose inputs never come to be; undefined if there is none. */
export function unreachableLayer(layers: readonly JsonObject[]): string | undefined {
  const made = new Map<string, number>();
  const waiting = new Map<string, Call[]>();
  let ready: Call[] = [];
  const isReady = ([layer, call]: readonly [string, number]): boolean => call < (made.get(layer) ?? 0);
  const place = (call: Call): void => {
    const missing = call.inputs.find(input => !isReady(input));
    if (missing === undefined) ready.push(call);
    else waiting.set(missing[0], [...(waiting.get(missing[0]) ?? []), call]);
  };
  for (const { name, class_name: className } of layers) if (CALLED_ONCE.includes(className)) made.set(String(name), 1);
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
function callsOf({ name, inbound_nodes: nodes }: JsonObject): Call[] {
  const lists = isList(nodes) ? nodes.filter((node): node is readonly Json[] => isList(node) && node.length > 0) : [];
  return lists.map(node => ({
    layer: String(name),
    inputs: node.map(tensor => {
      const [layer, call] = isList(tensor) ? tensor : [];
      return [String(layer), Number(call)] as const;
    }),
  }));
}
