/**
 * Optimizers that describe their own state as Keras would keep it: those of `tensorbundle/optimizers`. They are
 * recognised by their methods.
 */
import { type Optimizer, type Tensor, tidy, type Variable, zeros } from '../../tfjs-core.js';
import {
  field,
  type NumberState,
  type OptimizerState,
  type SlotKind,
  tensorOf,
  type WaitingSlots,
} from './optimizer-state.js';
import { type Belongings, ownersOf } from './ownership.js';

/**
 * The interface of src/optimizers/saved-state.ts, declared again because an optimizer may come from another copy of the
 * package.
 */
interface KerasOptimizerFields {
  readonly kerasName: string;
  readonly slotLists: readonly { readonly list: string; readonly slot: string }[];
  readonly interleaved: boolean;
  readonly scalars: readonly NumberState[];
  slotsOf(variableName: string): readonly (Variable | undefined)[];
  variableNames(): readonly string[];
  setSlots(variableName: string, values: readonly Tensor[]): void;
  /**
   * Slots that `setWeights` brought and that do not belong to a variable yet. Older copies of the package lack this
   * method.
   */
  loadedSlots?(): readonly { readonly name: string; readonly slots: readonly Variable[] }[];
  /**
   * Gives the loaded slots to the variables with these names, in order. Slots for which the name is undefined are
   * dropped.
   */
  adoptLoaded?(variableNames: readonly (string | undefined)[]): void;
}

/** Keras makes these slots in a separate loop, after the others. */
const SEPARATE: readonly string[] = ['_velocity_hats'];

/**
 * The lists of a class that has more of them than kinds of slots: RMSprop has all of these, whatever its options are.
 */
const SLOT_FIELDS: ReadonlyMap<string, readonly string[]> = new Map([
  ['RMSprop', ['_velocities', '_momentums', '_average_gradients']],
]);

/**
 * Undefined for any other optimizer. Throws ERR_STATE if it is not clear which variables the slots that `setWeights`
 * brought belong to.
 */
export function kerasState(optimizer: Optimizer, belongings: Belongings): OptimizerState | undefined {
  if (!describesItself(optimizer)) return undefined;
  const keras = optimizer;
  const loaded = keras.loadedSlots?.() ?? [];
  const named = loaded.map(({ name, slots: [slot] }) => ({ name, slot: slot! }));
  if (named.length > 0) keras.adoptLoaded?.(ownersOf(named, true, belongings));
  return new KerasState(keras);
}

export function describesItself(optimizer: Optimizer): optimizer is Optimizer & KerasOptimizerFields {
  const { slotLists, slotsOf, setSlots } = optimizer as Optimizer & Partial<KerasOptimizerFields>;
  return Array.isArray(slotLists) && typeof slotsOf === 'function' && typeof setSlots === 'function';
}

/** The kinds in the order in which Keras makes the slots. */
export function groupsOf<T extends { readonly list: string }>(kinds: readonly T[], isInterleaved: boolean): T[][] {
  const together = kinds.filter(({ list }) => isInterleaved && !SEPARATE.includes(list));
  const apart = kinds.filter(kind => !together.includes(kind)).map(kind => [kind]);
  return [...(together.length > 0 ? [together] : []), ...apart];
}

class KerasState implements OptimizerState {
  readonly kerasName: string;
  readonly groups: readonly (readonly SlotKind[])[];
  readonly lists: readonly string[];
  readonly learningRate: NumberState;
  readonly iterations: NumberState;
  readonly hyper: readonly NumberState[];
  readonly scalars: readonly NumberState[];
  readonly exact: readonly NumberState[] = [];
  readonly #optimizer: Optimizer & KerasOptimizerFields;
  readonly #kinds: readonly SlotKind[];

