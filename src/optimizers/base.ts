/**
 * What all optimizers of this folder share: slots by the names of variables, clipping, weight decay, the step. As in
 * tf_keras/src/optimizers/optimizer.py; everything is computed in float32, in Keras's order of operations.
 */
import {
  addN,
  clipByValue,
  div,
  engine,
  maximum,
  minimum,
  mul,
  type NamedTensorMap,
  Optimizer,
  type Scalar,
  scalar,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  tidy,
  type Variable,
  variable,
  zerosLike,
} from '@tensorflow/tfjs-core';
import { TensorBundleError } from '../errors.js';
import type { OptionList } from '../options.js';
import type { KerasOptimizerState, NumberInState, SlotList } from './state.js';

export interface OptimizerOptions {
  /** May be changed at any time. Default 0.001; of SGD 0.01. */
  learningRate?: number;
  /** At each step a variable loses this times the learning rate of itself. Default: none; of AdamW 0.004. */
  weightDecay?: number | null;
  /** Each gradient is scaled down to this norm. Default: not. Of the three kinds of clipping the first that is given counts. */
  clipnorm?: number | null;
  /** All gradients are scaled down together to this norm. Default: not. */
  globalClipnorm?: number | null;
  /** Each element of a gradient is clipped to plus or minus this. Default: not. */
  clipvalue?: number | null;
}

/** What all of them have. Each class refuses what it does not know: this one cannot know what a subclass takes. */
export const OPTIMIZER_OPTIONS: OptionList<OptimizerOptions> = {
  learningRate: true,
  weightDecay: true,
  clipnorm: true,
  globalClipnorm: true,
  clipvalue: true,
};

/** A step of one variable. */
export interface Update {
  readonly value: Variable;
  readonly gradient: Tensor;
  /** As in `slotLists`. */
  readonly slots: readonly Variable[];
  readonly learningRate: Scalar;
  /** Steps, this one included. */
  readonly step: Scalar;
}

