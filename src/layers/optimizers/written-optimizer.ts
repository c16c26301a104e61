/**
 * Writes an optimizer under Keras's names: those of tf_keras's optimizers since 2.11, of its legacy optimizers, or of
 * Keras 3.
 */

import type { Optimizer, Variable } from '@tensorflow/tfjs-core';
import type { DType, TensorData } from '../../format/dtypes.js';
import { type Attribute, type Capture, captureOf, VARIABLE_VALUE } from '../../graph/attribute.js';
import { branch, type Edge, type Extra, type Slot, type Trackable, variableNode } from '../../graph/trackable.js';
import { type LossScaling, steppingOptimizer } from './loss-scaling.js';
import type { NumberState, OptimizerState, SlotKind } from './optimizer-state.js';
import { ownVariables } from './own-variables.js';
import { OWNER, type SlotPlace, type SlotValues, slotVariable } from './slot-attributes.js';

/** A variable that has slots or may have them. */
export interface SlotVariable {
  /** tfjs's name. */
  readonly name: string;
  /** Keras's name: `dense/kernel`. */
  readonly fullName: string;
  readonly shape: readonly number[];
  /** Undefined if the checkpoint does not hold the variable. */
  readonly node: Trackable | undefined;
  /** Whether it is a weight of a layer. */
  readonly isWeight: boolean;
}

interface OptimizerEdges {
  readonly children: readonly Edge[];
  readonly slots: readonly Slot[];
  readonly extras: readonly Extra[];
}

/** The slots of an optimizer, and their variables, at this moment. */
interface OptimizerContent {
  readonly values: SlotValues;
  /** The variables that have slots. */
  readonly variables: readonly SlotVariable[];
  /** The variables in Keras 3's list of trained ones, in the order of the slots, if there are any. */
  readonly trained: readonly SlotVariable[];
  readonly scaling: LossScaling | undefined;
  /** The variables of functions that are saved with the optimizer. */
  readonly used: ReadonlySet<Variable>;
  /** Whether several variables have this name in Keras. */
  isShared(fullName: string): boolean;
}

/** The parts of an optimizer that are written, for each of the forms. */
export class WrittenOptimizer {
  readonly #state: OptimizerState;
  readonly #content: OptimizerContent;
  readonly #label: string;
  readonly #optimizer: Optimizer;

  /** `state` is the state of the optimizer that makes the steps. */
  constructor(optimizer: Optimizer, state: OptimizerState, content: OptimizerContent) {
    this.#state = state;
    this.#content = content;
    this.#label = optimizer.getClassName();
    this.#optimizer = steppingOptimizer(optimizer);
  }

