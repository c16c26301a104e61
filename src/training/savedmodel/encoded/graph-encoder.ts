/** The nodes of a graph as those of a function. */
import type {
  Assignment,
  Graph,
  GraphNode,
  Loop,
  Operation,
  OutputType,
  Value,
  VariableRead,
} from '../graphs/graph.js';
import { typeValue } from './attribute-values.js';
import { batchNorm } from './batch-norm.js';
import { complete } from './completed.js';
import type { CapturedArguments, FunctionBuilder } from './function-builder.js';
import type { Library } from './library.js';
import { encodeLoop, type OuterGraph } from './loop-encoder.js';
import { constantAttributes } from './shared-constants.js';
import { todaysOperation } from './todays-operation.js';

export class GraphEncoder implements OuterGraph {
  readonly builder: FunctionBuilder;
  readonly library: Library;
  readonly captured: CapturedArguments;
  /** How nodes refer to the outputs of each. */
  readonly #references = new Map<GraphNode, readonly string[]>();
  /** The node that reads a variable, by its number: all reads are of the value before the call. */
  readonly #reads = new Map<number, string>();

  constructor(builder: FunctionBuilder, library: Library, captured: CapturedArguments) {
    this.builder = builder;
    this.library = library;
    this.captured = captured;
  }

  inner(builder: FunctionBuilder, captured: CapturedArguments): GraphEncoder {
    return new GraphEncoder(builder, this.library, captured);
  }

  /** `references`: how nodes refer to the inputs. */
  encode(graph: Graph, references: readonly string[]): void {
    for (const [i, input] of graph.inputs.entries()) this.#references.set(input, [references[i]!]);
    for (const node of graph.nodes) this.#encode(node);
    for (const assignment of graph.assignments) this.#assign(assignment);
  }

  reference({ node, index }: Value): string {
    const reference = this.#references.get(node)?.[index];
    if (reference !== undefined) return reference;
    throw new Error(`the graph uses output ${index} of a node (${node.kind}) that does not come before`);
  }

  #encode(node: GraphNode): void {
    if (!this.#references.has(node)) this.#references.set(node, this.#outputs(node));
  }

  #outputs(node: GraphNode): readonly string[] {
    switch (node.kind) {
      case 'argument':
        throw new Error(`the graph lacks its argument ${node.name} among the inputs`);
      case 'constant': {
        const number = this.library.shared.numberOf(node);
        if (number !== null) return [this.captured.constants.get(number)!];
        const { shape } = node;
        const name = this.builder.node({ op: 'Const', attributes: constantAttributes(node), shapes: [shape] });
        return [`${name}:output:0`];
      }
      case 'variable':
        return [this.#read(node)];
      case 'loop':
        return this.#loop(node);
      case 'operation':
        return this.#operation(node);
    }
  }

  #read({ variable, outputs }: VariableRead): string {
    const number = this.library.variableNumber(variable);
    const { fullName, dtype, shape } = this.library.variables[number]!;
    let name = this.#reads.get(number);
    if (name === undefined) {
      name = this.builder.node({
        op: 'ReadVariableOp',
        name: `${fullName}/ReadVariableOp`,
        inputs: [this.captured.variables.get(number)!],
        attributes: { dtype: typeValue(dtype) },
        shapes: [shape],
      });
      this.#reads.set(number, name);
      this.builder.stateful = true;
    }
    return this.#cast(`${name}:value:0`, dtype, outputs[0]!);
  }

  #assign({ variable, value }: Assignment): void {
    const number = this.library.variableNumber(variable);
    const { fullName, dtype, shape } = this.library.variables[number]!;
    const found = value.node.outputs[value.index]!.dtype;
    const converted = this.#cast(this.reference(value), found, { dtype, shape });
    const read = this.#reads.get(number);
    const assigned = this.builder.node({
      op: 'AssignVariableOp',
      name: `${fullName}/AssignVariableOp`,
      inputs: [this.captured.variables.get(number)!, converted, ...(read === undefined ? [] : [`^${read}`])],
      attributes: { dtype: typeValue(dtype) },
    });
    this.builder.stateful = true;
    this.builder.always(assigned);
  }

  #operation(node: Operation): readonly string[] {
    if (node.op === 'FusedBatchNorm') {
      const { nodes, output } = batchNorm(node);
      for (const part of nodes) this.#encode(part);
      return [this.reference(output)];
    }
    const today = todaysOperation(node);
    const { type, attributes, outputs } = complete(today);
    const name = this.builder.node({
      op: today.op,
      inputs: node.inputs.map(value => this.reference(value)),
      attributes,
      shapes: outputs.map((_, i) => node.outputs[i]?.shape ?? null),
    });
    this.builder.stateful ||= type.stateful;
    return node.outputs.map((output, i) => this.#cast(`${name}:${outputs[i]!.reference}`, outputs[i]!.dtype, output));
  }

  #loop(node: Loop): readonly string[] {
    const name = encodeLoop(node, this);
    return node.outputs.map((_, i) => `${name}:output:${i}`);
  }

  /** TensorFlow.js calls what it has no type for by the name of one that it has. */
  #cast(from: string, dtype: number, to: OutputType): string {
    if (dtype === to.dtype) return from;
    const attributes = { SrcT: typeValue(dtype), DstT: typeValue(to.dtype) };
    return `${this.builder.node({ op: 'Cast', inputs: [from], attributes, shapes: [to.shape] })}:y:0`;
  }
}