  constructor(optimizer: Optimizer & KerasOptimizerFields) {
    this.#optimizer = optimizer;
    this.kerasName = optimizer.kerasName;
    const legacy = LEGACY.get(this.kerasName);
    this.#kinds = optimizer.slotLists.map(({ list, slot }) => ({
      list,
      name: slot,
      legacy: legacy?.slots[list] ?? null,
    }));
    this.groups = groupsOf(this.#kinds, optimizer.interleaved);
    this.lists = SLOT_FIELDS.get(this.kerasName) ?? this.#kinds.map(({ list }) => list);
    this.learningRate = field(optimizer, 'learning_rate', 'learningRate');
    this.iterations = {
      name: 'iterations',
      get: () => optimizer.iterations,
      set: value => {
        (optimizer as unknown as { iterations_: number }).iterations_ = value;
      },
    };
    this.scalars = optimizer.scalars;
    this.hyper = (legacy?.hyper ?? []).map(name => {
      if (name === 'learning_rate') return this.learningRate;
      if (name === 'momentum_cache') return { ...optimizer.scalars[0]!, name };
      return { ...field(optimizer, name, FIELDS.get(name)!), accepts: value => this.#accepts(name, value) };
    });
  }

  scale(): number {
    return 1;
  }

  /** Whether the optimizer has slots for momentum was decided when it was made. SGD always has them. */
  #accepts(name: string, value: number): boolean {
    if (name !== 'momentum' || this.kerasName === 'SGD') return true;
    return value > 0 === this.#kinds.some(({ list }) => list === '_momentums');
  }

  variableNames(): readonly string[] {
    return this.#optimizer.variableNames();
  }

  slot(variableName: string, kind: SlotKind): Tensor | undefined {
    return this.#optimizer.slotsOf(variableName)[this.#kinds.indexOf(kind)];
  }

  assign(variableName: string, kind: SlotKind, value: Tensor): boolean {
    const slot = this.#optimizer.slotsOf(variableName)[this.#kinds.indexOf(kind)];
    slot?.assign(value);
    return slot !== undefined;
  }

  /**
   * Makes all slots that wait, because these optimizers find slots by name. If the checkpoint has some slots of a
   * variable but lacks one (amsgrad's), that one begins at zero: all optimizers with several kinds of slots begin with
   * zeros.
   */
  create(names: readonly string[], waiting: WaitingSlots): void {
    // In the order of the step: `getWeights` returns them in this order, and other processes find them by it.
    const inOrder = [...names.filter(name => waiting.has(name)), ...waiting.keys()];
    for (const name of new Set(inOrder)) {
      const values = waiting.get(name)!;
      if (this.#optimizer.slotsOf(name).length > 0) continue;
      const { shape } = [...values.values()][0]!;
      tidy(() => {
        const slots = this.#kinds.map(({ list }) => {
          const value = values.get(list);
          return value ? tensorOf(value) : zeros([...shape]);
        });
        this.#optimizer.setSlots(name, slots);
      });
    }
  }
}

function momentsAnd(...more: readonly string[]): LegacyNames {
  return { slots: { _momentums: 'm', _velocities: 'v', _velocity_hats: 'vhat' }, hyper: [...BETAS, ...more] };
}

interface LegacyNames {
  /** Names of slots, by the names of lists. */
  readonly slots: Readonly<Record<string, string>>;
  readonly hyper: readonly string[];
}

const BETAS: readonly string[] = ['beta_1', 'beta_2', 'decay', 'learning_rate'];

/** Names in tf_keras's legacy optimizers, by class. */
const LEGACY: ReadonlyMap<string, LegacyNames> = new Map([
  ['SGD', { slots: { momentums: 'momentum' }, hyper: ['decay', 'learning_rate', 'momentum'] }],
  ['Adagrad', { slots: { _accumulators: 'accumulator' }, hyper: ['decay', 'learning_rate'] }],
  [
    'Adadelta',
    {
      slots: { _accumulated_grads: 'accum_grad', _accumulated_delta_vars: 'accum_var' },
      hyper: ['decay', 'learning_rate', 'rho'],
    },
  ],
  ['Adam', momentsAnd()],
  ['AdamW', momentsAnd()],
  ['Nadam', momentsAnd('momentum_cache')],
  ['Adamax', { slots: { _m: 'm', _u: 'v' }, hyper: BETAS }],
  [
    'RMSprop',
    {
      slots: { _velocities: 'rms', _momentums: 'momentum', _average_gradients: 'mg' },
      hyper: ['decay', 'learning_rate', 'momentum', 'rho'],
    },
  ],
]);

/** The field of the optimizer, by Keras's name of the hyper-parameter. */
const FIELDS: ReadonlyMap<string, string> = new Map([
  ['beta_1', 'beta1'],
  ['beta_2', 'beta2'],
  ['momentum', 'momentum'],
  ['rho', 'rho'],
  ['decay', 'decay'],
]);
