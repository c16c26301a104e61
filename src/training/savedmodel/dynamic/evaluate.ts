/** Runs a graph in TensorFlow, operation by operation, to compare it with the function that it was made from. */
import type { Variable } from '@tensorflow/tfjs-core';
import type { Tensor } from '../../../tfjs-core.js';
import type { Attribute, Constant, Graph, GraphNode, Value } from '../graphs/graph.js';
import { FLOAT } from '../graphs/type-numbers.js';
import {
  type NativeAttribute,
  type NativeBinding,
  type NativeOutput,
  nativeBackend,
} from '../traced/native-backend.js';

const INT64 = 9;
/** Elements of at most this many bytes. */
const WIDEST = 8;

/** What TensorFlow takes the values of each type as. */
const TYPED: Readonly<Record<number, (bytes: Uint8Array) => ArrayBufferView>> = {
  1: ({ buffer, byteOffset, length }) => new Float32Array(buffer, byteOffset, length / 4),
  3: ({ buffer, byteOffset, length }) => new Int32Array(buffer, byteOffset, length / 4),
  8: ({ buffer, byteOffset, length }) => new Float32Array(buffer, byteOffset, length / 4),
  // Two numbers for each integer of 64 bits.
  [INT64]: ({ buffer, byteOffset, length }) => new Int32Array(buffer, byteOffset, length / 4),
};

interface Binding extends NativeBinding {
  deleteTensor(id: number): void;
}

const RANDOM = /^(Random|Multinomial|TruncatedNormal)/;

interface EvaluationOptions {
  /** The values of some variables. Default: those that they have. */
  readonly variables?: ReadonlyMap<Variable, Tensor>;
  /** Whether random operations are run. Else they give the same numbers every time. Default: true. */
  readonly isRandom?: boolean;
}

/** The outputs, then the values assigned to variables, whose own values stay. The caller disposes of them. */
export function evaluateGraph(graph: Graph, inputs: readonly Tensor[], options: EvaluationOptions = {}): Tensor[] {
  const backend = nativeBackend();
  const evaluation = new Evaluation(
    backend.binding as Binding,
    tensor => backend.getInputTensorIds([tensor])[0] as number,
    options,
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
  readonly #options: EvaluationOptions;
  readonly #made: number[] = [];

  constructor(binding: Binding, idOf: (tensor: Tensor) => number, options: EvaluationOptions) {
    this.#binding = binding;
    this.#options = options;
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
          {
            id: this.idOf(this.#options.variables?.get(node.variable) ?? node.variable),
            dtype: 0,
            shape: node.variable.shape,
          },
        ];
      case 'operation': {
        const attributes = [...node.attributes].map(([name, attribute]) => this.#attribute(name, attribute));
        const ids = node.inputs.map(value => resultOf(value).id);
        const outputs = this.#kept(this.#binding.executeOp(node.op, attributes, ids, node.outputs.length));
        const isMadeUp = this.#options.isRandom === false && RANDOM.test(node.op);
        return isMadeUp ? this.#kept(outputs.map(output => this.#madeUp(output))) : outputs;
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

  /** Numbers for random ones: fractions, or zeros. */
  #madeUp({ shape, dtype }: NativeOutput): NativeOutput {
    const count = shape.reduce((product, size) => product * size, 1);
    const fractions = Float32Array.from({ length: count }, (_, i) => 0.05 + ((i * 0.618) % 0.9));
    const values = dtype === FLOAT ? fractions : new Int32Array(dtype === INT64 ? 2 * count : count);
    return { id: this.#binding.createTensor(shape, dtype, values), dtype, shape };
  }

  #constant({ shape, dtype, data }: Constant): NativeOutput {
    const values = ArrayBuffer.isView(data) ? typed(data, dtype) : (data as Uint8Array[]);
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

/** Copied only if the bytes do not lie as elements do. */
function typed(data: Uint8Array, dtype: number): ArrayBufferView {
  const bytes = data.byteOffset % WIDEST === 0 ? data : data.slice();
  return TYPED[dtype]?.(bytes) ?? bytes;
}
