/**
 * Finds, for each live attribute, the key it has in a stored graph: both graphs are walked together, edge name by edge name,
 * from their roots. So a checkpoint fits whatever its variables were called, as in TensorFlow
 * (tensorflow/python/checkpoint/restore.py).
 */
import type { StoredGraph } from './stored-graph.js';
import type { Attribute, Trackable } from './trackable.js';

export interface Match {
  /** Node of the stored graph that the live root was taken for. */
  readonly root: number;
  readonly keys: ReadonlyMap<Attribute, string>;
}

/**
 * Invariants, both TensorFlow's: a stored node belongs to the first live object that reaches it (edges in stored order, so
 * `layer_with_weights-1` wins over a `layer-2` that names another layer since one was inserted), and a live attribute takes
 * the first value offered.
 */
export function matchFrom(live: Trackable, stored: StoredGraph, root: number): Match {
  const owners = new Map<number, Trackable>([[root, live]]);
  const keys = new Map<Attribute, string>();
  // A Map visits what is added while it is walked: this is the breadth-first queue.
  for (const [number, object] of owners) {
    const node = stored[number]!;
    for (const attribute of object.attributes) {
      const found = node.attributes.find(({ name }) => name === attribute.name);
      if (found && !keys.has(attribute)) keys.set(attribute, found.key);
    }
    const edges = new Map(object.children.map(edge => [edge.name, edge.node]));
    for (const { name, node: child } of node.children) {
      const target = edges.get(name);
      if (target && !owners.has(child)) owners.set(child, target);
    }
  }
  return { root, keys };
}

/**
 * Matches from the stored root, or from its child `model` (`tf.train.Checkpoint(model=…)`) if more attributes are found
 * from there.
 */
export function matchGraph(live: Trackable, stored: StoredGraph): Match {
  const whole = matchFrom(live, stored, 0);
  const model = stored[0]!.children.find(({ name }) => name === 'model');
  if (model === undefined || model.node === 0) return whole;
  const below = matchFrom(live, stored, model.node);
  return below.keys.size > whole.keys.size ? below : whole;
}
