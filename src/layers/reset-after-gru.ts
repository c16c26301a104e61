/** Keras's GRU with `reset_after=True`: TensorFlow.js's layer around a cell of that kind (tf_keras/src/layers/rnn/gru.py). */
import { any, cast, cumsum, expandDims, minimum, mul, reverse, type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { GRULayerArgs, layers } from '@tensorflow/tfjs-layers';
import { TensorBundleError } from '../errors.js';
import { type GRUCellClass, resetAfterCell, withKerasDefaults } from './reset-after-cell.js';

export type GRU = ReturnType<typeof layers.gru>;
/** A class of some copy of tfjs-layers. */
export type GRUClass = new (args: GRULayerArgs) => GRU;

interface CallArguments {
  mask?: Tensor | null;
  initialState?: readonly Tensor[] | null;
  training?: boolean;
}

/** Options of Keras's that change what is computed, and that TensorFlow.js's recurrent layers do not know. */
const UNKNOWN_TO_TFJS = ['timeMajor', 'zeroOutputForMask'];

const classes = new WeakMap<GRUClass, GRUClass>();

/** The layer's class, on the class of TensorFlow.js's own GRU. */
export function resetAfterGRU(Base: GRUClass): GRUClass {
  const known = classes.get(Base);
  if (known) return known;

  class ResetAfterGRU extends Base {
    /** Keras's name: the configuration says which of the two it is. */
    static readonly className = 'GRU';

    constructor(args: GRULayerArgs) {
      refuseUnknown(args);
      const options = withKerasDefaults(args);
      super({ ...options, resetAfter: false } as GRULayerArgs);
      // The cell of the same copy of tfjs-layers, which nobody has used yet.
      const Cell = resetAfterCell(this.cell.constructor as GRUCellClass);
      (this as { cell: unknown }).cell = new Cell(options);
    }

    override call(inputs: Tensor | Tensor[], kwargs: CallArguments | null): Tensor | Tensor[] {
      return tidy(() => {
        const outputs = super.call(inputs, kwargs ?? {});
        const { mask, initialState } = kwargs ?? {};
        // Without a state to begin with, TensorFlow.js gives zeros by itself.
        if (!mask || !(initialState || this.stateful)) return outputs;
        const [output, ...states] = [outputs].flat() as [Tensor, ...Tensor[]];
        const seen = mul(output, this.#seen(mask));
        return Array.isArray(outputs) ? [seen, ...states] : seen;
      });
    }

    /** 1 from the first step on that is not masked: until then Keras's output is 0, TensorFlow.js's is the state. */
    #seen(mask: Tensor): Tensor {
      if (!this.returnSequences) return cast(any(cast(mask, 'bool'), 1, true), 'float32');
      const steps = cast(cast(mask, 'bool'), 'float32');
      return expandDims(minimum(cumsum(this.goBackwards ? reverse(steps, 1) : steps, 1), 1), -1);
    }

    /** TensorFlow.js forgets the regularizers of a recurrent layer's weights: they are in the books of the cell. */
    override calculateLosses(): ReturnType<GRU['calculateLosses']> {
      return [...super.calculateLosses(), ...this.cell.calculateLosses()];
    }
  }

  classes.set(Base, ResetAfterGRU);
  return ResetAfterGRU;
}

function refuseUnknown(args: GRULayerArgs): void {
  const options = args as unknown as Record<string, unknown>;
  const found = UNKNOWN_TO_TFJS.find(name => options[name] === true);
  if (found === undefined) return;
  const keras = found.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);
  throw new TensorBundleError(
    'ERR_NOT_SUPPORTED',
    `a GRU with ${found} (Keras's ${keras}) is not computed in TensorFlow.js; make the model without it`,
    { found },
  );
}
