/**
 * Keras's GRU cell with `reset_after=True`, which TensorFlow.js lacks: the reset gate multiplies the output of the
 * recurrent kernel, not its input, and the recurrent product has biases of its own (tf_keras/src/layers/rnn/gru.py,
 * GRUCell.call).
 */

import type { GRUCellLayerArgs, layers } from '@tensorflow/tfjs-layers';
import { add, dropout, keep, matMul, mul, onesLike, split, sub, type Tensor, tidy, unstack } from '../tfjs-core.js';

export type GRUCell = ReturnType<typeof layers.gruCell>;
/** The GRUCell class of a copy of tfjs-layers. */
export type GRUCellClass = new (args: GRUCellLayerArgs) => GRUCell;

/** Dropout masks: one for all gates, or one for each gate; none if nothing is dropped. */
interface Masks {
  readonly inputs: readonly Tensor[];
  readonly state: readonly Tensor[];
}

const NO_MASKS: Masks = { inputs: [], state: [] };

/** What the layer of this package knows of its cell. */
export interface MaskedCell {
  /** Disposes of the dropout masks of the last run over a sequence. */
  releaseMasks(): void;
}

type Build = Parameters<GRUCell['build']>[0];
type Config = ReturnType<GRUCell['getConfig']>;

/** Keras's defaults; TensorFlow.js's own GRU has `hardSigmoid` and `glorotNormal`. */
const KERAS_DEFAULTS = {
  activation: 'tanh',
  recurrentActivation: 'sigmoid',
  kernelInitializer: 'glorotUniform',
  recurrentInitializer: 'orthogonal',
  biasInitializer: 'zeros',
} as const;

/**
 * The options with Keras's defaults. As in Keras, `recurrentDropout` needs `implementation` 1, where each gate has
 * masks of its own; otherwise 2 is the default. An activation of null means no activation.
 */
export function withKerasDefaults<Args extends GRUCellLayerArgs>(args: Args): Args {
  const given = Object.entries(args).filter(
    ([name, value]) =>
      value !== undefined && (value !== null || name === 'activation' || name === 'recurrentActivation'),
  );
  const implementation = args.recurrentDropout ? 1 : (args.implementation ?? 2);
  return { ...KERAS_DEFAULTS, ...(Object.fromEntries(given) as unknown as Args), implementation };
}

const GATES = 3;

const cellClasses = new WeakMap<GRUCellClass, GRUCellClass>();

/** The cell's class, which extends the class of TensorFlow.js's own cell. */
export function resetAfterCell(Base: GRUCellClass): GRUCellClass {
  const known = cellClasses.get(Base);
  if (known) return known;

  class ResetAfterGRUCell extends Base {
    /** Keras's name for both variants: the configuration says which one it is. */
    static readonly className = 'GRUCell';

    /**
     * All steps of a run over a sequence have the same masks. A run is known by the object that it passes to every
     * step. The masks are kept until the next run, as in TensorFlow.js's own cells, or until they are released.
     */
    #run: object | undefined;
    #masks = NO_MASKS;

    constructor(args: GRUCellLayerArgs) {
      super({ ...withKerasDefaults(args), resetAfter: false });
    }

    override build(inputShape: Build): void {
      const shape = (Array.isArray(inputShape[0]) ? inputShape[0] : inputShape) as number[];
      const width = this.units * GATES;
      this.kernel = this.addWeight(
        'kernel',
        [shape.at(-1)!, width],
        undefined,
        this.kernelInitializer,
        this.kernelRegularizer,
        true,
        this.kernelConstraint,
      );
      this.recurrentKernel = this.addWeight(
        'recurrent_kernel',
        [this.units, width],
        undefined,
        this.recurrentInitializer,
        this.recurrentRegularizer,
        true,
        this.recurrentConstraint,
      );
      // The bias is null if there is none, as in tfjs's own cell, though tfjs's types do not say so.
      this.bias = this.useBias
        ? this.addWeight(
            'bias',
            [2, width],
            undefined,
            this.biasInitializer,
            this.biasRegularizer,
            true,
            this.biasConstraint,
          )
        : (null as never);
      this.built = true;
    }

    /** Takes the inputs of a step and the state before it. Returns the output, which is also the new state. */
    override call(given: Tensor | Tensor[], kwargs: { training?: boolean } | null): Tensor[] {
      return tidy(() => {
        const [inputs, state] = given as [Tensor, Tensor];
        const [inputBias, recurrentBias] = this.useBias ? unstack(this.bias.read()) : [];
        const masks = kwargs?.training === true ? this.#masksFor(kwargs, inputs, state) : NO_MASKS;
        const [xz, xr, xh] = product(inputs, this.kernel.read(), inputBias, masks.inputs);
        const [hz, hr, hh] = product(state, this.recurrentKernel.read(), recurrentBias, masks.state);
        const update = this.recurrentActivation.apply(add(xz, hz));
        const reset = this.recurrentActivation.apply(add(xr, hr));
        const candidate = this.activation.apply(add(xh, mul(reset, hh)));
        const output = add(mul(update, state), mul(sub(1, update), candidate));
        return [output, output];
      });
    }

    override getConfig(): Config {
      return { ...super.getConfig(), resetAfter: true };
    }

    releaseMasks(): void {
      for (const mask of [...this.#masks.inputs, ...this.#masks.state]) mask.dispose();
      this.#masks = NO_MASKS;
      this.#run = undefined;
    }

    #masksFor(run: object, inputs: Tensor, state: Tensor): Masks {
      if (this.#run === run) return this.#masks;
      this.releaseMasks();
      this.#run = run;
      this.#masks = {
        inputs: this.#masksLike(inputs, this.dropout),
        state: this.#masksLike(state, this.recurrentDropout),
      };
      return this.#masks;
    }

    /** If nothing is dropped, no random number is drawn either. */
    #masksLike(value: Tensor, rate: number): Tensor[] {
      if (!(0 < rate && rate < 1)) return [];
      const count = this.implementation === 1 ? GATES : 1;
      return Array.from({ length: count }, () => keep(dropout(onesLike(value), rate)));
    }
  }

  cellClasses.set(Base, ResetAfterGRUCell);
  return ResetAfterGRUCell;
}

type Gates = [update: Tensor, reset: Tensor, candidate: Tensor];

/** The product of `value` with the kernel, for each gate. */
function product(value: Tensor, kernel: Tensor, bias: Tensor | undefined, masks: readonly Tensor[]): Gates {
  if (masks.length === GATES) {
    const biases = bias && split(bias, GATES);
    return split(kernel, GATES, 1).map((part, gate) =>
      withBias(matMul(mul(value, masks[gate]!), part), biases?.[gate]),
    ) as Gates;
  }
  const [mask] = masks;
  return split(withBias(matMul(mask ? mul(value, mask) : value, kernel), bias), GATES, 1) as Gates;
}

function withBias(value: Tensor, bias: Tensor | undefined): Tensor {
  return bias ? add(value, bias) : value;
}
