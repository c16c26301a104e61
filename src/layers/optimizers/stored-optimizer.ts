/** What an optimizer of a checkpoint is: whose, of which class, and what is around it. */
import { extraKey } from '../../graph/key.js';
import { storedPaths, storedVariable } from '../../graph/stored/walks.js';
import type { StoredEdge, StoredGraph, StoredSubgraph } from '../../graph/stored-graph.js';
import type { MatchedCheckpoint } from '../../graph/trackable.js';
import type { ScalingForm } from './loss-scaling.js';
import { storedKind } from './stored-kind.js';

export interface StoredOptimizer {
  /** The optimizer that makes the steps. */
  readonly stepping: StoredSubgraph;
  /** tf_keras's legacy optimizers have other names than all later ones. */
  readonly isLegacy: boolean;
  /** Keras's class; undefined if nothing tells it. */
  readonly kind: string | undefined;
  readonly scaling: StoredScaling | undefined;
  /** Why nothing of it can be restored, as a sentence that says what to do. */
  readonly refusal: string | undefined;
}

interface StoredScaling {
  readonly form: ScalingForm;
  /** Keys; undefined if there is no such value, since the optimizer had made no step. */
  readonly scale: string | undefined;
  readonly counter: string | undefined;
  /** Counters of the wrapper that Keras never uses: its steps and its learning rate are 0. */
  readonly idle: readonly string[];
}

export function storedOptimizer(outer: StoredSubgraph, found: MatchedCheckpoint): StoredOptimizer {
  const inner = childNode(outer, 'inner_optimizer');
  const stepping = inner === undefined ? outer : { ...outer, ...subgraphAt(outer, inner, found) };
  const isLegacy = childKey(stepping, found, ['iter']) !== undefined;
  return {
    stepping,
    isLegacy,
    kind: storedKind(stepping, isLegacy),
    scaling: scalingOf(outer, found),
    refusal: refusalOf(stepping),
  };
}

function subgraphAt(
  { graph }: StoredSubgraph,
  node: number,
  { has }: MatchedCheckpoint,
): Omit<StoredSubgraph, 'graph'> {
  const path = storedPaths(graph).get(node) ?? '';
  const extra = (name: string): string | undefined => [extraKey(path, name)].find(has);
  return { node, path, extra };
}

function scalingOf(outer: StoredSubgraph, found: MatchedCheckpoint): StoredScaling | undefined {
  if (childNode(outer, 'inner_optimizer') !== undefined) {
    const key = (name: string): string | undefined => childKey(outer, found, [name]);
    return {
      form: 'keras3',
      scale: key('dynamic_scale'),
      counter: key('step_counter'),
      idle: ['_iterations', '_learning_rate'].flatMap(name => key(name) ?? []),
    };
  }
  const node = childNode(outer, 'loss_scale');
  if (node === undefined) return undefined;
  const key = (name: string): string | undefined => childKey({ ...outer, node }, found, [name]);
  return { form: 'tf_keras', scale: key('current_loss_scale'), counter: key('good_steps'), idle: [] };
}

/** What would be restored as something else than it is, though its names are the usual ones. */
function refusalOf(stepping: StoredSubgraph): string | undefined {
  const { graph, node } = stepping;
  const has = (name: string): boolean => childNode(stepping, name) !== undefined;
  if (has('_inner_optimizers') || has('_var_to_optimizer_idx'))
    return "it is Keras's MultiOptimizer, and a checkpoint has nothing of the optimizers in it";
  if (has('_accumulated_gradients'))
    return (
      'it was made with gradient_accumulation_steps, so it counts batches instead of steps, and a checkpoint does ' +
      'not say how ' +
      'many make a step'
    );
  const within = graph[node]!.children.find(edge => {
    const { children } = graph[edge.node]!;
    return edge.node !== node && edge.name !== 'base_optimizer' && children.some(isCounter);
  });
  return within && `it wraps another optimizer ('${within.name}') in a way that is not known here`;
}

/** The optimizers of compiled models, which Keras has as their children. */
export function optimizersOfModels(graph: StoredGraph): number[] {
  return graph.flatMap(({ children }) =>
    children.flatMap(({ name, node }) => (name === 'optimizer' && graph[node]!.children.some(isCounter) ? [node] : [])),
  );
}

function isCounter({ name }: StoredEdge): boolean {
  return name === '_iterations' || name === 'iter';
}

function childNode({ graph, node }: StoredSubgraph, name: string): number | undefined {
  return graph[node]!.children.find(one => one.name === name)?.node;
}

/** The value of the first of these children that there is. */
export function childKey(
  stored: StoredSubgraph,
  found: MatchedCheckpoint,
  names: readonly string[],
): string | undefined {
  const keys = names.map(name => {
    const child = childNode(stored, name);
    return child === undefined ? undefined : storedVariable(stored.graph, child)?.key;
  });
  return keys.find(key => key !== undefined && found.has(key));
}
