/**
 * What all optimizers of this folder share: slots for variables, clipping, weight decay, the step. As in
 * tf_keras/src/optimizers/optimizer.py: everything is computed in float32, in Keras's order of operations.
 */

import { invalidArgument, TensorBundleError } from '../errors.js';
import type { OptionList } from '../options.js';
import { isLiteral } from '../realms.js';
import {
  add,
  div,
  engine,
  mul,
  type NamedTensorMap,
  Optimizer,
  type Scalar,
  scalar,
  sub,
  type Tensor,
  tidy,
  type Variable,
  variable,
  zerosLike,
} from '../tfjs-core.js';
import { clip } from './clipping.js';
import { iterationsWeight } from './iterations.js';
import type { KerasOptimizerState, NumberInState, SlotList } from './saved-state.js';
import { stepCount } from './step-counts.js';

export interface OptimizerOptions {
  /** Default 0.001; for SGD 0.01. May be changed at any time. */
  learningRate?: number;
  /**
   * 0 or more; default 0. The rate of a step is the learning rate / (1 + decay * steps made before), as in tf_keras's
   * legacy optimizers, where it is a hyper-parameter in checkpoints. Keras's other optimizers do not have it.
   */
  decay?: number;
  /** Each step subtracts variable * weightDecay * learning rate from a variable. Default: none; for AdamW 0.004. */
  weightDecay?: number | null;
  /**
   * Each gradient is scaled down to this norm. Default: no clipping. If several kinds of clipping are given, the first
   * of these three counts.
   *
   * On an Embedding, Keras does something else: there the gradient consists of slices, one per row that was looked up,
   * and the norm is taken before the slices of one row are added up. TensorFlow.js adds them up first. Both agree as
   * long as no row is used twice in a batch; otherwise Keras clips less, for two equal slices by the square root of 2.
   */
  clipnorm?: number | null;
  /** All gradients together are scaled down to this norm. Default: no clipping. On an Embedding, see `clipnorm`. */
  globalClipnorm?: number | null;
  /**
   * Each element of a gradient is clipped to plus or minus this. Default: no clipping. On an Embedding that uses a row
   * twice, Keras clips the elements of each slice, TensorFlow.js those of their sum.
   */
  clipvalue?: number | null;
}

/** Options of all optimizers. Each class refuses unknown options itself: this one does not know those of subclasses. */
export const OPTIMIZER_OPTIONS: OptionList<OptimizerOptions> = {
  learningRate: 'number',
  decay: 'number',
  weightDecay: 'number or null',
  clipnorm: 'number or null',
  globalClipnorm: 'number or null',
  clipvalue: 'number or null',
};

/** A step of one variable. */
export interface VariableUpdate {
  readonly value: Variable;
  readonly gradient: Tensor;
  /** As in `slotLists`. */
  readonly slots: readonly Variable[];
  readonly learningRate: Scalar;
  /** Number of steps, this one included. */
  readonly step: Scalar;
}

/** The form in which tfjs gives gradients and weights. */
interface NamedTensor {
  name: string;
  tensor: Tensor;
}

type Gradients = NamedTensorMap | NamedTensor[];

export abstract class KerasOptimizer extends Optimizer implements KerasOptimizerState {
  abstract readonly kerasName: string;
  abstract readonly slotLists: readonly SlotList[];
  readonly interleaved: boolean = true;
  readonly scalars: readonly NumberInState[] = [];
  learningRate: number;
  /** May be changed at any time. */
  decay: number;
  readonly weightDecay: number | null;
  readonly clipnorm: number | null;
  readonly globalClipnorm: number | null;
  readonly clipvalue: number | null;
  readonly #slots = new Map<Variable, Variable[]>();
  /** Slots that `setWeights` brought, in its order, by the names of variables, maybe those of another process. */
  readonly #loaded = new Map<string, Variable[]>();

  constructor(
    {
      learningRate,
      decay = 0,
      weightDecay = null,
      clipnorm = null,
      globalClipnorm = null,
      clipvalue = null,
    }: OptimizerOptions,
    defaultRate = 0.001,
  ) {
    super();
    this.learningRate = learningRate ?? defaultRate;
    this.decay = decay;
    this.weightDecay = weightDecay;
    this.clipnorm = clipnorm;
    this.globalClipnorm = globalClipnorm;
    this.clipvalue = clipvalue;
    if (clipnorm !== null && globalClipnorm !== null) throw twoNorms();
  }

  /** Computes the step of one variable and assigns the result; called within a `tidy`. */
  protected abstract update(update: VariableUpdate): void;

  /** Called before the first variable of a step, within a `tidy`. */
  protected begin(_step: Scalar): void {}

