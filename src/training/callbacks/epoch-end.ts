/**
 * Ends an epoch of `fitDataset` before its `batchesPerEpoch` are done, for a training that goes on in the middle of
 * one: TensorFlow.js counts batches from 0 again and has no other way out of the epoch than the flag that ends the
 * training (tfjs-layers/src/engine/training_dataset.ts, fitDataset).
 */
import type { LayersModel } from '@tensorflow/tfjs-layers';

const FLAG = 'stopTraining_';

export class EpochEnd {
  readonly #model: LayersModel;
  /** What others wish meanwhile: null if they have not said. */
  #wish: boolean | null = null;

  /** From now on the epoch ends after the batch. */
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

  /** The epoch has ended; the training goes on unless somebody else has ended it. */
  over(): void {
    Object.defineProperty(this.#model, FLAG, {
      configurable: true,
      enumerable: true,
      writable: true,
      value: this.#wish ?? false,
    });
  }
}