/** As tfjs gives gradients and weights. */
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
  readonly weightDecay: number | null;
  readonly clipnorm: number | null;
  readonly globalClipnorm: number | null;
  readonly clipvalue: number | null;
  readonly #slots = new Map<string, Variable[]>();

  constructor(
    { learningRate, weightDecay = null, clipnorm = null, globalClipnorm = null, clipvalue = null }: OptimizerOptions,
    defaultRate = 0.001,
  ) {
    super();
    this.learningRate = learningRate ?? defaultRate;
    this.weightDecay = weightDecay;
    this.clipnorm = clipnorm;
    this.globalClipnorm = globalClipnorm;
    this.clipvalue = clipvalue;
    if (clipnorm !== null && globalClipnorm !== null) throw twoNorms();
  }

  /** Computes one variable's step and assigns it; within a `tidy`. */
  protected abstract update(update: Update): void;

  /** Before the first variable of a step; within a `tidy`. */
  protected begin(_step: Scalar): void {}

  /** What a slot of the variable is at first. */
  protected initialSlot(value: Variable): Tensor {
    return zerosLike(value);
  }

  /** The options of this class, for `getConfig`. */
  protected abstract options(): Record<string, number | boolean>;

  override applyGradients(gradients: Gradients): void {
    const { registeredVariables } = engine();
    const named = (
      Array.isArray(gradients)
        ? gradients
        : Object.entries(gradients).map(([name, gradient]) => ({ name, tensor: gradient }))
    ).filter(({ tensor }) => tensor != null);
    tidy(() => {
      const learningRate = scalar(this.learningRate, 'float32');
      const step = scalar(this.iterations + 1, 'float32');
      const clipped = this.#clip(named.map(({ tensor }) => tensor));
      const updates = named.map(({ name }, i) => {
        const value = registeredVariables[name];
        if (value === undefined) throw noVariable(name);
        return { value, gradient: clipped[i]!, slots: this.#slotsFor(name, value), learningRate, step };
      });
      for (const { value } of updates) this.#decay(value, learningRate);
      this.begin(step);
      for (const update of updates) this.update(update);
    });
    this.incrementIterations();
  }

  slotsOf(variableName: string): readonly Variable[] {
    return this.#slots.get(variableName) ?? [];
  }

  variableNames(): string[] {
    return [...this.#slots.keys()];
  }

  setSlots(variableName: string, values: readonly Tensor[]): void {
    if (values.length !== this.slotLists.length) throw wrongCount(variableName, this.slotLists, values.length);
    const slots = this.#slots.get(variableName);
    if (slots) {
      slots.forEach((slot, i) => {
        slot.assign(values[i]!);
      });
    } else {
      const made = values.map(value => variable(value, false));
      this.#slots.set(variableName, made);
    }
  }

  /** Slots and everything else that was learnt; the optimizer begins anew if it is used again. */
  override dispose(): void {
    for (const slots of this.#slots.values()) for (const slot of slots) slot.dispose();
    this.#slots.clear();
    this.iterations_ = 0;
  }

  /** The count of steps, what belongs to no variable, then the slots, variable by variable. */
  override async getWeights(): Promise<NamedTensor[]> {
    const slots = [...this.#slots].flatMap(([name, variables]) =>
      variables.map((tensor, i) => ({ name: `${name}/${this.slotLists[i]!.slot}`, tensor: tensor as Tensor })),
    );
    const scalars = this.scalars.map(({ name, get }) => ({ name, tensor: scalar(get(), 'float32') as Tensor }));
    return [await this.saveIterations(), ...scalars, ...slots];
  }

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
    for (const [name, values] of byVariable) this.setSlots(name, values);
  }

  override getConfig(): Record<string, number | boolean | null> {
    const { learningRate, weightDecay, clipnorm, globalClipnorm, clipvalue } = this;
    return { learningRate, weightDecay, clipnorm, globalClipnorm, clipvalue, ...this.options() };
  }

  /** As tfjs restores an optimizer that was saved with its model. */
  static override fromConfig<T>(cls: new (options: OptimizerOptions) => T, config: OptimizerOptions): T {
    // TensorFlow.js adds this to what `getConfig` gave.
    const { customObjects: _custom, ...options } = config as OptimizerOptions & { customObjects?: unknown };
    return new cls(options);
  }

  #slotsFor(name: string, value: Variable): Variable[] {
    const known = this.#slots.get(name);
    if (known) return known;
    const slots = this.slotLists.map(() => variable(this.initialSlot(value), false));
    this.#slots.set(name, slots);
    return slots;
  }

  #decay(value: Variable, learningRate: Scalar): void {
    if (this.weightDecay !== null) value.assign(sub(value, mul(mul(value, this.weightDecay), learningRate)));
  }

  #clip(gradients: readonly Tensor[]): Tensor[] {
    const { clipnorm, globalClipnorm, clipvalue } = this;
    if (clipnorm !== null && clipnorm > 0)
      return gradients.map(gradient => clipToNorm(gradient, norm([gradient]), clipnorm));
    if (globalClipnorm !== null && globalClipnorm > 0 && gradients.length > 0) {
      const scale = mul(globalClipnorm, minimum(div(1, norm(gradients)), 1 / globalClipnorm));
      return gradients.map(gradient => mul(gradient, scale));
    }
    if (clipvalue !== null && clipvalue > 0)
      return gradients.map(gradient => clipByValue(gradient, -clipvalue, clipvalue));
    return [...gradients];
  }
}

/** Of all elements together. */
function norm(tensors: readonly Tensor[]): Tensor {
  return sqrt(addN(tensors.map(tensor => sum(square(tensor)))));
}

/** `tf.clip_by_norm`: a gradient below the limit is not changed. */
function clipToNorm(gradient: Tensor, total: Tensor, limit: number): Tensor {
  return div(mul(gradient, limit), maximum(total, limit));
}

function noVariable(name: string): TensorBundleError {
  return new TensorBundleError(
    'ERR_INVALID_ARGUMENT',
    `there is a gradient for '${name}', which is no variable of TensorFlow.js, or was disposed`,
    { tensor: name },
  );
}

function wrongCount(name: string, lists: readonly SlotList[], found: number): TensorBundleError {
  const expected = lists.map(({ slot }) => slot);
  return new TensorBundleError(
    'ERR_INVALID_ARGUMENT',
    `the slots of '${name}' are ${expected.join(', ')}; ${found} tensors were given`,
    { tensor: name, expected, found },
  );
}

function twoNorms(): TensorBundleError {
  return new TensorBundleError('ERR_INVALID_ARGUMENT', 'give clipnorm or globalClipnorm, not both, as in Keras');
}
