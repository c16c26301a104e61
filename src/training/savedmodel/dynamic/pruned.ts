import type { Graph, GraphNode, Value } from '../graphs/graph.js';

/**
 * The graph without the nodes that nothing needs, and with constants and variables just before their first use:
 * recordings have them where TensorFlow first heard of them, which differs from run to run.
 */
export function pruned(graph: Graph): Graph {
  const needed = neededBy(graph);
  const nodes: GraphNode[] = [];
  const placed = new Set<GraphNode>(graph.inputs);
  const place = (node: GraphNode): void => {
    if (placed.has(node)) return;
    placed.add(node);
    for (const { node: source } of inputsOf(node)) if (inputsOf(source).length === 0) place(source);
    nodes.push(node);
  };
  for (const node of graph.nodes) {
    if (needed.has(node) && (node.kind === 'operation' || node.kind === 'loop')) place(node);
  }
  for (const { node } of resultsOf(graph)) place(node);
  return { ...graph, nodes };
}

function neededBy(graph: Graph): Set<GraphNode> {
  const needed = new Set<GraphNode>();
  const waiting = resultsOf(graph);
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    const { node } = value;
    if (needed.has(node)) continue;
    needed.add(node);
    waiting.push(...inputsOf(node));
  }
  return needed;
}

function resultsOf({ outputs, assignments }: Graph): Value[] {
  return [...outputs, ...assignments.map(({ value }) => value)];
}

function inputsOf(node: GraphNode): readonly Value[] {
  return node.kind === 'operation' || node.kind === 'loop' ? node.inputs : [];
}
