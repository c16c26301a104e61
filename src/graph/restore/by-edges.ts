/**
 * Finds, for each live attribute, the key it has in a stored graph: both graphs are walked together, edge name by edge
 * name, from their roots. So the names of variables do not matter, as in TensorFlow
 * (tensorflow/python/checkpoint/restore.py).
 */

import type { Attribute } from '../attribute.js';
import { nodesWithValues } from '../stored/walks.js';
import type { StoredGraph } from '../stored-graph.js';
import type { Edge, Trackable } from '../trackable.js';

export interface Match {
  /** Node of the stored graph that the live root was taken for. */
  readonly root: number;
  readonly keys: ReadonlyMap<Attribute, string>;
  /** The live object that each stored node was matched to. */
  readonly owners: ReadonlyMap<number, Trackable>;
}

/**
 * Invariants, both TensorFlow's: a stored node belongs to the first live object that reaches it (edges in stored order,
 * so `layer_with_weights-1` wins over a `layer-2` that names another layer after one was inserted), and a live
 * attribute takes the first value offered. One live object may own several stored nodes (a Sequential of Keras 3 and
 * the Functional in it). Aliases are followed only after every edge has been, so they never change what edges find.
 * What is below an object with a restorer is not matched here: the restorer does that.
 */
export function matchByEdges(live: Trackable, stored: StoredGraph, root: number): Match {
  const owners = new Map<number, Trackable>([[root, live]]);
  const keys = new Map<Attribute, string>();
  // Computed once per live object: a stored graph may lead to one object any number of times.
  const targetsOf = new Map<readonly Edge[], Map<string, Trackable>>();
  const follow = (number: number, edges: readonly Edge[]): void => {
    if (edges.length === 0) return;
    let targets = targetsOf.get(edges);
    if (targets === undefined) {
      targets = new Map();
      for (const { name, node } of edges) if (!targets.has(name)) targets.set(name, node);
      targetsOf.set(edges, targets);
    }
    for (const { name, node: child } of stored[number]!.children) {
      const target = targets.get(name);
      if (target && !owners.has(child)) owners.set(child, target);
    }
  };
  let withValues: readonly boolean[] | undefined;
  const followHolders = (number: number, holders: readonly Trackable[]): boolean => {
    withValues ??= nodesWithValues(stored);
    const holding = stored[number]!.children.filter(({ node }) => withValues![node]).sort(
      (a, b) => Number(a.name) - Number(b.name),
    );
    if (holding.length !== holders.length) return false;
    holding.forEach(({ node }, i) => {
      if (!owners.has(node)) owners.set(node, holders[i]!);
    });
    return true;
  };
  const visit = (number: number, object: Trackable): void => {
    if (object.restorer) {
      follow(number, object.added ?? []);
      return;
    }
    for (const attribute of object.attributes) {
      const found = stored[number]!.attributes.find(({ name }) => name === attribute.name);
      if (found && !keys.has(attribute)) keys.set(attribute, found.key);
    }
    if (!object.holders || !followHolders(number, object.holders)) follow(number, object.children);
  };
  // A Map also visits entries that are added during the loop, so it serves as the breadth-first queue.
  for (const [number, object] of owners) visit(number, object);
  const reachedByEdges = owners.size;
  let visited = 0;
  for (const [number, object] of owners) {
    if (visited++ >= reachedByEdges) visit(number, object);
    if (object.aliases) follow(number, object.aliases);
  }
  return { root, keys, owners };
}
