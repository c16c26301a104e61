/**
 * The optimizers of TensorFlow.js, seen as Keras's. They keep slots in arrays, in the order of the gradients of the first step,
 * and under names; the names count here, since the order is not known before (tfjs-core/src/optimizers).
 */

import { TensorBundleError } from '../../errors.js';
import {
  engine,
  fill,
  keep,
  type Optimizer,
  scalar,
  type Tensor,
  tidy,
  type Variable,
  variable,
} from '../../tfjs-core.js';
import { field, type NumberState, type OptimizerState, type SlotKind, tensorOf, type WaitingSlots } from './state.js';
import { OPTIMIZERS, type TfjsOptimizer, type TfjsSlot } from './tfjs-classes.js';

interface OptimizerVariable {
  readonly originalName: string;
  readonly variable: Variable;
}

/** `trainable`: names of the variables that are trained, in order. Undefined for a class that is not TensorFlow.js's. */
export function tfjsState(optimizer: Optimizer, trainable: readonly string[]): OptimizerState | undefined {
  const description = OPTIMIZERS.get(optimizer.getClassName())?.(optimizer);
  return description && new TfjsState(optimizer, description, trainable);
}

class TfjsState implements OptimizerState {
  readonly kerasName: string;
  readonly groups: readonly (readonly TfjsSlot[])[];
  readonly lists: readonly string[];
  readonly learningRate: NumberState;
  readonly iterations: NumberState;
  readonly hyper: readonly NumberState[];
  readonly scalars: readonly NumberState[] = [];
  readonly exact: readonly NumberState[];
  readonly #fields: Record<string, unknown>;
  readonly #isPlainSgd: boolean;
  readonly #trainable: readonly string[];
  readonly #idle: readonly { readonly array: string; readonly suffix: string }[];

