/** What one run of a function on real tensors gives. */
import type { Graph } from '../graphs/graph.js';

/** How the outputs of the graph were returned: one tensor, a list, or an object (the names in its order). */
export type OutputStructure =
  | { readonly kind: 'single' }
  | { readonly kind: 'list'; readonly length: number }
  | { readonly kind: 'named'; readonly names: readonly string[] };

/** Every shape in the graph is static. */
export interface Recording {
  readonly graph: Graph;
  readonly structure: OutputStructure;
  /** What the integers of its inputs were: not every function can do something with every integer. */
  readonly integer: number;
}
