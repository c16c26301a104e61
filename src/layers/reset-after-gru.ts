/** Keras's GRU with `reset_after=True`: TensorFlow.js's layer around such a cell (tf_keras/src/layers/rnn/gru.py). */

import type { GRULayerArgs, layers } from '@tensorflow/tfjs-layers';
import { TensorBundleError } from '../errors.js';
import { cast, cumsum, expandDims, minimum, mul, reverse, slice, type Tensor, tidy } from '../tfjs-core.js';
import type { KerasGRUArgs } from './gru-options.js';
import { type GRUCellClass, type MaskedCell, resetAfterCell, withKerasDefaults } from './reset-after-cell.js';

export type GRU = ReturnType<typeof layers.gru>;
/** The GRU class of a copy of tfjs-layers. */
export type GRUClass = new (args: GRULayerArgs) => GRU;

interface CallArguments {
  mask?: Tensor | null;
  initialState?: readonly Tensor[] | null;
  training?: boolean;
}

const gruClasses = new WeakMap<GRUClass, GRUClass>();

/** The layer's class, which extends the class of TensorFlow.js's own GRU. */
export function resetAfterGRU(Base: GRUClass): GRUClass {
  const known = gruClasses.get(Base);
  if (known) return known;

  class ResetAfterGRU extends Base {
    /** Keras's name for both variants: the configuration says which one it is. */
    static readonly className = 'GRU';

    /** Whether the output of a masked step is 0; otherwise it is the output of the step before. */
    readonly #zeroOutputForMask: boolean;
    #isInBidirectional = false;

    constructor(args: KerasGRUArgs) {
      refuseTimeMajor(args);
      const options = withKerasDefaults(args);
      super({ ...options, resetAfter: false } as GRULayerArgs);
      this.#zeroOutputForMask = args.zeroOutputForMask === true;
      // The base class made a cell, which is not used; its class belongs to the same copy of tfjs-layers.
      const Cell = resetAfterCell(this.cell.constructor as GRUCellClass);
      (this as { cell: unknown }).cell = new Cell(options);
      this.#noticeBidirectional();
    }

    /**
     * Keras's Bidirectional tells its layers to output zeros for masked steps if they return sequences. TensorFlow.js's
     * Bidirectional does not, but it renames them, which shows that the layer is in one.
     */
    #noticeBidirectional(): void {
      let name = this.name;
      Object.defineProperty(this, 'name', {
        configurable: true,
        enumerable: true,
        get: () => name,
        set: (next: string) => {
          this.#isInBidirectional ||= next === `forward_${name}` || next === `backward_${name}`;
          name = next;
        },
      });
    }

    get #givesZeros(): boolean {
      return this.#isInBidirectional ? this.returnSequences : this.#zeroOutputForMask;
    }

    override call(inputs: Tensor | Tensor[], kwargs: CallArguments | null): Tensor | Tensor[] {
      return tidy(() => {
        const outputs = this.#run(inputs, kwargs ?? {});
        const { mask, initialState } = kwargs ?? {};
        // Without an initial state, TensorFlow.js already outputs zeros until the first step that is not masked.
        if (!mask || !(this.#givesZeros || initialState || this.stateful)) return outputs;
        const [output, ...states] = [outputs].flat() as [Tensor, ...Tensor[]];
        const shown = mul(output, this.#shown(mask));
        return Array.isArray(outputs) ? [shown, ...states] : shown;
      });
    }

    #run(inputs: Tensor | Tensor[], kwargs: CallArguments): Tensor | Tensor[] {
      try {
        return super.call(inputs, kwargs);
      } finally {
        // What gradients need of them, TensorFlow.js keeps.
        (this.cell as unknown as MaskedCell).releaseMasks();
      }
    }

    /**
     * A mask of the steps whose output is not 0 in Keras (tf_keras/src/backend.py, rnn): the steps that are not masked;
     * or, without zeros for masked steps, all steps from the first one that is not masked, for which TensorFlow.js
     * already outputs the state.
     */
    #shown(mask: Tensor): Tensor {
      const given = cast(cast(mask, 'bool'), 'float32');
      const steps = this.goBackwards ? reverse(given, 1) : given;
      const shown = this.#givesZeros ? steps : minimum(cumsum(steps, 1), 1);
      if (this.returnSequences) return expandDims(shown, -1);
      const last = shown.shape[1]! - 1;
      return slice(shown, [0, last], [-1, 1]);
    }

    override getConfig(): ReturnType<GRU['getConfig']> {
      return { ...super.getConfig(), ...(this.#zeroOutputForMask && { zeroOutputForMask: true }) };
    }

    /** TensorFlow.js ignores the regularizers of a recurrent layer's weights, because the cell has them. */
    override calculateLosses(): ReturnType<GRU['calculateLosses']> {
      return [...super.calculateLosses(), ...this.cell.calculateLosses()];
    }
  }

  gruClasses.set(Base, ResetAfterGRU);
  return ResetAfterGRU;
}

/** Throws ERR_NOT_SUPPORTED for `timeMajor`. */
export function refuseTimeMajor({ timeMajor }: Pick<KerasGRUArgs, 'timeMajor'>): void {
  if (!timeMajor) return;
  throw new TensorBundleError(
    'ERR_NOT_SUPPORTED',
    "TensorFlow.js cannot compute a GRU with timeMajor (Keras's time_major); put the batch first, and make " +
      'the layer without it',
    { found: 'timeMajor' },
  );
}
