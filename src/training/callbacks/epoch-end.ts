/**
 * Ends an epoch of `fitDataset` before its `batchesPerEpoch` are done. This is needed when a training goes on in the
 * middle of an epoch: TensorFlow.js counts batches from 0 again, and only the flag that ends the whole training also
 * ends an epoch early (tfjs-layers/src/engine/training_dataset.ts, fitDataset).
 */
import type { LayersModel } from '@tensorflow/tfjs-layers';

const FLAG = 'stopTraining_';

export class EpochEnd {
  readonly #model: LayersModel;
  /** What other code has set the flag to meanwhile; null if it has not. */
  #wish: boolean | null = null;

  /** The epoch ends after the current batch. */
  constructor(model: LayersModel) {
    this.#model = model;
    const before = (model as unknown as Record<string, unknown>)[FLAG];
    this.#wish = typeof before === 'boolean' ? before : null;
    Object.defineProperty(model, FLAG, {
      configurable: true,
      enumerable: true,
      get: () => true,
      set: (wish: boolean) => {
        this.#wish = wish;
      },
    });
  }

  /** Called when the epoch has ended. The training goes on unless other code has ended it. */
  over(): void {
    Object.defineProperty(this.#model, FLAG, {
      configurable: true,
      enumerable: true,
      writable: true,
      value: this.#wish ?? false,
    });
  }
}
