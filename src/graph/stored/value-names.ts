/**
 * Which tensors of a checkpoint are values of objects, in checkpoints of any program. Not all of them have a key that
 * is in the graph.
 */
import { attributesOf, extraKey, STATE } from '../key.js';
import type { StoredGraph } from '../stored-graph.js';

/** The names of a checkpoint's tensors. */
interface StoredNamesOf {
  names(): readonly string[];
  has(name: string): boolean;
}

/**
 * Names of the values of some nodes, in node order, each once. An object that is not a variable may have other tensors,
 * or several, for the key of one attribute: `table/.ATTRIBUTES/table` stands for `table-keys` and `table-values`, an
 * iterator's `ITERATOR` for `ITERATOR_STATE` (tensorflow/python/checkpoint/save_util.py). An extra of this package is a
 * value if it is the whole state of its object.
 */
export function storedValues(
  graph: StoredGraph,
  nodes: readonly number[],
  paths: ReadonlyMap<number, string>,
  source: StoredNamesOf,
): Set<string> {
  const found = new Set<string>();
  let tensors: Map<string, readonly string[]> | undefined;
  for (const node of nodes) {
    for (const { key } of graph[node]!.attributes) {
      if (source.has(key)) {
        found.add(key);
        continue;
      }
      tensors ??= byObject(source.names());
      const object = attributesOf(key) ?? '';
      for (const name of tensors.get(object) ?? []) found.add(name);
      // Each object once: a hostile graph may name one object any number of times.
      tensors.delete(object);
    }
    const path = paths.get(node);
    const state = path === undefined ? undefined : extraKey(path, STATE);
    if (state !== undefined && source.has(state)) found.add(state);
  }
  return found;
}

/** All tensors that are attributes, by the object's path up to `.ATTRIBUTES/`. */
function byObject(names: readonly string[]): Map<string, readonly string[]> {
  const tensors = new Map<string, string[]>();
  for (const name of names) {
    const object = attributesOf(name);
    if (object === undefined) continue;
    const known = tensors.get(object);
    if (known) known.push(name);
    else tensors.set(object, [name]);
  }
  return tensors;
}
