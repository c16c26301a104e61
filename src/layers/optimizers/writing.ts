/** An optimizer under the names of Keras: those of tf_keras's optimizers since 2.11, or of the legacy ones. */
import type { Optimizer } from '@tensorflow/tfjs-core';
import type { DType, TensorData } from '../../format/dtypes.js';
import {
  type Attribute,
  branch,
  type Capture,
  type Edge,
  type Extra,
  type Slot,
  type Trackable,
  VARIABLE_VALUE,
  variableNode,
} from '../../graph/trackable.js';
import { OWNER, type SlotPlace, type SlotValues } from './slots.js';
import type { NumberState, OptimizerState, SlotKind } from './state.js';

/** Variables that have slots, in Keras's order. */
export interface SlotVariable {
  /** tfjs's name. */
  readonly name: string;
  /** Keras's: `dense/kernel`. */
  readonly fullName: string;
  readonly shape: readonly number[];
  /** Undefined if the checkpoint does not hold the variable. */
  readonly node: Trackable | undefined;
  /** Whether it is a layer's. */
  readonly isWeight: boolean;
}

export interface Written {
  readonly children: readonly Edge[];
  readonly slots: readonly Slot[];
  readonly extras: readonly Extra[];
}

/** What is to be written of an optimizer, wherever it is put. */
export class OptimizerWriting {
  readonly #state: OptimizerState;
  readonly #values: SlotValues;
  readonly #variables: readonly SlotVariable[];
  readonly #label: string;

  readonly #isShared: (fullName: string) => boolean;

  /** `variables`: those that have slots, in order. `isShared`: whether several variables have the name. */
  constructor(
    optimizer: Optimizer,
    state: OptimizerState,
    values: SlotValues,
    variables: readonly SlotVariable[],
    isShared: (fullName: string) => boolean,
  ) {
    this.#isShared = isShared;
    this.#state = state;
    this.#values = values;
    this.#variables = variables;
    this.#label = optimizer.getClassName();
  }

  /** tf_keras/src/optimizers/optimizer.py: all variables in one list, and again in a list for each kind of slot. */
  asNew(): Written {
    const { kerasName, groups, lists, scalars, learningRate, iterations } = this.#state;
    const iteration = number('iteration', `${this.#label}/iterations`, 'int64', iterations);
    const all: Trackable[] = [iteration];
    const byList = new Map<string, Trackable[]>(lists.map(list => [list, []]));
    for (const group of groups) {
      for (const variable of this.#variables) {
        for (const kind of group) {
          const place = this.#place(variable, kind, `${kerasName}/${kind.name}/${variable.fullName}`);
          const node = this.#slotNode(place, this.#ownerOf(variable));
          if (!node) continue;
          all.push(node);
          byList.get(kind.list)!.push(node);
        }
      }
    }
    const children: Edge[] = [
      { name: '_variables', node: listOf(all) },
      { name: '_iterations', node: iteration },
      { name: '_learning_rate', node: number('learning_rate', `${this.#label}/learningRate`, 'float32', learningRate) },
    ];
    if (all.length > 1) {
      children.push({ name: '_index_dict', node: branch([]) });
      children.push(...[...byList].map(([name, nodes]) => ({ name, node: listOf(nodes) })));
      for (const state of scalars) {
        children.push({ name: state.name, node: number(`${kerasName}/Variable`, state.name, 'float32', state) });
      }
    }
    return { children, slots: [], extras: this.#exactNumbers() };
  }

  /** tf_keras/src/optimizers/legacy/optimizer_v2.py: hyper-parameters as variables, and slots beside their variables. */
  asLegacy(): Written {
    const { kerasName, groups, hyper, iterations } = this.#state;
    const children: Edge[] = [
      { name: 'iter', node: number(`${kerasName}/iter`, `${this.#label}/iterations`, 'int64', iterations) },
      ...hyper.map(state => ({
        name: state.name,
        node: number(`${kerasName}/${state.name}`, `${this.#label}/${state.name}`, 'float32', state),
      })),
    ];
    const slots: Slot[] = [];
    for (const kind of groups.flat()) {
      if (kind.legacy === null) continue;
      for (const variable of this.#variables) {
        const place = this.#place(variable, kind, `${kerasName}/${variable.fullName}/${kind.legacy}`);
        const node = variable.node && this.#slotNode(place);
        if (node) slots.push({ variable: variable.node!, name: kind.legacy, node });
      }
    }
    return { children, slots, extras: this.#exactNumbers() };
  }

  #place({ name, shape }: SlotVariable, kind: SlotKind, fullName: string): SlotPlace {
    return { variableName: name, kind, shape, fullName, label: `${this.#label}/${name}/${kind.name}` };
  }

  #slotNode(place: SlotPlace, owner?: Extra): Trackable | undefined {
    const attribute = this.#values.attribute(place);
    const exact = this.#values.exact(place);
    const extras = [exact, owner].flatMap(extra => extra ?? []);
    return attribute && { ...variableNode(attribute), ...(extras.length > 0 && { extras }) };
  }

  /** Says beside a slot whose it is, where Keras's names do not. */
  #ownerOf({ fullName, node }: SlotVariable): Extra | undefined {
    if (node === undefined || !this.#isShared(fullName)) return undefined;
    const data = Uint8Array.of(1);
    const capture = (): Capture => ({ data: () => data, release: () => undefined });
    return { name: OWNER, of: node, dtype: 'bool', shape: [], capture };
  }

  #exactNumbers(): Extra[] {
    const { iterations, learningRate, exact } = this.#state;
    return [
      beside('iterations', 'int64', iterations),
      beside('learningRate', 'float64', learningRate),
      ...exact.map(state => beside(state.name, 'float32', state)),
    ];
  }
}

function listOf(nodes: readonly Trackable[]): Trackable {
  return branch(nodes.map((node, i) => ({ name: String(i), node })));
}

type NumberType = Extract<DType, 'int64' | 'float32' | 'float64'>;

function number(fullName: string, label: string, dtype: NumberType, state: NumberState): Trackable {
  const attribute: Attribute = {
    ...tensorOf(dtype, state),
    name: VARIABLE_VALUE,
    fullName,
    label,
    assign: ({ data }) => state.set(Number(data[0])),
  };
  return variableNode(attribute);
}

function beside(name: string, dtype: NumberType, state: NumberState): Extra {
  return { ...tensorOf(dtype, state), name };
}

function tensorOf(dtype: NumberType, { get }: NumberState): Pick<Attribute, 'dtype' | 'shape' | 'capture'> {
  return {
    dtype,
    shape: [],
    capture: () => {
      const data = scalarOf(dtype, get());
      return { data: () => data, release: () => undefined };
    },
  };
}

function scalarOf(dtype: NumberType, value: number): TensorData {
  if (dtype === 'int64') return BigInt64Array.of(BigInt(value));
  return dtype === 'float32' ? Float32Array.of(value) : Float64Array.of(value);
}
