/** A Bidirectional layer: TensorFlow.js makes the second direction of the first one, as Keras does by default. */
import { isObject, type Json, type JsonObject, text } from './keras-json.js';
import type { TopologyProblems } from './topology-problems.js';

/** Options that differ between the directions, or say nothing about what they compute. */
const OWN = /^(name|go_backwards|seed|dtype|.*_initializer)$/;

/** The configuration without the second direction, if that is the first one the other way round. */
export function twoWays({ backward_layer: backward, ...config }: JsonObject, problems: TopologyProblems): JsonObject {
  const { layer } = config;
  if (backward !== undefined && backward !== null && !(isObject(layer) && isOtherWay(layer, backward)))
    problems.lacksOption('Bidirectional', text(config.name, ''), 'backward_layer: it differs from the forward one');
  if (!isObject(layer) || !isObject(layer.config)) return config;
  // The prefix is added again.
  const name = text(layer.config.name, '').replace(/^forward_/, '');
  return { ...config, layer: { ...layer, config: { ...layer.config, name } } };
}

function isOtherWay(forward: JsonObject, backward: Json): boolean {
  if (!isObject(backward) || !isObject(forward.config) || !isObject(backward.config)) return false;
  if (forward.class_name !== backward.class_name) return false;
  if (Boolean(forward.config.go_backwards) === Boolean(backward.config.go_backwards)) return false;
  return written(forward.config) === written(backward.config);
}

/** Without what may differ, in one order. An activation may be a model, whose layers have names of their own. */
function written(config: JsonObject): string {
  const entries = Object.entries(config).filter(([key]) => !OWN.test(key));
  return JSON.stringify(
    entries.sort(([a], [b]) => (a < b ? -1 : 1)),
    (key, value: unknown) => (/^(shared_object_id|name)$/.test(key) ? undefined : value),
  );
}
