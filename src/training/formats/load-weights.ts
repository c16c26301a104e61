/** Loads the weights of a model from a checkpoint or a file of Keras, whatever program wrote it. */
import '../../disposal.js';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { PathLike } from '../../commit/paths.js';
import type { RestoreStatus } from '../../graph/restore/restore-status.js';
import { checkModel } from '../../layers/model.js';
import { refuseUnknown } from '../../options.js';
import { LOAD_WEIGHTS_OPTIONS, type LoadWeightsOptions } from '../models/load-weights-options.js';
import { loadStored } from './load-stored.js';

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
 * load, and compute something else.
 *
 * All values are checked before one is assigned. If they take at most a quarter of the free memory, they are read once
 * and are all in memory beside the model until they are assigned. If they take more, they are read twice, and beside
 * the model there are at most 64 MiB of them, or the largest one if it is larger. With tfjs-node, TensorFlow takes
 * large values without a copy. What they replaced is freed when garbage is collected, at the latest after 512 MiB more
 * were read.
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
  return await loadStored(model, path, options);
}
