/**
 * What is known about an optimizer in a checkpoint: its keys (new or legacy), its class, and loss scaling around it.
 */
import { extraKey } from '../../graph/key.js';
import { storedPaths, storedVariable } from '../../graph/stored/walks.js';
import type { StoredEdge, StoredGraph, StoredSubgraph } from '../../graph/stored-graph.js';
import type { MatchedCheckpoint } from '../../graph/trackable.js';
import type { ScalingForm } from './loss-scaling.js';
import { storedKind } from './stored-kind.js';

export interface StoredOptimizer {
  /** The optimizer that makes the steps. */
  readonly stepping: StoredSubgraph;
  /** Whether it has the keys of tf_keras's legacy optimizers, which differ from those of all later ones. */
  readonly isLegacy: boolean;
  /** Keras's class; undefined if it is not known. */
  readonly kind: string | undefined;
  readonly scaling: StoredScaling | undefined;
  /** Why it cannot be restored at all; undefined if it can. */
  readonly refusal: string | undefined;
}

interface StoredScaling {
  readonly form: ScalingForm;
  /** Keys of the values; undefined if there are none, because the optimizer had made no step. */
  readonly scale: string | undefined;
  readonly counter: string | undefined;
  /** Keys of the wrapper's own steps and learning rate, which Keras never uses: they stay 0. */
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

/** Why it cannot be restored, for optimizers that have the usual names with another meaning. */
function refusalOf(stepping: StoredSubgraph): string | undefined {
  const { graph, node } = stepping;
  const has = (name: string): boolean => childNode(stepping, name) !== undefined;
  if (has('_inner_optimizers') || has('_var_to_optimizer_idx'))
    return "it is Keras's MultiOptimizer, and Keras does not save the optimizers in it";
  if (has('_accumulated_gradients'))
    return (
      'it was made with gradient_accumulation_steps, so it counts batches instead of steps, and a checkpoint does ' +
      'not say how many batches make a step'
    );
  const within = graph[node]!.children.find(edge => {
    const { children } = graph[edge.node]!;
    return edge.node !== node && edge.name !== 'base_optimizer' && children.some(isCounter);
  });
  return within && `it wraps another optimizer ('${within.name}') in a way that this package does not know`;
}

/** Nodes of the optimizers of compiled models, which are the models' children in Keras. */
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

/** Key of the value of the first of these children that exists. */
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
