/** From recordings of one function at different sizes to one graph for all sizes. */
import type {
  Argument,
  Assignment,
  Constant,
  Graph,
  GraphNode,
  Loop,
  Operation,
  OutputType,
  Shape,
  Value,
} from '../graphs/graph.js';
import { differenceOf, hasSame } from './alignment.js';
import { roll } from './loops/roll.js';
import { attributeMoves, partOf, withoutAttributes } from './moving-attributes.js';
import { constantFor, type Use } from './moving-constants.js';
import { cannotGeneralize, nameOf } from './problems.js';
import { pruned } from './pruned.js';
import { Frame, numberOf, Scope, widened } from './scope.js';

export interface Sized {
  /** Those of the null dimensions, in order. */
  readonly sizes: readonly number[];
  readonly graph: Graph;
}

/**
 * Throws ERR_NOT_SUPPORTED if the operations differ, or if something moves that cannot be computed from dimensions.
 */
export function generalize(recordings: readonly Sized[]): Graph {
  const graphs = alike(recordings.map(({ graph }) => graph));
  const [first, ...others] = graphs as [Graph, ...Graph[]];
  for (const other of others) {
    const difference = differenceOf(first, other);
    if (difference !== null) throw cannotGeneralize(difference.text, difference.node);
  }
  return pruned(new GraphMaker(graphs, new Scope()).make());
}

/** Without what nothing needs, and with loops if the recordings are not the same operations without them. */
function alike(recorded: readonly Graph[]): readonly Graph[] {
  const needed = recorded.map(pruned);
  if (areAlike(needed)) return needed;
  // In all that was executed, needed or not, the last steps of a loop are like the others.
  const rolled = roll(recorded).map(pruned);
  return areAlike(rolled) ? rolled : roll(needed).map(pruned);
}

function areAlike([first, ...others]: readonly Graph[]): boolean {
  return others.every(other => differenceOf(first as Graph, other) === null);
}

class GraphMaker {
  readonly #graphs: readonly Graph[];
  readonly #first: Graph;
  readonly #scope: Scope;
  /** For each node of the first graph, the one that stands for it. */
  readonly #made = new Map<GraphNode, GraphNode>();
  /** Positions of the first graph's nodes. */
  readonly #positions = new Map<GraphNode, number>();
  readonly #uses = new Map<GraphNode, Use[]>();
  /** Unpack operations of a moving number of parts, with what they unpack. */
  readonly #unpacked = new Map<GraphNode, Value>();
  readonly #parts = new Map<string, Value>();

  constructor(graphs: readonly Graph[], scope: Scope) {
    this.#graphs = graphs;
    this.#first = graphs[0] as Graph;
    this.#scope = scope;
    for (const [i, node] of this.#first.nodes.entries()) {
      this.#positions.set(node, i);
      if (node.kind !== 'operation' && node.kind !== 'loop') continue;
      for (const [slot, { node: source }] of node.inputs.entries()) {
        if (source.kind !== 'constant') continue;
        const uses = this.#uses.get(source) ?? [];
        uses.push({ runs: graphs.map(({ nodes }) => nodes[i] as Operation | Loop), slot });
        this.#uses.set(source, uses);
      }
    }
  }