  constructor(
    optimizer: Optimizer,
    { kerasName, groups, lists, hyper, exact, idle = [] }: TfjsOptimizer,
    trainable: readonly string[],
  ) {
    this.#trainable = trainable;
    this.#idle = idle;
    this.kerasName = kerasName;
    this.groups = groups;
    this.lists = lists;
    this.#fields = optimizer as unknown as Record<string, unknown>;
    this.#isPlainSgd = optimizer.getClassName() === 'SGD';
    this.learningRate = {
      name: 'learning_rate',
      get: () => Number(this.#fields.learningRate),
      set: value => setLearningRate(optimizer, value),
    };
    this.iterations = {
      name: 'iterations',
      get: () => optimizer.iterations,
      set: value => {
        this.#fields.iterations_ = value;
      },
    };
    this.hyper = hyper.map(([name, property]) => {
      if (property === 'learningRate') return this.learningRate;
      // tfjs has none, which is 0.
      if (property === null) return { name, get: () => 0, set: () => undefined, accepts: value => value === 0 };
      if (property === 'momentum' && kerasName === 'SGD') return momentumOf(optimizer);
      if (property === 'momentum') {
        // Without momentum its slots are not kept, see rmsprop in tfjs-classes.ts.
        const hasSlots = groups.flat().some(({ list }) => list === '_momentums');
        return { ...field(optimizer, name, property), accepts: value => value > 0 === hasSlots };
      }
      return field(optimizer, name, property);
    });
    this.exact = exact.map(name => this.#variableState(name));
  }

  /** Keras's velocity of SGD has the learning rate in it, with its sign. */
  scale(kind: SlotKind, rate: number = this.learningRate.get()): number {
    return kind.list === 'momentums' ? -rate : 1;
  }

  variableNames(): string[] {
    return [...new Set(this.groups.flat().flatMap(slot => this.#names(slot)))];
  }

  slot(variableName: string, kind: SlotKind): Tensor | 'zeros' | undefined {
    if (this.#isPlainSgd) return this.iterations.get() > 0 ? 'zeros' : undefined;
    return this.#find(variableName, kind)?.variable;
  }

  assign(variableName: string, kind: SlotKind, value: Tensor): boolean {
    if (this.#isPlainSgd) return true;
    const found = this.#find(variableName, kind);
    found?.variable.assign(value);
    return found !== undefined;
  }

  create(names: readonly string[], waiting: WaitingSlots): void {
    for (const { array, suffix, list } of this.groups.flat()) {
      const slots = this.#array(array);
      names.forEach((name, i) => {
        const value = waiting.get(name)?.get(list);
        if (slots[i] != null || value === undefined) return;
        slots[i] = { originalName: `${name}/${suffix}`, variable: tidy(() => variable(tensorOf(value), false)) };
      });
    }
    this.#fillGaps(names);
  }

  /** As the step would, so that the lists are complete before it. */
  #fillGaps(names: readonly string[]): void {
    const { initialAccumulatorValue = 0 } = this.#fields as { initialAccumulatorValue?: number };
    const kept = this.groups.flat();
    if (!kept.some(({ array }) => this.#array(array).length > 0)) return;
    for (const { array, suffix } of [...kept, ...this.#idle]) {
      const slots = this.#array(array);
      for (const [i, name] of names.entries()) {
        const value = engine().registeredVariables[name];
        if (slots[i] != null || value === undefined) continue;
        const first = (): Variable => variable(fill(value.shape, initialAccumulatorValue), false);
        slots[i] = { originalName: `${name}/${suffix}`, variable: tidy(first) };
      }
    }
  }

  #find(variableName: string, { list }: SlotKind): OptimizerVariable | undefined {
    const slot = this.groups.flat().find(one => one.list === list)!;
    const array = this.#array(slot.array);
    const originalName = `${variableName}/${slot.suffix}`;
    const named = array.find(one => one?.originalName === originalName);
    return named ?? array[this.#names(slot).indexOf(variableName)];
  }

  /**
   * The variables that a kind of slot exists for, in tfjs's order. What `setWeights` put there (a model that was loaded with its
   * optimizer) has names of another process; tfjs itself goes by the order.
   */
  #names({ array, suffix }: TfjsSlot): string[] {
    const names = this.#array(array).map(({ originalName }) => originalName.slice(0, -suffix.length - 1));
    const known = this.#trainable;
    return names.length === known.length && !names.some(name => known.includes(name)) ? [...known] : names;
  }

  #array(name: string): OptimizerVariable[] {
    const array = this.#fields[name];
    if (Array.isArray(array)) return array as OptimizerVariable[];
    // SGD has none.
    return [];
  }

  #variableState(name: string): NumberState {
    const value = (): Variable => this.#fields[name] as Variable;
    return {
      name,
      get: () => value().dataSync()[0]!,
      set: number => {
        const replacement = scalar(number, 'float32');
        value().assign(replacement);
        replacement.dispose();
      },
    };
  }
}

/** SGD and what extends it keep a tensor of it, too. */
function setLearningRate(optimizer: Optimizer, value: number): void {
  const { setLearningRate: set } = optimizer as Optimizer & { setLearningRate?: (value: number) => void };
  if (set) set.call(optimizer, value);
  else (optimizer as unknown as { learningRate: number }).learningRate = value;
}

/** tfjs's `setMomentum` leaves the tensor alone that it computes with. */
function momentumOf(optimizer: Optimizer): NumberState {
  const fields = optimizer as unknown as { momentum: number; m: Tensor };
  return {
    name: 'momentum',
    get: () => fields.momentum,
    set: value => {
      if (fields.momentum === value) return;
      fields.momentum = value;
      fields.m.dispose();
      fields.m = keep(scalar(value));
    },
  };
}

/** ERR_NOT_SUPPORTED for an optimizer of another class. */
export function unknownOptimizer(optimizer: Optimizer): TensorBundleError {
  const known = [...OPTIMIZERS.keys()];
  return new TensorBundleError(
    'ERR_NOT_SUPPORTED',
    `the optimizer ${optimizer.getClassName()} is not known; those of TensorFlow.js (${known.join(', ')}) and of ` +
      'tensorbundle/optimizers can be saved',
    { expected: known, found: optimizer.getClassName() },
  );
}
