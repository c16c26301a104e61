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
 * Loads weights into a built model; also the state of its optimizer, if the model is compiled and there is one. What is
 * at PATH is known by its content. Only what the model needs is read.
 *
 * - A checkpoint: a prefix, one of its files, or a directory (its latest checkpoint), of what tf_keras or this package
 *   saved as weights, of `tf.train.Checkpoint(model=…)`, or of a SavedModel. Variables are found by their path of
 *   objects, not by the names of layers. A checkpoint without an object graph is matched by Keras's names of variables,
 *   or by `map`.
 * - `.weights.h5` of Keras 3 or tf_keras, `.weights.json` with several such files (`max_shard_size`), or the weights in
 *   a `.keras`: found by the path of objects, too.
 * - `.h5` of Keras 2, of weights or of a whole model: matched by the order of layers, or by their names.
 *
 * HDF5 files with parts that this package's own reader does not know need the package `h5wasm`.
 *
 * Missing and unused values are not errors: look at the status. Shapes and dtypes of everything, and the checksums of a
 * checkpoint or a `.keras`, are checked before anything is changed. Of a checkpoint nothing is converted: float16
 * values do not fit a float32 variable. Of Keras's files, floating-point values are, as Keras does.
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
 * - ERR_ABORTED if the `signal` fires: see there what has changed then.
 * - What `CheckpointReader.open` and `read` throw. For files of Keras: ERR_NOT_FOUND, ERR_CORRUPT, ERR_TRUNCATED,
 *   ERR_CHECKSUM (in a `.keras`), ERR_TOO_LARGE, ERR_MISSING_SHARD, ERR_IO; ERR_NOT_SUPPORTED for a form that is not
 *   known.
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
 * (await loadWeights(model, 'from-python.weights.h5')).assertConsumed();
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