  /** The initial value of a slot of the variable. */
  protected initialSlot(value: Variable): Tensor {
    return zerosLike(value);
  }

  /** The options of this class, for `getConfig`. */
  protected abstract options(): Record<string, number | boolean>;

  override applyGradients(gradients: Gradients): void {
    const { registeredVariables } = engine();
    const all = Array.isArray(gradients)
      ? gradients
      : Object.entries(gradients).map(([name, gradient]) => ({ name, tensor: gradient }));
    const names = all.map(({ name }) => name);
    if (!this.claimLoaded(names)) throw this.#dropLoaded(names);
    const named = all.filter(({ tensor }) => tensor != null);
    tidy(() => {
      const learningRate = this.#rate();
      const step = stepCount(this.iterations + 1);
      const clipped = clip(
        named.map(({ tensor }) => tensor),
        this,
      );
      const updates = named.map(({ name }, i) => {
        const value = registeredVariables[name];
        if (value === undefined) throw noVariable(name);
        return { value, gradient: clipped[i]!, slots: this.#slotsFor(value), learningRate, step };
      });
      for (const { value } of updates) this.#decay(value, learningRate);
      this.begin(step);
      for (const update of updates) this.update(update);
    });
    this.incrementIterations();
  }

  /** The slots of a variable, in the order of `slotLists`; empty before the first step with the variable. */
  slotsOf(variableName: string): readonly Variable[] {
    const value = engine().registeredVariables[variableName];
    return (value && this.#slots.get(value)) ?? [];
  }

  /** Names, in TensorFlow.js, of the variables that have slots. */
  variableNames(): string[] {
    const { registeredVariables } = engine();
    return [...this.#slots.keys()].filter(value => registeredVariables[value.name] === value).map(({ name }) => name);
  }

  /** Makes or replaces the slots of a variable, before or after the first step. The values stay the caller's. */
  setSlots(variableName: string, values: readonly Tensor[]): void {
    if (values.length !== this.slotLists.length) throw wrongCount(variableName, this.slotLists, values.length);
    const value = engine().registeredVariables[variableName];
    const slots = value ? this.#slots.get(value) : this.#loaded.get(variableName);
    if (slots) {
      slots.forEach((slot, i) => {
        slot.assign(values[i]!);
      });
    } else {
      const made = values.map(one => variable(one, false));
      if (value) this.#slots.set(value, made);
      else this.#loaded.set(variableName, made);
    }
  }

  /** Slots that `setWeights` brought and that no step has taken yet, in its order. */
  loadedSlots(): { name: string; slots: readonly Variable[] }[] {
    return [...this.#loaded].map(([name, slots]) => ({ name, slots }));
  }

  /** Gives the `loadedSlots` to the variables with these names, in order; drops those whose name is undefined. */
  adoptLoaded(variableNames: readonly (string | undefined)[]): void {
    const { registeredVariables } = engine();
    [...this.#loaded].forEach(([name, slots], i) => {
      const value = registeredVariables[variableNames[i] ?? ''];
      this.#loaded.delete(name);
      if (value && !this.#slots.has(value)) this.#slots.set(value, slots);
      else for (const slot of slots) slot.dispose();
    });
  }

  /**
   * Gives the slots that `setWeights` brought to the variables with these names, as a step of these variables would: by
   * name if all their names are among these, otherwise in order, as TensorFlow.js's own optimizers do. If neither fits,
   * it changes nothing and returns false.
   */
  claimLoaded(variableNames: readonly string[]): boolean {
    const { registeredVariables } = engine();
    const loaded = this.loadedSlots();
    const fits = (name: string | undefined, i: number): boolean =>
      name !== undefined && registeredVariables[name]?.shape.join() === loaded[i]!.slots[0]!.shape.join();
    const known = loaded.map(({ name }) => (variableNames.includes(name) ? name : undefined));
    if (known.every(fits)) this.adoptLoaded(known);
    else if (variableNames.length === loaded.length && variableNames.every(fits)) this.adoptLoaded(variableNames);
    else return false;
    return true;
  }

  /** Disposes of the slots and everything else that was learnt. The optimizer begins anew if it is used again. */
  override dispose(): void {
    this.#disposeSlots();
    this.iterations_ = 0;
  }

  /**
   * The count of steps, then state that does not belong to a variable, then the slots, variable by variable. Throws
   * ERR_TOO_LARGE above 2^31 - 1 steps.
   */
  override async getWeights(): Promise<NamedTensor[]> {
    const known = [...this.#slots].map(([{ name }, slots]) => ({ name, slots }));
    const slots = [...known, ...this.loadedSlots()].flatMap(({ name, slots: variables }) =>
      variables.map((tensor, i) => ({ name: `${name}/${this.slotLists[i]!.slot}`, tensor: tensor as Tensor })),
    );
    const scalars = this.scalars.map(({ name, get }) => ({ name, tensor: scalar(get(), 'float32') as Tensor }));
    return [iterationsWeight(this.iterations), ...scalars, ...slots];
  }

  /**
   * Takes the result of `getWeights`, also from another process, where variables may have other names. The next step
   * gives the slots to its variables: by name if it has all these names, otherwise in order.
   */
  override async setWeights(weights: NamedTensor[]): Promise<void> {
    const slots = await this.extractIterations(weights);
    const byVariable = new Map<string, Tensor[]>();
    for (const { name, tensor } of slots) {
      const one = this.scalars.find(state => state.name === name);
      if (one) {
        one.set((await tensor.data())[0]!);
        continue;
      }
      const cut = name.lastIndexOf('/');
      const values = byVariable.get(name.slice(0, cut)) ?? [];
      byVariable.set(name.slice(0, cut), values);
      values[this.slotLists.findIndex(({ slot }) => slot === name.slice(cut + 1))] = tensor;
    }
    for (const [name, values] of byVariable) {
      if (Object.values(values).length !== this.slotLists.length) throw wrongCount(name, this.slotLists, values.length);
    }
    // The given values may be the slots that they replace, so they are copied first.
    const made = [...byVariable].map(([name, values]) => [name, values.map(one => variable(one, false))] as const);
    this.#disposeSlots();
    for (const [name, variables] of made) this.#loaded.set(name, variables);
  }

  override getConfig(): Record<string, number | boolean | null> {
    const { learningRate, decay, weightDecay, clipnorm, globalClipnorm, clipvalue } = this;
    return { learningRate, decay, weightDecay, clipnorm, globalClipnorm, clipvalue, ...this.options() };
  }

  /** Called by tfjs to restore an optimizer that was saved with its model. */
  static override fromConfig<T>(cls: new (options: OptimizerOptions) => T, config: OptimizerOptions): T {
    // The constructor throws the error for something that is not an object of options.
    if (!isLiteral(config)) return new cls(config);
    // TensorFlow.js adds `customObjects` to the result of `getConfig`.
    const { customObjects: _custom, ...options } = config as OptimizerOptions & { customObjects?: unknown };
    return new cls(options);
  }

  #slotsFor(value: Variable): Variable[] {
    const known = this.#slots.get(value);
    if (known) return known;
    const slots = this.slotLists.map(() => variable(this.initialSlot(value), false));
    this.#slots.set(value, slots);
    return slots;
  }

  /** Drops the loaded slots, so that the next step begins without them. */
  #dropLoaded(names: readonly string[]): TensorBundleError {
    const error = noFit(this.loadedSlots(), names);
    this.adoptLoaded([]);
    return error;
  }

  #disposeSlots(): void {
    for (const slots of [...this.#slots.values(), ...this.#loaded.values()]) for (const slot of slots) slot.dispose();
    this.#slots.clear();
    this.#loaded.clear();
  }

  /** The rate of this step, in float32 (tf_keras/src/optimizers/legacy/optimizer_v2.py, _decayed_lr). */
  #rate(): Scalar {
    const rate = scalar(this.learningRate, 'float32');
    if (this.decay === 0) return rate;
    return div(rate, add(1, mul(scalar(this.decay, 'float32'), stepCount(this.iterations))));
  }

  #decay(value: Variable, learningRate: Scalar): void {
    if (this.weightDecay !== null) value.assign(sub(value, mul(mul(value, this.weightDecay), learningRate)));
  }
}

function noVariable(name: string): TensorBundleError {
  return invalidArgument(
    `there is a gradient for '${name}', which is not a variable of TensorFlow.js or was disposed`,
    {
      tensor: name,
    },
  );
}

function noFit(loaded: readonly { name: string }[], names: readonly string[]): TensorBundleError {
  const found = loaded.map(({ name }) => name);
  return new TensorBundleError(
    'ERR_MISMATCH',
    `setWeights brought slots for ${found.length} variables (${found[0]}, …); the step has ${names.length}, ` +
      'which they fit neither by name nor in order. Train the same variables, or step again to go on without them',
    { expected: [...names], found },
  );
}

function wrongCount(name: string, lists: readonly SlotList[], found: number): TensorBundleError {
  const expected = lists.map(({ slot }) => slot);
  return invalidArgument(`'${name}' needs one tensor per slot (${expected.join(', ')}); ${found} were given`, {
    tensor: name,
    expected,
    found,
  });
}

function twoNorms(): TensorBundleError {
  return invalidArgument('give clipnorm or globalClipnorm, not both, as in Keras');
}
