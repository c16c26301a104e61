/** Runs a graph in TensorFlow, operation by operation, to compare it with the function that it was made from. */
import type { Variable } from '@tensorflow/tfjs-core';
import type { Tensor } from '../../../tfjs-core.js';
import type { Attribute, Constant, Graph, GraphNode, Value } from '../graphs/graph.js';
import {
  type NativeAttribute,
  type NativeBinding,
  type NativeOutput,
  nativeBackend,
} from '../traced/native-backend.js';

const TYPED: Readonly<Record<number, (buffer: ArrayBuffer) => ArrayBufferView>> = {
  1: buffer => new Float32Array(buffer),
  3: buffer => new Int32Array(buffer),
  8: buffer => new Float32Array(buffer),
  9: buffer => new Int32Array(new BigInt64Array(buffer).length),
};

interface Binding extends NativeBinding {
  deleteTensor(id: number): void;
}

/**
 * The outputs, then the values assigned to variables, whose own values stay. The caller disposes of them. `variables`:
 * the values of some variables, instead of those that they have.
 */
export function evaluateGraph(
  graph: Graph,
  inputs: readonly Tensor[],
  variables: ReadonlyMap<Variable, Tensor> = new Map(),
): Tensor[] {
  const backend = nativeBackend();
  const evaluation = new Evaluation(
    backend.binding as Binding,
    tensor => backend.getInputTensorIds([tensor])[0] as number,
    variables,
  );
  try {
    const given = inputs.map(tensor => ({ id: evaluation.idOf(tensor), dtype: 0, shape: tensor.shape }));
    const results = evaluation.run(graph, given, [...graph.outputs, ...graph.assignments.map(({ value }) => value)]);
    return results.map(result => evaluation.copy(result));
  } finally {
    evaluation.dispose();
  }
}

class Evaluation {
  readonly idOf: (tensor: Tensor) => number;
  readonly #binding: Binding;
  readonly #variables: ReadonlyMap<Variable, Tensor>;
  readonly #made: number[] = [];

  constructor(binding: Binding, idOf: (tensor: Tensor) => number, variables: ReadonlyMap<Variable, Tensor>) {
    this.#binding = binding;
    this.#variables = variables;
    this.idOf = idOf;
  }

  run(graph: Graph, inputs: readonly NativeOutput[], wanted: readonly Value[]): NativeOutput[] {
    const made = new Map<GraphNode, readonly NativeOutput[]>();
    for (const [i, node] of graph.inputs.entries()) made.set(node, [inputs[i] as NativeOutput]);
    const resultOf = ({ node, index }: Value) => made.get(node)?.[index] as NativeOutput;
    for (const node of graph.nodes) made.set(node, this.#node(node, resultOf));
    return wanted.map(resultOf);
  }

  /** A tensor of TensorFlow.js that outlives the evaluation. */
  copy({ id }: NativeOutput): Tensor {
    const [output] = this.#binding.executeOp('Identity', [], [id], 1) as [NativeOutput];
    return nativeBackend().createOutputTensor(output);
  }

  dispose(): void {
    for (const id of this.#made) this.#binding.deleteTensor(id);
  }

  #node(node: GraphNode, resultOf: (value: Value) => NativeOutput): readonly NativeOutput[] {
    switch (node.kind) {
      case 'argument':
        throw new TypeError('an argument is not a node');
      case 'constant':
        return [this.#constant(node)];
      case 'variable':
        return [
          { id: this.idOf(this.#variables.get(node.variable) ?? node.variable), dtype: 0, shape: node.variable.shape },
        ];
      case 'operation': {
        const attributes = [...node.attributes].map(([name, attribute]) => this.#attribute(name, attribute));
        const ids = node.inputs.map(value => resultOf(value).id);
        return this.#kept(this.#binding.executeOp(node.op, attributes, ids, node.outputs.length));
      }
      case 'loop': {
        let values = node.inputs.map(resultOf);
        const goesOn = () => {
          const [result] = this.run(node.condition, values, node.condition.outputs) as [NativeOutput];
          return (this.#binding.tensorDataSync(result.id) as Uint8Array)[0] === 1;
        };
        while (goesOn()) values = this.run(node.body, values, node.body.outputs);
        return values;
      }
    }
  }

  #constant({ shape, dtype, data }: Constant): NativeOutput {
    const values = ArrayBuffer.isView(data)
      ? (TYPED[dtype]?.(data.slice().buffer as ArrayBuffer) ?? data)
      : (data as Uint8Array[]);
    const id = this.#binding.createTensor(shape, dtype, values);
    this.#made.push(id);
    return { id, dtype, shape };
  }

  #kept(outputs: readonly NativeOutput[]): readonly NativeOutput[] {
    for (const { id } of outputs) this.#made.push(id);
    return outputs;
  }

  #attribute(name: string, { kind, value }: Attribute): NativeAttribute {
    const { TF_ATTR_TYPE, TF_ATTR_INT, TF_ATTR_FLOAT, TF_ATTR_BOOL, TF_ATTR_STRING, TF_ATTR_SHAPE } = this.#binding;
    const types: Record<Attribute['kind'], number> = {
      type: TF_ATTR_TYPE,
      types: TF_ATTR_TYPE,
      int: TF_ATTR_INT,
      ints: TF_ATTR_INT,
      float: TF_ATTR_FLOAT,
      floats: TF_ATTR_FLOAT,
      bool: TF_ATTR_BOOL,
      bools: TF_ATTR_BOOL,
      string: TF_ATTR_STRING,
      strings: TF_ATTR_STRING,
      shape: TF_ATTR_SHAPE,
      shapes: TF_ATTR_SHAPE,
    };
    return { name, type: types[kind], value };
  }
}
