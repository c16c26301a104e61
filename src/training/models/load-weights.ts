/** The weights of a model, loaded from a checkpoint whoever wrote it. */
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { PathLike } from '../../commit/paths.js';
import type { RestoreStatus } from '../../graph/restore/restore-status.js';
import { checkModel } from '../../layers/model.js';
import { type OptionList, refuseUnknown } from '../../options.js';
import { loadInto } from './model-weights.js';

export interface LoadWeightsOptions {
  /**
   * Default true: a compiled model takes the state of its optimizer, too, if the checkpoint has one. False: weights only; the
   * optimizer stays as it is, and what the checkpoint has for one counts neither as loaded nor as unused.
   */
  includeOptimizer?: boolean;
  /** Default false. True: variables whose shape or dtype differs keep their value, the rest is loaded. */
  skipMismatch?: boolean;
  /**
   * Load only variables of which a name matches: the checkpoint key (`layer_with_weights-0/kernel/.ATTRIBUTES/…`, with or
   * without that suffix), Keras's name (`dense/kernel`) or tfjs's (`dense_Dense1/kernel`). What an optimizer keeps for a variable
   * goes with it; its numbers are known by key, Keras's name (`learning_rate`, `iterations`, `decay`, …) and the optimizer's.
   */
  include?: RegExp;
  /** Do not load variables of which a name matches, nor what an optimizer keeps for them; stronger than `include`. */
  exclude?: RegExp;
  /**
   * Where the checkpoint has what cannot be found by itself. On the left a variable (any of the names `include` knows), with
   * the name of its tensor or the path of its object on the right; or a layer (tfjs's name, Keras's, or its path:
   * `layer_with_weights-0`, `layer-2/cell`), with the path of the object that everything below the layer is then found from
   * (`model/d1`, `blocks/1`; from the root of the checkpoint or of the model in it). In a checkpoint without an object graph
   * a layer's right side is the scope of the names of its tensors (`old/dense`). A name that does not exist on either side
   * is ERR_INVALID_ARGUMENT, with those that do.
   */
  map?: Record<string, string>;
  /**
   * Default false. True: the model's tensors may be views of the mapped file instead of copies; faster and needs less memory,
   * but the file must not be changed in place while the model lives.
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
 * Loads weights into a built model, and the state of its optimizer if it is compiled and the checkpoint has one: from what tf_keras or this package saved with `saveWeights`, from
 * `tf.train.Checkpoint(model=…)`, or from a SavedModel's variables. PATH is a prefix, one of its files, or a directory (its
 * latest checkpoint). Variables are found by their path of objects, not by layer names; a checkpoint without an object graph
 * is matched by Keras's variable names or by `map`. Only what the model needs is read.
 *
 * Missing and unused values do not reject: look at the status. Shapes, dtypes and checksums of everything are checked before
 * anything is changed; a mismatch rejects with ERR_MISMATCH (`error.status` says more) unless `skipMismatch`. Nothing is
 * converted: float16 values are a mismatch for a float32 variable. Weights that by their position would go to one layer and by
 * their name in the checkpoint are those of another that you named reject with a MisplacedWeightsError (ERR_MISMATCH), also with
 * `skipMismatch`: see `map`; tf_keras takes them. Values of something that TensorFlow.js cannot compute (layers with LoRA adapters),
 * or of the other variant of a GRU (`gru` makes Keras's), reject with ERR_NOT_SUPPORTED, also with `skipMismatch`, unless `include`
 * or `exclude` leave them out; so do optimizers of which a checkpoint does not tell enough (Keras 3's MultiOptimizer,
 * gradient_accumulation_steps), unless `includeOptimizer: false`. Of an optimizer of another class only the steps and the
 * learning rate are taken; the rest is `unused`. A GRU with reset_after=True and use_bias=False cannot be told from the other
 * variant by what a checkpoint holds: such weights load, and compute something else.
 * Beside the model, memory never holds more than the largest tensor that is read, or 1 MiB where all are smaller.
 * ERR_INVALID_ARGUMENT for a `map` to or from names that do not exist.
 * Throws also what CheckpointReader.open and read throw.
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
