/** Options of `gru` and `gruCell`: those of TensorFlow.js's layers, and more of Keras's (`resetAfter`). */
import type { GRUCellLayerArgs, GRULayerArgs } from '@tensorflow/tfjs-layers';
import type { OptionList } from '../options.js';

/** Options of TensorFlow.js's GRU, with Keras's defaults. */
export interface KerasGRUArgs extends GRULayerArgs {
  /**
   * Default true, as in Keras: the reset gate comes after the recurrent product. False gives TensorFlow.js's own
   * variant.
   */
  resetAfter?: boolean;
  /**
   * Keras's `zero_output_for_mask`: whether the output of a masked step is 0. Default false: it is the output of the
   * step before. True is refused (ERR_NOT_SUPPORTED) if `resetAfter` is false.
   */
  zeroOutputForMask?: boolean;
  /**
   * Keras's `time_major`. Default false; true is refused (ERR_NOT_SUPPORTED), since TensorFlow.js has the batch first.
   */
  timeMajor?: boolean;
}

/** Options of TensorFlow.js's GRU cell, with Keras's defaults. */
export interface KerasGRUCellArgs extends GRUCellLayerArgs {
  /**
   * Default true, as in Keras: the reset gate comes after the recurrent product. False gives TensorFlow.js's own
   * variant.
   */
  resetAfter?: boolean;
}

export const GRU_CELL_OPTIONS: OptionList<KerasGRUCellArgs> = {
  units: true,
  activation: true,
  recurrentActivation: true,
  useBias: 'flag',
  kernelInitializer: true,
  recurrentInitializer: true,
  biasInitializer: true,
  kernelRegularizer: true,
  recurrentRegularizer: true,
  biasRegularizer: true,
  kernelConstraint: true,
  recurrentConstraint: true,
  biasConstraint: true,
  dropout: true,
  recurrentDropout: true,
  dropoutFunc: true,
  implementation: true,
  resetAfter: 'flag',
  inputShape: true,
  batchInputShape: true,
  batchSize: true,
  dtype: true,
  name: true,
  trainable: 'flag',
  weights: true,
  inputDType: true,
};

export const GRU_OPTIONS: OptionList<KerasGRUArgs> = {
  ...GRU_CELL_OPTIONS,
  zeroOutputForMask: 'flag',
  timeMajor: 'flag',
  cell: true,
  returnSequences: 'flag',
  returnState: 'flag',
  goBackwards: 'flag',
  stateful: 'flag',
  unroll: 'flag',
  inputDim: true,
  inputLength: true,
};
