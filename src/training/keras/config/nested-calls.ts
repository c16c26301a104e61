/**
 * How the calls of a model within a model are counted. In TensorFlow.js the first one is the call that made the model's
 * own outputs. Keras counts that one in some of its forms (tf_keras/src/engine/functional.py, _should_skip_first_node;
 * keras/src/models/functional.py, get_config).
 */
import { isList, isObject, type Json, type JsonObject } from './keras-json.js';
import { layerCall, type TensorPlace } from './topology-calls.js';

export class NestedCalls {
  /** Names of the models within, and how much is added to an index in each of the two places. */
  readonly #shifts = new Map<string, { readonly old: number; readonly output: number }>();

  /** `made`: the layers as they are here, and `given`, in the same order, as they were written. */
  constructor(made: readonly JsonObject[], given: readonly Json[], outputs: readonly TensorPlace[]) {
    const calls = given.flatMap(entry => {
      const nodes = isObject(entry) && isList(entry.inbound_nodes) ? entry.inbound_nodes : [];
      return nodes.flatMap(node => layerCall(node, []) ?? []);
    });
    const isNew = calls.some(call => call.isNew);
    const highest = new Map<string, number>();
    for (const [name, index] of [...calls.flatMap(call => call.tensors), ...outputs])
      highest.set(name, Math.max(index, highest.get(name) ?? 0));
    for (const [i, layer] of made.entries()) {
      const entry = given[i];
      if (!isObject(layer.config) || !isList(layer.config.layers) || !isObject(entry)) continue;
      const count = isList(entry.inbound_nodes) ? entry.inbound_nodes.length : 0;
      const isCounted = (highest.get(String(entry.name)) ?? 0) >= count;
      // Keras 3 counts it for functional models, and only where they are outputs.
      const output = isNew ? (layer.class_name === 'Sequential' ? 1 : 0) : isCounted ? 0 : 1;
      this.#shifts.set(String(entry.name), { old: isCounted ? 0 : 1, output });
    }
  }

  /** What a layer gets. */
  asInput([name, index, output]: TensorPlace, isNew: boolean): TensorPlace {
    const shift = this.#shifts.get(name);
    return [name, index + (shift === undefined ? 0 : isNew ? 1 : shift.old), output];
  }

  /** An input or output of the whole model. */
  asOutput([name, index, output]: TensorPlace): TensorPlace {
    return [name, index + (this.#shifts.get(name)?.output ?? 0), output];
  }
}
