/** Loads the weights of a model from a checkpoint, whatever program wrote it. */
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { PathLike } from '../../commit/paths.js';
import type { RestoreStatus } from '../../graph/restore/restore-status.js';
import { checkModel } from '../../layers/model.js';
import { type OptionList, refuseUnknown } from '../../options.js';
import { loadInto } from './model-weights.js';

export interface LoadWeightsOptions {
  /**
   * Default true: a compiled model also takes the state of its optimizer, if the checkpoint has one. False: weights
   * only. The optimizer stays as it is, and its values in the checkpoint count neither as loaded nor as unused.
   */
  includeOptimizer?: boolean;
  /** Default false. True: variables whose shape or dtype differs keep their values; the others are loaded. */
  skipMismatch?: boolean;
  /**
   * Loads only the variables that have a matching name: the key in the checkpoint
   * (`layer_with_weights-0/kernel/.ATTRIBUTES/…`, with or without that suffix), Keras's name (`dense/kernel`) or
   * TensorFlow.js's (`dense_Dense1/kernel`). What an optimizer keeps for a variable goes with the variable. The numbers
   * of an optimizer have their key, Keras's name (`learning_rate`, `iterations`, `decay`, …) and the optimizer's own
   * name. Default: all variables.
   */
  include?: RegExp;
  /**
   * Leaves out the variables that have a matching name, and what an optimizer keeps for them. Stronger than `include`.
   * Default: none.
   */
  exclude?: RegExp;
  /**
   * Says where in the checkpoint a value is that would not be found otherwise. Default: nothing is mapped. On the left:
   *
   * - a variable, by any of the names that `include` knows; on the right the name of its tensor, or the path of its
   *   object.
   * - a layer, by TensorFlow.js's name, Keras's, or its path (`layer_with_weights-0`, `layer-2/cell`); on the right the
   *   path of the object from which everything below the layer is found (`model/d1`, `blocks/1`; from the root of the
   *   checkpoint or of the model in it). In a checkpoint without an object graph it is the scope of the names of the
   *   layer's tensors (`old/dense`).
   *
   * ERR_INVALID_ARGUMENT for a name that does not exist on its side; the message lists those that do.
   */
  map?: Record<string, string>;
  /**
   * Default false. True: the tensors of the model may be views of the mapped file instead of copies. That is faster and
   * needs less memory, but the file must not be changed in place while the model is in use.
   */
  alias?: boolean;
}

const LOAD_WEIGHTS_OPTIONS: OptionList<LoadWeightsOptions> = {
  includeOptimizer: 'flag',
  skipMismatch: 'flag',
  include: true,
  exclude: true,
  map: true,
  alias: 'flag',
};

/**
 * Loads weights into a built model; also the state of its optimizer, if the model is compiled and the checkpoint has
 * one. PATH is a prefix, one of its files, or a directory (its latest checkpoint): of what tf_keras or this package
 * saved as weights, of `tf.train.Checkpoint(model=…)`, or of a SavedModel. Only what the model needs is read.
 *
 * Variables are found by their path of objects, not by the names of layers. A checkpoint without an object graph is
 * matched by Keras's names of variables, or by `map`.
 *
 * Missing and unused values are not errors: look at the status. Shapes, dtypes and checksums of everything are checked
 * before anything is changed. Nothing is converted: float16 values do not fit a float32 variable.
 *
 * Rejects with:
 *
 * - ERR_MISMATCH (`error.status` says more) if a shape or dtype differs, unless `skipMismatch`.
 * - MisplacedWeightsError (ERR_MISMATCH) if a layer would get weights that are, by their name in the checkpoint, those
 *   of another layer that you named. `skipMismatch` does not allow it; `map` does. tf_keras loads such weights.
 * - ERR_NOT_SUPPORTED for values that TensorFlow.js cannot compute with (layers with LoRA adapters, the other variant
 *   of a GRU: `gru` makes Keras's), unless `include` or `exclude` leaves them out; `skipMismatch` does not. Also for
 *   optimizers of which the checkpoint says too little (Keras 3's MultiOptimizer, gradient_accumulation_steps), unless
 *   `includeOptimizer: false`.
 * - ERR_INVALID_ARGUMENT for a `map` to or from names that do not exist.
 * - What `CheckpointReader.open` and `read` throw.
 *
 * Of an optimizer of another class only the steps and the learning rate are taken; the rest is `unused`. A GRU with
 * reset_after=True and use_bias=False cannot be told from the other variant by what a checkpoint holds: such weights
 * load, and compute something else. Beside the model, memory never holds more than the largest tensor that is read, or
 * 8 MiB if all are smaller.
 *
 * @example
 * (await loadWeights(model, 'out/digits')).assertConsumed();
 */
export async function loadWeights(
  model: LayersModel,
  path: PathLike,
  options: LoadWeightsOptions = {},
): Promise<RestoreStatus> {
  refuseUnknown(options, 'loadWeights', LOAD_WEIGHTS_OPTIONS);
  checkModel(model);
  return await loadInto(model, path, options);
}
