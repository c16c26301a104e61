/**
 * Stored variables that change the meaning of others. A value that is read without its companion would be wrong, and
 * nobody would notice.
 */
import { storedVariable } from '../stored/walks.js';
import type { StoredGraph } from '../stored-graph.js';

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
  /** Keys of the companion. A caller that reads these, too, reads everything. */
  readonly companions: readonly string[];
}

/** By key, the stored values that have a companion. */
export function accompaniedValues(
  graph: StoredGraph,
  companions: readonly Companion[],
): ReadonlyMap<string, Accompanied> {
  return new Map(
    graph.flatMap(({ children }) =>
      companions.flatMap(({ name, changes, reason }) => {
        const companion = children.find(edge => edge.name === name);
        const value = companion && storedVariable(graph, companion.node);
        if (value === undefined) return [];
        return changes.flatMap(changed => {
          const edge = children.find(child => child.name === changed);
          const key = edge && storedVariable(graph, edge.node)?.key;
          return key === undefined ? [] : [[key, { reason, companions: [value.key] }] as const];
        });
      }),
    ),
  );
}
