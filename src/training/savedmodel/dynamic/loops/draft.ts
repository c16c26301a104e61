/** A graph while its operations are being replaced. */
import type { Argument, Assignment, Constant, Graph, GraphNode, Value, VariableRead } from '../../graphs/graph.js';
import type { Step } from './nodes.js';

/** What stands for a value from now on, where `user` has it as an input (undefined: it is a result of the graph). */
type Instead = (value: Value, user: Step | undefined) => Value | undefined;

/** Constants and reads of variables are only known by the steps that use them. */
export class Draft {
  readonly inputs: readonly Argument[];
  steps: readonly Step[];
  outputs: readonly Value[];
  assignments: readonly Assignment[];
  #positions: Map<GraphNode, number> | undefined;

  constructor(graph: Omit<Graph, 'nodes'>, steps: readonly Step[]) {
    this.inputs = graph.inputs;
    this.steps = steps;
    this.outputs = graph.outputs;
    this.assignments = graph.assignments;
  }

  static of(graph: Graph): Draft {
    return new Draft(
      graph,
      graph.nodes.filter(node => node.kind === 'operation' || node.kind === 'loop'),
    );
  }

  /** Undefined: the node is not a step. */
  position(node: GraphNode): number | undefined {
    this.#positions ??= new Map(this.steps.map((step, i) => [step, i]));
    return this.#positions.get(node);
  }

  /** Puts steps in the place of others. `instead` says what later users get for the values of the removed ones. */
  replace(at: number, count: number, made: readonly Step[], instead: Instead): void {
    const copies = new Map<GraphNode, Step>();
    const current = (value: Value, user: Step | undefined): Value => {
      const copy = copies.get(value.node);
      return copy ? { node: copy, index: value.index } : (instead(value, user) ?? value);
    };
    const later = this.steps.slice(at + count).map(step => {
      const inputs = step.inputs.map(value => current(value, step));
      if (inputs.every((value, i) => value === step.inputs[i])) return step;
      const copy = { ...step, inputs };
      copies.set(step, copy);
      return copy;
    });
    this.steps = [...this.steps.slice(0, at), ...made, ...later];
    this.outputs = this.outputs.map(value => current(value, undefined));
    this.assignments = this.assignments.map(one => ({ ...one, value: current(one.value, undefined) }));
    this.#positions = undefined;
  }

  /** Without the steps that nothing uses. Reads of variables come first, each constant before its first user. */
  finish(): Graph {
    const results = [...this.outputs, ...this.assignments.map(one => one.value)];
    const used = new Set<GraphNode>(results.map(value => value.node));
    const live = this.steps.toReversed().filter(step => {
      if (used.has(step)) for (const value of step.inputs) used.add(value.node);
      return used.has(step);
    });
    const reads = new Set<VariableRead>();
    const nodes = new Set<Step | Constant>();
    const place = ({ node }: Value): void => {
      if (node.kind === 'variable') reads.add(node);
      if (node.kind === 'constant') nodes.add(node);
    };
    for (const step of live.reverse()) {
      for (const value of step.inputs) place(value);
      nodes.add(step);
    }
    for (const value of results) place(value);
    const { inputs, outputs, assignments } = this;
    return { inputs, nodes: [...reads, ...nodes], outputs, assignments };
  }
}
