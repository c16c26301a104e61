/**
 * The state of an optimizer in a file, as the object graph of a checkpoint would have it. So what restores optimizers
 * from checkpoints restores them from files, too.
 */
import { type Attribute, VARIABLE_VALUE } from '../../../graph/attribute.js';
import type { StoredEdge, StoredGraph } from '../../../graph/stored-graph.js';
import type { Trackable } from '../../../graph/trackable.js';
import type { OptimizerValues } from './optimizer-values.js';

/** Loss scaling around an optimizer: keys of the wrapper's own values. */
export interface ScalingValues {
  readonly iterations: string | undefined;
  readonly learningRate: string | undefined;
  readonly counter: string | undefined;
  readonly scale: string | undefined;
}

export interface OptimizerGraph {
  readonly graph: StoredGraph;
  /** The live objects of the nodes. */
  readonly owners: ReadonlyMap<number, Trackable>;
}

interface Node {
  children: StoredEdge[];
  attributes: { name: string; fullName: string; key: string }[];
  slots: [];
}

/** `optimizer` is the live one, `nodeOf` gives the node of a live variable. */
export function optimizerGraph(
  values: OptimizerValues,
  scaling: ScalingValues | undefined,
  optimizer: Trackable,
  nodeOf: (attribute: Attribute) => Trackable,
): OptimizerGraph {
  const nodes: Node[] = [];
  const owners = new Map<number, Trackable>();
  const add = (children: readonly StoredEdge[] = []): number =>
    nodes.push({ children: [...children], attributes: [], slots: [] }) - 1;
  const value = (key: string, fullName: string): number => {
    const node = add();
    nodes[node]!.attributes.push({ name: VARIABLE_VALUE, fullName, key });
    return node;
  };
  const list = (items: readonly number[]): number => add(items.map((node, i) => ({ name: String(i), node })));
  const edge = (name: string, key: string | undefined, fullName = ''): StoredEdge[] =>
    key === undefined ? [] : [{ name, node: value(key, fullName) }];
  const root = add();
  const outer = add();
  nodes[root]!.children.push({ name: 'optimizer', node: outer });
  owners.set(outer, optimizer);
  const trained = values.trained.map(attribute => {
    const node = add();
    owners.set(node, nodeOf(attribute));
    return node;
  });
  // The name of the steps says which class it is.
  const steps = values.kind === undefined ? '' : `${values.kind}/iteration`;
  const children: StoredEdge[] = [
    ...edge('_iterations', values.iterations, steps),
    ...edge('_learning_rate', values.learningRate),
    { name: '_trainable_variables', node: list(trained) },
    ...[...values.slots].map(([name, keys]) => ({ name, node: list(keys.map(key => value(key, ''))) })),
    ...[...values.scalars].flatMap(([name, key]) => edge(name, key)),
  ];
  if (scaling === undefined) nodes[outer]!.children.push(...children);
  else
    nodes[outer]!.children.push(
      { name: 'inner_optimizer', node: add(children) },
      ...edge('_iterations', scaling.iterations),
      ...edge('_learning_rate', scaling.learningRate),
      ...edge('step_counter', scaling.counter),
      ...edge('dynamic_scale', scaling.scale),
    );
  return { graph: nodes, owners };
}
