/** Walks a stored object graph. */
import { VARIABLE_VALUE } from '../attribute.js';
import { escapePart } from '../key.js';
import { markAncestors } from '../numbering.js';
import type { StoredAttribute, StoredGraph } from '../stored-graph.js';

/**
 * The value of a variable. At most one per node, however many attributes a hostile graph claims, so that the work for
 * the children of many nodes does not multiply.
 */
export function storedVariable(graph: StoredGraph, number: number): StoredAttribute | undefined {
  return graph[number]!.attributes.find(({ name }) => name === VARIABLE_VALUE);
}

/**
 * Nodes that can be reached from a node by edges and slots, in order, without those in `outside` and what only they
 * lead to.
 */
export function nodesBelow(graph: StoredGraph, start: number, outside: ReadonlySet<number> = new Set()): number[] {
  const seen = new Set([start]);
  for (const number of seen) {
    const { children, slots } = graph[number]!;
    for (const { node } of [...children, ...slots]) if (!outside.has(node)) seen.add(node);
  }
  return [...seen].sort((a, b) => a - b);
}

/** Keys of the attributes of all nodes below `start`, itself included. */
export function keysBelow(graph: StoredGraph, start: number): string[] {
  return nodesBelow(graph, start).flatMap(number => graph[number]!.attributes.map(({ key }) => key));
}

/** The shortest path from the root to each node that has one, escaped as in keys; '' is the root's. */
export function storedPaths(graph: StoredGraph): ReadonlyMap<number, string> {
  const paths = new Map([[0, '']]);
  // A Map also visits entries that are added during the loop, so it serves as the breadth-first queue.
  for (const [number, path] of paths) {
    for (const { name, node } of graph[number]!.children) {
      if (!paths.has(node)) paths.set(node, path === '' ? escapePart(name) : `${path}/${escapePart(name)}`);
    }
  }
  return paths;
}

/** For each node, whether it or something below it has a value. */
export function nodesWithValues(graph: StoredGraph): readonly boolean[] {
  const parents: number[][] = graph.map(() => []);
  graph.forEach(({ children }, number) => {
    for (const { node } of children) parents[node]!.push(number);
  });
  const found = graph.map(({ attributes }) => attributes.length > 0);
  return markAncestors(found, parents);
}
