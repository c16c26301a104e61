/** Operations of Keras 3 between the layers of a functional model, such as `x * 2`. */
import { type JsonObject, text } from './keras-json.js';
import type { TopologyProblems } from './topology-problems.js';

export function operationLayer(given: JsonObject, name: string, problems: TopologyProblems): JsonObject {
  const className = text(given.class_name, '');
  problems.lacksClass(className, name);
  return { class_name: className, config: { name } };
}