  /** As tf_keras's new optimizers do, or, for loss scaling in Keras 3's form, as Keras 3 does. */
  asNew(): OptimizerEdges {
    const { scaling } = this.#content;
    if (scaling?.form === 'keras3') return this.#asKeras3(scaling);
    const { lists, learningRate } = this.#state;
    const iteration = this.#iteration('iteration');
    const rate = number('learning_rate', `${this.#label}/learningRate`, 'float32', learningRate);
    const { all, byList } = this.#slotLists(lists);
    const children: Edge[] = [
      { name: '_variables', node: listOf([iteration, ...all]) },
      { name: '_iterations', node: iteration },
      { name: '_learning_rate', node: rate },
      // With a schedule, which is what a rate that falls is there, Keras looks for the rate of the moment instead, and
      // computes it at each step.
      ...(this.#decay().length > 0 ? [{ name: '_current_learning_rate', node: rate }] : []),
      ...(scaling ? [{ name: 'loss_scale', node: this.#lossScale(scaling) }] : []),
    ];
    if (all.length > 0) children.push({ name: '_index_dict', node: branch([]) }, ...byList, ...this.#scalars());
    children.push(...this.#used(all));
    return { children, slots: [], extras: this.#beside() };
  }

  /**
   * tf_keras/src/optimizers/legacy/optimizer_v2.py: hyper-parameters as variables, and slots beside their variables.
   */
  asLegacy(): OptimizerEdges {
    const { kerasName, groups, hyper } = this.#state;
    const { scaling, variables } = this.#content;
    const children: Edge[] = [
      ...(scaling
        ? [
            { name: 'loss_scale', node: this.#lossScale(scaling) },
            { name: 'base_optimizer', node: branch([]) },
          ]
        : []),
      { name: 'iter', node: this.#iteration(`${kerasName}/iter`) },
      ...hyper.map(state => ({
        name: state.name,
        node: number(`${kerasName}/${state.name}`, `${this.#label}/${state.name}`, 'float32', state),
      })),
    ];
    const slots: Slot[] = [];
    for (const kind of groups.flat()) {
      if (kind.legacy === null) continue;
      for (const variable of variables) {
        const place = this.#place(variable, kind, `${kerasName}/${variable.fullName}/${kind.legacy}`);
        const node = variable.node && this.#slotNode(place);
        if (node) slots.push({ variable: variable.node!, name: kind.legacy, node });
      }
    }
    return { children, slots, extras: this.#beside() };
  }

  /**
   * keras/src/optimizers/loss_scale_optimizer.py: an outer optimizer, whose own steps and rate stay 0, holds the other.
   */
  #asKeras3(scaling: LossScaling): OptimizerEdges {
    const zero = (name: string, dtype: NumberType): Trackable =>
      number(`loss_scale_optimizer/${name}`, `${this.#label}/${name}`, dtype, { name, get: () => 0, set: () => {} });
    const iteration = zero('iteration', 'int64');
    const rate = zero('learning_rate', 'float32');
    const counter = number('loss_scale_optimizer/step_counter', `${this.#label}/stepCounter`, 'int64', scaling.counter);
    const scale = number('loss_scale_optimizer/dynamic_scale', `${this.#label}/dynamicScale`, 'float32', scaling.scale);
    const trained = this.#trained();
    const children: Edge[] = [
      { name: '_variables', node: listOf([iteration, rate, counter, scale]) },
      ...trained,
      { name: '_iterations', node: iteration },
      { name: '_learning_rate', node: rate },
      { name: 'inner_optimizer', node: this.#inner(trained) },
      { name: 'step_counter', node: counter },
      { name: 'dynamic_scale', node: scale },
    ];
    return { children, slots: [], extras: [] };
  }

  /**
   * keras/src/optimizers/base_optimizer.py: the learning rate is one of the variables, and a list that is not used is
   * empty.
   */
  #inner(trained: readonly Edge[]): Trackable {
    const { kerasName, lists, hyper, learningRate } = this.#state;
    const isPlain = kerasName === 'SGD' && !hyper.some(({ name, get }) => name === 'momentum' && get() > 0);
    const scope = kerasName.toLowerCase();
    const iteration = this.#iteration(`${scope}/iteration`);
    const rate = number(`${scope}/learning_rate`, `${this.#label}/learningRate`, 'float32', learningRate);
    const { all, byList } = isPlain ? { all: [], byList: [] } : this.#slotLists(lists);
    const scalars = all.length > 0 ? this.#scalars() : [];
    const children: Edge[] = [
      { name: '_variables', node: listOf([iteration, rate, ...all, ...scalars.map(({ node }) => node)]) },
      ...trained,
      { name: '_iterations', node: iteration },
      { name: '_learning_rate', node: rate },
      ...(isPlain ? [{ name: 'momentums', node: branch([]) }] : byList),
      ...scalars,
    ];
    return { ...branch(children), extras: this.#beside() };
  }

  /**
   * The list of trained variables. Through it, Keras 3 also finds the weights of a model, because it has other names
   * for the layers.
   */
  #trained(): Edge[] {
    const nodes = this.#content.trained.flatMap(({ node }) => node ?? []);
    // Complete or left out, because the place in the list counts.
    const isComplete = nodes.length === this.#content.trained.length;
    return [
      { name: '_trainable_variables', node: listOf(isComplete ? nodes : []) },
      { name: '_trainable_variables_indices', node: branch([]) },
    ];
  }

  /** tf_keras/src/optimizers/optimizer.py: all slots are in one list, and again in one list per kind. */
  #slotLists(lists: readonly string[]): { all: readonly Trackable[]; byList: readonly Edge[] } {
    const { kerasName, groups } = this.#state;
    const all: Trackable[] = [];
    const byList = new Map<string, Trackable[]>(lists.map(list => [list, []]));
    for (const group of groups) {
      for (const variable of this.#content.variables) {
        for (const kind of group) {
          const place = this.#place(variable, kind, `${kerasName}/${kind.name}/${variable.fullName}`);
          const node = this.#slotNode(place, this.#ownerOf(variable));
          if (!node) continue;
          all.push(node);
          byList.get(kind.list)!.push(node);
        }
      }
    }
    return { all, byList: [...byList].map(([name, nodes]) => ({ name, node: listOf(nodes) })) };
  }

  #scalars(): Edge[] {
    const { kerasName, scalars } = this.#state;
    return scalars.map(state => ({
      name: state.name,
      node: number(`${kerasName}/Variable`, state.name, 'float32', state),
    }));
  }

  /** What functions use of the optimizer and what is in none of the slots. */
  #used(slots: readonly Trackable[]): Edge[] {
    const { used } = this.#content;
    if (used.size === 0) return [];
    const held = new Set(slots.flatMap(({ attributes }) => attributes.map(slotVariable)));
    return [ownVariables(this.#optimizer, one => used.has(one) && !held.has(one)) ?? []].flat();
  }

  #iteration(fullName: string): Trackable {
    return number(fullName, `${this.#label}/iterations`, 'int64', this.#state.iterations);
  }

  /** tf_keras/src/mixed_precision/loss_scale_optimizer.py: the scale is a child of the optimizer that it scales for. */
  #lossScale({ scale, counter }: LossScaling): Trackable {
    return branch([
      {
        name: 'current_loss_scale',
        node: number('current_loss_scale', `${this.#label}/dynamicScale`, 'float32', scale),
      },
      { name: 'good_steps', node: number('good_steps', `${this.#label}/stepCounter`, 'int64', counter) },
    ]);
  }

  #place({ name, shape }: SlotVariable, kind: SlotKind, fullName: string): SlotPlace {
    return { variableName: name, kind, shape, fullName, label: `${this.#label}/${name}/${kind.name}` };
  }

  #slotNode(place: SlotPlace, owner?: Extra): Trackable | undefined {
    const slot = this.#content.values.of(place);
    if (slot === undefined) return undefined;
    const node = variableNode(slot.attribute);
    if (slot.exact === undefined && owner === undefined) return node;
    return { ...node, extras: [slot.exact, owner].flatMap(extra => extra ?? []) };
  }

  /** An extra that says which variable a slot belongs to, where Keras's names do not. */
  #ownerOf({ fullName, node }: SlotVariable): Extra | undefined {
    if (node === undefined || !this.#content.isShared(fullName)) return undefined;
    const data = Uint8Array.of(1);
    const capture = (): Capture => captureOf(() => data);
    return { name: OWNER, of: node, dtype: 'bool', shape: [], capture };
  }

  #beside(): Extra[] {
    const { iterations, learningRate, exact } = this.#state;
    return [
      beside('iterations', 'int64', iterations),
      beside('learningRate', 'float64', learningRate),
      ...exact.map(state => beside(state.name, 'float32', state)),
      ...this.#decay().map(state => beside(state.name, 'float64', state)),
    ];
  }

  /** Empty if the learning rate does not fall. */
  #decay(): NumberState[] {
    return this.#state.hyper.filter(({ name, get }) => name === 'decay' && get() !== 0);
  }
}

function listOf(nodes: readonly Trackable[]): Trackable {
  return branch(nodes.map((node, i) => ({ name: String(i), node })));
}

type NumberType = Extract<DType, 'int64' | 'float32' | 'float64'>;

function number(fullName: string, label: string, dtype: NumberType, state: NumberState): Trackable {
  const attribute: Attribute = {
    ...numberTensor(dtype, state),
    name: VARIABLE_VALUE,
    fullName,
    label,
    assign: ({ data }) => state.set(Number(data[0])),
  };
  return variableNode(attribute);
}

function beside(name: string, dtype: NumberType, state: NumberState): Extra {
  return { ...numberTensor(dtype, state), name };
}

function numberTensor(dtype: NumberType, { get }: NumberState): Pick<Attribute, 'dtype' | 'shape' | 'capture'> {
  return {
    dtype,
    shape: [],
    capture: () => {
      const data = scalarOf(dtype, get());
      return captureOf(() => data);
    },
  };
}

function scalarOf(dtype: NumberType, value: number): TensorData {
  if (dtype === 'int64') return BigInt64Array.of(BigInt(value));
  return dtype === 'float32' ? Float32Array.of(value) : Float64Array.of(value);
}
