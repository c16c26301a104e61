/** Builds graphs by hand. */
import type { Variable } from '@tensorflow/tfjs-core';
import { dtypeInfo, type NumericArray } from '../../../src/format/dtypes.js';
import type {
  Argument,
  Assignment,
  Attribute,
  Constant,
  Graph,
  GraphNode,
  OutputType,
  Shape,
  Value,
} from '../../../src/training/savedmodel/graphs/graph.js';

export type Typed = readonly [dtype: string, shape: Shape];

export class GraphMaker {
  readonly #inputs: Argument[] = [];
  readonly #nodes: GraphNode[] = [];
  readonly #assignments: Assignment[] = [];

  argument(name: string, ...type: Typed): Value {
    const node: Argument = { kind: 'argument', name, outputs: [output(type)] };
    this.#inputs.push(node);
    return { node, index: 0 };
  }

  constant(dtype: string, shape: readonly number[], values: readonly (number | string)[]): Value {
    const { array } = dtypeInfo(dtype);
    const data =
      dtype === 'string'
        ? values.map(text => new Uint8Array(Buffer.from(String(text))))
        : bytesOf(new array(values.length), values);
    return this.constantOf(dtype, shape, data);
  }

  constantOf(dtype: string, shape: readonly number[], data: Constant['data']): Value {
    const { number } = dtypeInfo(dtype);
    return this.#add({ kind: 'constant', dtype: number, shape, data, outputs: [output([dtype, shape])] });
  }

  read(variable: Variable, dtype: string = variable.dtype): Value {
    return this.#add({ kind: 'variable', variable, outputs: [output([dtype, variable.shape])] });
  }

  /** One value for each type. */
  run(
    op: string,
    inputs: readonly Value[],
    types: readonly Typed[],
    attributes: Record<string, Attribute> = {},
  ): Value[] {
    const node: GraphNode = {
      kind: 'operation',
      op,
      inputs,
      outputs: types.map(output),
      attributes: new Map(Object.entries(attributes)),
      place: { kernel: op, stack: ['at model (program.js:1:1)'] },
    };
    this.#nodes.push(node);
    return types.map((_, index) => ({ node, index }));
  }

  loop(condition: Graph, body: Graph, inputs: readonly Value[]): Value[] {
    const outputs = body.inputs.map(input => input.outputs[0]!);
    const node: GraphNode = { kind: 'loop', condition, body, inputs, outputs };
    this.#nodes.push(node);
    return outputs.map((_, index) => ({ node, index }));
  }

  assign(variable: Variable, value: Value): void {
    this.#assignments.push({ variable, value });
  }

  graph(...outputs: Value[]): Graph {
    return { inputs: this.#inputs, nodes: this.#nodes, outputs, assignments: this.#assignments };
  }

  #add(node: GraphNode): Value {
    this.#nodes.push(node);
    return { node, index: 0 };
  }
}

function output([dtype, shape]: Typed): OutputType {
  return { dtype: dtypeInfo(dtype).number, shape };
}

function bytesOf(array: NumericArray, values: readonly (number | string)[]): Uint8Array {
  for (const [i, value] of values.entries()) array[i] = Number(value);
  return new Uint8Array(array.buffer as ArrayBuffer);
}
