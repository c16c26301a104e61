/**
 * Optimizers that say themselves what Keras would keep of them: those of `tensorbundle/optimizers`, known by what they
 * offer.
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

/** See src/optimizers/saved-state.ts, which this describes; an optimizer may come from another copy of the package. */
interface KerasOptimizerFields {
  readonly kerasName: string;
  readonly slotLists: readonly { readonly list: string; readonly slot: string }[];
  readonly interleaved: boolean;
  readonly scalars: readonly NumberState[];
  slotsOf(variableName: string): readonly (Variable | undefined)[];
  variableNames(): readonly string[];
  setSlots(variableName: string, values: readonly Tensor[]): void;
  /** Slots that `setWeights` brought and that belong to no variable yet; older copies of the package have none. */
  loadedSlots?(): readonly { readonly name: string; readonly slots: readonly Variable[] }[];
  /** Gives the loaded slots to the variables of these names, in order; those without a name are dropped. */
  adoptLoaded?(variableNames: readonly (string | undefined)[]): void;
}

/** Keras makes these in a loop of their own, after the others. */
const SEPARATE: readonly string[] = ['_velocity_hats'];

/** Of the lists that RMSprop has whatever its options are. */
const SLOT_FIELDS: ReadonlyMap<string, readonly string[]> = new Map([
  ['RMSprop', ['_velocities', '_momentums', '_average_gradients']],
]);

/** Throws ERR_STATE if it cannot be told whose the slots are that `setWeights` brought. */
export function kerasState(optimizer: Optimizer, belongings: Belongings): OptimizerState | undefined {
  const { slotLists, slotsOf, setSlots } = optimizer as Optimizer & Partial<KerasOptimizerFields>;
  const isOne = Array.isArray(slotLists) && typeof slotsOf === 'function' && typeof setSlots === 'function';
  if (!isOne) return undefined;
  const keras = optimizer as Optimizer & KerasOptimizerFields;
  const loaded = keras.loadedSlots?.() ?? [];
  const named = loaded.map(({ name, slots: [slot] }) => ({ name, slot: slot! }));
  if (named.length > 0) keras.adoptLoaded?.(ownersOf(named, true, belongings));
  return new KerasState(keras);
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
    const together = this.#kinds.filter(({ list }) => optimizer.interleaved && !SEPARATE.includes(list));
    const apart = this.#kinds.filter(kind => !together.includes(kind)).map(kind => [kind]);
    this.groups = [...(together.length > 0 ? [together] : []), ...apart];
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

  /** Whether there are slots for momentum was decided when the optimizer was made; SGD always has them. */
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
   * All that wait, since these optimizers find slots by name. A slot that the checkpoint lacks beside others
   * (amsgrad's) begins at zero, as where an optimizer has several kinds they all do.
   */
  create(names: readonly string[], waiting: WaitingSlots): void {
    // In the order of the step: `getWeights` gives them so, and other processes find them by it.
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
  /** By the names of lists. */
  readonly slots: Readonly<Record<string, string>>;
  readonly hyper: readonly string[];
}

const BETAS: readonly string[] = ['beta_1', 'beta_2', 'decay', 'learning_rate'];

/** Of tf_keras's legacy optimizers, by class. */
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

/** Where the optimizer has a hyper-parameter. */
const FIELDS: ReadonlyMap<string, string> = new Map([
  ['beta_1', 'beta1'],
  ['beta_2', 'beta2'],
  ['momentum', 'momentum'],
  ['rho', 'rho'],
  ['decay', 'decay'],
]);
