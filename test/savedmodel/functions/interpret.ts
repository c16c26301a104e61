/** Runs graphs of traced functions, operation by operation, in tfjs-node's TensorFlow. */
import type { Tensor } from '@tensorflow/tfjs-core';
import type {
  Attribute,
  Constant,
  Graph,
  GraphNode,
  Operation,
} from '../../../src/training/savedmodel/graphs/graph.js';
import { type NativeAttribute, nativeBackend } from '../../../src/training/savedmodel/traced/native-backend.js';

/** The number of a tensor in TensorFlow. */
type Id = number;
type Held = Id | List;

/** A TensorList; undefined elements have not been set. */
interface List {
  readonly items: readonly (Id | undefined)[];
}

export interface Computed {
  readonly shape: readonly number[];
  readonly values: unknown;
}

/** The outputs for these inputs. Throws if an output's shape is not one that the graph tells. */
export function interpret(graph: Graph, inputs: readonly Tensor[]): Computed[] {
  const run = new Interpreter();
  const ids = nativeBackend().getInputTensorIds(inputs);
  return run.graph(graph, ids).map(held => run.computed(held as Id));
}

class Interpreter {
  readonly #backend = nativeBackend();
  readonly #shapes = new Map<Id, readonly number[]>();

  graph({ inputs, nodes, outputs }: Graph, given: readonly Held[]): Held[] {
    const values = new Map<GraphNode, readonly Held[]>(inputs.map((node, i) => [node, [given[i]!]]));
    for (const node of nodes)
      values.set(
        node,
        this.#node(node, value => values.get(value.node)![value.index]!),
      );
    return outputs.map(value => values.get(value.node)![value.index]!);
  }

  computed(id: Id): Computed {
    // An argument's or a variable's shape is not known otherwise.
    const shape = this.#shapes.get(id) ?? this.#execute('Identity', [], [id], 1).shapes[0]!;
    return { shape, values: this.#backend.binding.tensorDataSync(id) };
  }

  #node(node: GraphNode, held: (value: { node: GraphNode; index: number }) => Held): readonly Held[] {
    switch (node.kind) {
      case 'argument':
        throw new Error(`the argument ${node.name} is not among the inputs`);
      case 'constant':
        return [this.#constant(node)];
      case 'variable':
        return this.#backend.getInputTensorIds([node.variable as never]);
      case 'loop': {
        let state: Held[] = node.inputs.map(held);
        while (this.#isTrue(this.graph(node.condition, state)[0] as Id)) state = this.graph(node.body, state);
        return state;
      }
      case 'operation':
        return this.#checked(node, this.#operation(node, node.inputs.map(held)));
    }
  }

  #operation({ op, attributes, outputs }: Operation, inputs: readonly Held[]): readonly Held[] {
    const [list, second, third] = inputs as [List, Id, Id];
    switch (op) {
      case 'TensorListFromTensor': {
        const tensor = inputs[0] as Id;
        const num = this.#shape(tensor)[0]!;
        const native = [int('num', num), int('axis', 0), this.#type('T', attributes.get('element_dtype')!)];
        return [{ items: this.#execute('Unpack', native, [tensor], num).ids }];
      }
      case 'TensorListReserve':
        return [{ items: Array<Id | undefined>(this.#number(second)).fill(undefined) }];
      case 'TensorListGetItem':
        return [itemOf(list, this.#number(second))];
      case 'TensorListSetItem': {
        itemOf({ items: list.items.map(() => 0) }, this.#number(second));
        return [{ items: list.items.with(this.#number(second), third) }];
      }
      case 'TensorListStack': {
        const ids = list.items.map((_, i) => itemOf(list, i));
        const native = [int('N', ids.length), int('axis', 0), this.#type('T', attributes.get('element_dtype')!)];
        return this.#execute('Pack', native, ids, 1).ids;
      }
      default: {
        const native = [...attributes].map(([name, attribute]) => this.#attribute(name, attribute));
        return this.#execute(op, native, inputs as Id[], outputs.length).ids;
      }
    }
  }

  #execute(op: string, attributes: readonly NativeAttribute[], inputs: readonly Id[], count: number) {
    const made = this.#backend.binding.executeOp(op, attributes, inputs, count);
    for (const { id, shape } of made) this.#shapes.set(id, shape);
    return { ids: made.map(one => one.id), shapes: made.map(one => one.shape) };
  }

  #checked(node: Operation, held: readonly Held[]): readonly Held[] {
    for (const [i, { shape }] of node.outputs.entries()) {
      const found = typeof held[i] === 'number' && this.#shapes.get(held[i]);
      if (!found) continue;
      const fits = found.length === shape.length && shape.every((size, k) => size === null || size === found[k]);
      if (!fits) throw new Error(`${node.op} gives [${found}], the graph says [${shape}]`);
    }
    return held;
  }

  #constant({ shape, dtype, data }: Constant): Id {
    const { binding } = this.#backend;
    const id = binding.createTensor(shape, dtype, data instanceof Uint8Array ? typed(dtype, data) : data);
    this.#shapes.set(id, shape);
    return id;
  }

  #shape(id: Id): readonly number[] {
    return this.#shapes.get(id) ?? this.computed(id).shape;
  }

  #number(id: Id): number {
    return (this.#backend.binding.tensorDataSync(id) as Int32Array)[0]!;
  }

  #isTrue(id: Id): boolean {
    return (this.#backend.binding.tensorDataSync(id) as Uint8Array)[0] === 1;
  }

  #type(name: string, { value }: Attribute): NativeAttribute {
    return { name, type: this.#backend.binding.TF_ATTR_TYPE, value };
  }

  #attribute(name: string, { kind, value }: Attribute): NativeAttribute {
    const { binding } = this.#backend;
    const types: Readonly<Record<string, number>> = {
      type: binding.TF_ATTR_TYPE,
      int: binding.TF_ATTR_INT,
      float: binding.TF_ATTR_FLOAT,
      bool: binding.TF_ATTR_BOOL,
      string: binding.TF_ATTR_STRING,
      shape: binding.TF_ATTR_SHAPE,
    };
    return { name, type: types[kind] ?? types[kind.slice(0, -1)]!, value };
  }
}

function int(name: string, value: number): NativeAttribute {
  return { name, type: nativeBackend().binding.TF_ATTR_INT, value };
}

function itemOf({ items }: List, at: number): Id {
  const item = items[at];
  if (item === undefined) throw new Error(`element ${at} of ${items.length} is not there`);
  return item;
}

const FLOAT = 1;
const INT32 = 3;
const INT64 = 9;

/** As the binding wants them: 64 bits as pairs of 32. */
function typed(dtype: number, data: Uint8Array): ArrayBufferView {
  const bytes = Uint8Array.from(data).buffer;
  if (dtype === FLOAT) return new Float32Array(bytes);
  return dtype === INT32 || dtype === INT64 ? new Int32Array(bytes) : new Uint8Array(bytes);
}
