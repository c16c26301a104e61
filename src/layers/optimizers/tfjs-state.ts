/**
 * The optimizers of TensorFlow.js, described as Keras's. They keep slots in arrays, in the order of the gradients of
 * the first step, each with the name of its variable. Here the names count, because the order is not known before
 * (tfjs-core/src/optimizers).
 */

import { TensorBundleError } from '../../errors.js';
import type { TensorValue } from '../../format/dtypes.js';
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
import {
  field,
  type NumberState,
  type OptimizerState,
  type SlotKind,
  tensorOf,
  type WaitingSlots,
} from './optimizer-state.js';
import { type Belongings, hasShape, ownersOf, wereSet } from './ownership.js';
import { OPTIMIZERS, type TfjsOptimizer, type TfjsSlot } from './tfjs-classes.js';

interface OptimizerVariable {
  readonly originalName: string;
  readonly variable: Variable;
}

/**
 * Undefined for a class that is not TensorFlow.js's. Its methods throw ERR_STATE if it is not clear which variables its
 * slots belong to.
 */
export function tfjsState(optimizer: Optimizer, belongings: Belongings): OptimizerState | undefined {
  const description = OPTIMIZERS.get(optimizer.getClassName())?.(optimizer);
  return description && new TfjsState(optimizer, description, belongings);
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
  readonly #byList: ReadonlyMap<string, TfjsSlot>;
  readonly #belongings: Belongings;
  readonly #idle: readonly { readonly array: string; readonly suffix: string }[];
  /** Positions of slots by the names of their variables, for each array. Valid as long as the array has this length. */
  readonly #positions = new WeakMap<readonly OptimizerVariable[], { length: number; names: Map<string, number[]> }>();

  constructor(
    optimizer: Optimizer,
    { kerasName, groups, lists, hyper, exact, idle = [] }: TfjsOptimizer,
    belongings: Belongings,
  ) {
    this.#belongings = belongings;
    this.#idle = idle;
    this.kerasName = kerasName;
    this.groups = groups;
    this.#byList = new Map(groups.flat().map(slot => [slot.list, slot]));
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
      // tfjs does not have it, which means 0.
      if (property === null) return { name, get: () => 0, set: () => undefined, accepts: value => value === 0 };
      if (property === 'momentum' && kerasName === 'SGD') return momentumOf(optimizer);
      if (property === 'momentum') {
        // Without momentum, there are no slots for it: see `rmsprop` in tfjs-classes.ts.
        const hasSlots = groups.flat().some(({ list }) => list === '_momentums');
        return { ...field(optimizer, name, property), accepts: value => value > 0 === hasSlots };
      }
      return field(optimizer, name, property);
    });
    this.exact = exact.map(name => this.#variableState(name));
  }

  /** Keras's velocity of SGD is multiplied by the negative learning rate. */
  scale(kind: SlotKind, rate: number = this.learningRate.get()): number {
    return kind.list === 'momentums' ? -rate : 1;
  }

  variableNames(): string[] {
    return [...new Set(this.groups.flat().flatMap(slot => [...this.#names(slot).keys()]))];
  }

  slot(variableName: string, kind: SlotKind): Tensor | 'zeros' | undefined {
    if (this.#isPlainSgd) return this.iterations.get() > 0 ? 'zeros' : undefined;
    return this.#find(variableName, kind)[0]?.variable;
  }

  assign(variableName: string, kind: SlotKind, value: Tensor): boolean {
    if (this.#isPlainSgd) return true;
    const found = this.#find(variableName, kind);
    for (const slot of found) slot.variable.assign(value);
    return found.length > 0;
  }

  /**
   * Finds slots by names. Slots that wait for variables of other steps keep their places, as they would have if the
   * training had not been interrupted. tfjs gives the slot at a place to any variable that comes there, in a later step
   * or in this one (one optimizer that trains two networks by turns).
   */
  create(names: readonly string[], waiting: WaitingSlots): void {
    for (const kind of this.groups.flat()) {
      const slots = this.#array(kind.array);
      const add = (at: number, owner: string, value: TensorValue): void => {
        const slot = tidy(() => variable(tensorOf(value), false));
        slots[at] = { originalName: `${owner}/${kind.suffix}`, variable: slot };
      };
      const places = [...waiting.keys()];
      const waitsFor = (owner: string): TensorValue | undefined => waiting.get(owner)?.get(kind.list);
      names.forEach((name, i) => {
        const owner = waitsFor(name) ? name : names.includes(places[i]!) ? undefined : places[i];
        const value = owner === undefined ? undefined : waitsFor(owner);
        if (slots[i] != null || value === undefined || !hasShape(name, value)) return;
        places.splice(places.indexOf(owner!), 1, '');
        add(i, owner!, value);
      });
      // Stops at the first gap, because a step fills only the gaps at the places of its own variables.
      for (let at = names.length; at < places.length; at++) {
        const owner = places[at]!;
        const value = waitsFor(owner);
        if (slots[at] != null || value === undefined || names.includes(owner)) break;
        add(at, owner, value);
      }
    }
    this.#fillGaps(names);
  }

  /** Makes the missing slots as the step would, so that the lists are complete before it. */
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

  /**
   * There are several slots if a variable is in a step's list twice: tfjs-layers lists the weights of a layer twice if
   * it is in two inner models of a model.
   */
  #find(variableName: string, { list }: SlotKind): OptimizerVariable[] {
    const slot = this.#byList.get(list)!;
    const positions = this.#names(slot).get(variableName) ?? [];
    return positions.map(position => this.#array(slot.array)[position]!);
  }

  /** Positions by the names of the variables that a kind of slot exists for, in tfjs's order. */
  #names({ array, suffix }: TfjsSlot): ReadonlyMap<string, readonly number[]> {
    const slots = this.#array(array);
    const known = this.#positions.get(slots);
    if (known?.length === slots.length) return known.names;
    const arrays = this.groups.flat().map(one => this.#array(one.array).flatMap(item => item?.variable ?? []));
    const named = slots.flatMap(({ originalName, variable: slot }) => {
      const name = originalName.endsWith(`/${suffix}`) ? originalName.slice(0, -suffix.length - 1) : originalName;
      return { name, slot };
    });
    const owners = ownersOf(named, wereSet(arrays), this.#belongings);
    const names = new Map<string, number[]>();
    owners.forEach((name, i) => {
      if (name !== undefined) names.set(name, [...(names.get(name) ?? []), i]);
    });
    this.#positions.set(slots, { length: slots.length, names });
    return names;
  }

  #array(name: string): OptimizerVariable[] {
    const array = this.#fields[name];
    if (Array.isArray(array)) return array as OptimizerVariable[];
    // SGD has no such array.
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

/** SGD and its subclasses also keep the learning rate as a tensor, which their own method replaces. */
function setLearningRate(optimizer: Optimizer, value: number): void {
  const { setLearningRate: set } = optimizer as Optimizer & { setLearningRate?: (value: number) => void };
  if (set) set.call(optimizer, value);
  else (optimizer as unknown as { learningRate: number }).learningRate = value;
}

/** Not with tfjs's `setMomentum`, which does not replace the tensor that the optimizer computes with. */
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