  make(): Graph {
    const inputs = this.#first.inputs.map((_, i) => this.#argument(i));
    for (const position of this.#first.nodes.keys()) this.#node(position);
    const outputs = this.#first.outputs.map((_, i) =>
      this.#value(this.#graphs.map(graph => graph.outputs[i] as Value)),
    );
    const assignments: Assignment[] = this.#first.assignments.map(({ variable }, i) => ({
      variable,
      value: this.#value(this.#graphs.map(graph => (graph.assignments[i] as Assignment).value)),
    }));
    return { inputs, nodes: this.#scope.nodes, outputs, assignments };
  }

  #argument(i: number): Argument {
    const runs = this.#graphs.map(({ inputs }) => inputs[i] as Argument);
    const node: Argument = { ...(runs[0] as Argument), outputs: this.#types(runs) };
    this.#note(this.#first.inputs[i] as Argument, runs, node);
    return node;
  }

  #node(position: number): void {
    const runs = this.#graphs.map(({ nodes }) => nodes[position] as GraphNode);
    const [first] = runs as [GraphNode];
    // Constants are made where they are used: what they are computed from is known by then.
    if (first.kind === 'constant') return;
    if (first.kind === 'argument') throw cannotGeneralize('it has an input among its operations', first);
    if (first.kind === 'loop') this.#loop(runs as readonly Loop[]);
    else if (first.kind === 'operation') this.#operation(runs as readonly Operation[]);
    else {
      this.#scope.nodes.push(first);
      this.#note(first, runs, first);
    }
  }

  #operation(runs: readonly Operation[]): void {
    const [first] = runs as [Operation];
    const inputs = first.inputs.map((_, slot) => this.#input(runs, slot));
    const moving = [...first.attributes.keys()].filter(name => !runs.every(run => hasSame(first, run, name)));
    if (moving.length === 0) {
      const node: Operation = { ...first, inputs, outputs: this.#types(runs) };
      this.#scope.nodes.push(node);
      this.#note(first, runs, node);
      return;
    }
    if (first.op === 'Unpack') {
      // Parts are taken where they are used.
      this.#unpacked.set(first, inputs[0] as Value);
      return;
    }
    const rewritten = withoutAttributes(this.#scope, runs, moving, inputs, this.#types(runs));
    if (rewritten === null) throw attributeMoves(runs, moving[0] as string);
    this.#note(first, runs, rewritten);
  }

  #loop(runs: readonly Loop[]): void {
    const [first] = runs as [Loop];
    const inputs = first.inputs.map((_, slot) => this.#input(runs, slot));
    const frame = new Frame(this.#scope);
    const make = (side: 'condition' | 'body') =>
      new GraphMaker(
        runs.map(run => run[side]),
        new Scope(frame, side),
      ).make();
    const [condition, body] = [make('condition'), make('body')];
    const { condition: ofCondition, body: ofBody } = frame.arguments;
    const handed = frame.inputs.map(({ node, index }) => node.outputs[index] as OutputType);
    const node: Loop = {
      ...first,
      inputs: [...inputs, ...frame.inputs],
      outputs: [...this.#types(runs), ...handed],
      condition: { ...condition, inputs: [...condition.inputs, ...ofCondition] },
      body: {
        ...body,
        inputs: [...body.inputs, ...ofBody],
        outputs: [...body.outputs, ...ofBody.map(argument => ({ node: argument, index: 0 }))],
      },
    };
    this.#scope.nodes.push(node);
    this.#note(first, runs, node);
  }

  #input(runs: readonly (Operation | Loop)[], slot: number): Value {
    const user = runs[0] as Operation | Loop;
    return this.#value(
      runs.map(run => run.inputs[slot] as Value),
      user,
    );
  }

  /** What stands for a value of the recordings, given as each of them has it. */
  #value(runs: readonly Value[], user?: Operation | Loop): Value {
    const [{ node, index }] = runs as [Value];
    const source = this.#unpacked.get(node);
    if (source !== undefined) return this.#part(runs, source);
    const made = this.#made.get(node) ?? this.#constant(node as Constant, user);
    return { node: made, index };
  }

  #part(runs: readonly Value[], source: Value): Value {
    const indices = runs.map(({ index }) => index);
    const [unpack] = runs.map(({ node }) => node) as [Operation];
    const key = `${numberOf(unpack)}[${indices.join()}]`;
    const known = this.#parts.get(key);
    if (known !== undefined) return known;
    const operations = runs.map(({ node }) => node as Operation);
    const output = { dtype: (unpack.outputs[0] as OutputType).dtype, shape: widened(shapesOf(operations, 0)) };
    const part = partOf(this.#scope, operations, indices, source, output);
    this.#scope.note(part.node, [shapesOf(operations, 0)]);
    this.#parts.set(key, part);
    return part;
  }

  #constant(node: Constant, user: Operation | Loop | undefined): GraphNode {
    const position = this.#positions.get(node) as number;
    const runs = this.#graphs.map(({ nodes }) => nodes[position] as Constant);
    const near = (user?.inputs ?? []).flatMap(({ node: source, index }) => {
      const made = this.#made.get(source);
      return made === undefined ? [] : [{ node: made, index }];
    });
    const made = constantFor(this.#scope, runs, this.#uses.get(node) ?? [], near);
    this.#made.set(node, made);
    this.#scope.note(made, [runs.map(({ shape }) => shape)]);
    return made;
  }

  #types(runs: readonly GraphNode[]): OutputType[] {
    const [first] = runs as [GraphNode];
    return first.outputs.map(({ dtype }, i) => {
      const shapes = shapesOf(runs, i);
      const ranks = new Set(shapes.map(shape => shape.length));
      if (ranks.size > 1) {
        throw cannotGeneralize(`the result of ${nameOf(first)} has ${[...ranks].join(' or ')} dimensions`, first);
      }
      return { dtype, shape: widened(shapes) };
    });
  }

  #note(node: GraphNode, runs: readonly GraphNode[], made: GraphNode): void {
    this.#made.set(node, made);
    this.#scope.note(
      made,
      node.outputs.map((_, i) => shapesOf(runs, i)),
    );
  }
}

function shapesOf(runs: readonly GraphNode[], output: number): Shape[] {
  return runs.map(({ outputs }) => (outputs[output] as OutputType).shape);
}
