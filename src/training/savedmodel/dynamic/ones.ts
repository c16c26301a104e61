/**
 * The size 1. There a function may do other operations, since what has size 1 is often broadcast: such as no Tile where
 * others are tiled. If the results are the same, nothing is lost.
 */
import type { Graph } from '../graphs/graph.js';
import { differenceOf } from './alignment.js';
import { generalize } from './generalize.js';
import { sameResults } from './same-results.js';
import type { Run } from './trial.js';

/** `one`: a run in which a dimension is 1. Undefined if the graph has other results there than the function. */
export function withOne(graph: Graph, runs: readonly Run[], one: Run): Graph | undefined {
  let more: Graph | undefined;
  try {
    more = generalize([...runs, one]);
  } catch {
    return sameResults(graph, one) ? graph : undefined;
  }
  if (differenceOf(graph, more, 'everything') === null || sameResults(graph, one)) return graph;
  return more;
}
