import type { Graph, GraphNode, Value } from '../graphs/graph.js';

/** The graph without the nodes that nothing needs. Loops keep all of their own. */
export function pruned(graph: Graph): Graph {
  const needed = new Set<GraphNode>();
  const waiting: Value[] = [...graph.outputs, ...graph.assignments.map(({ value }) => value)];
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    const { node } = value;
    if (needed.has(node)) continue;
    needed.add(node);
    if (node.kind === 'operation' || node.kind === 'loop') waiting.push(...node.inputs);
  }
  return { ...graph, nodes: graph.nodes.filter(node => needed.has(node)) };
}
