/**
 * Stored variables that change what another one means: a value that is read without its companion would be wrong without
 * anybody noticing.
 */
import type { StoredGraph } from './stored-graph.js';

export interface Companion {
  /** Name of the edge to the companion. */
  readonly name: string;
  /** Names of the edges, from the same object, to the variables that mean nothing without it. */
  readonly changes: readonly string[];
  /** A sentence that says what to do. */
  readonly reason: string;
}

export interface Accompanied {
  readonly reason: string;
  /** Keys of the companion: who reads these as well reads everything. */
  readonly companions: readonly string[];
}

/** By key, the stored values that have a companion. */
export function accompaniedValues(
  graph: StoredGraph,
  companions: readonly Companion[],
): ReadonlyMap<string, Accompanied> {
  const keysOf = (node: number): string[] => graph[node]!.attributes.map(({ key }) => key);
  return new Map(
    graph.flatMap(({ children }) =>
      companions.flatMap(({ name, changes, reason }) => {
        const companion = children.find(edge => edge.name === name);
        if (companion === undefined) return [];
        const changed = children.filter(edge => changes.includes(edge.name)).flatMap(({ node }) => keysOf(node));
        return changed.map(key => [key, { reason, companions: keysOf(companion.node) }] as const);
      }),
    ),
  );
}
