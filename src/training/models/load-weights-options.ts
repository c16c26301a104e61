/** What `loadWeights` may be told, whatever the file. */
import type { Progress } from '../../bundle/writer-options.js';
import type { OptionList } from '../../options.js';

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
   * (`layer_with_weights-0/kernel/.ATTRIBUTES/…`, with or without that suffix) or the path of the dataset in a file of
   * Keras (`layers/dense/vars/0`), Keras's name (`dense/kernel`) or
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
   * For `.h5` files of Keras 2 only. Default false: layers are matched by their order if the file and the model have
   * the same number of layers with weights, as Keras does, else by their names. True: by their names alone, as Keras's
   * `by_name=True`; layers that the file lacks keep their values. ERR_INVALID_ARGUMENT for another file.
   */
  byName?: boolean;
  /**
   * Default false. True: the tensors of the model may be views of the mapped file instead of copies. That is faster and
   * needs less memory, but the file must not be changed in place while the model is in use.
   */
  alias?: boolean;
  /**
   * Ends the load with ERR_ABORTED, whose `cause` is the signal's reason. Large weights are assigned while others are
   * read: those that were assigned until then stay, and the others keep their values. If none was, nothing has changed.
   * A `loadModel` disposes of its model. Default: none.
   */
  signal?: AbortSignal;
  /**
   * Called from time to time with the bytes of values that were read (the phase 'read'), and with all of them at the
   * end. If checksums are compared in a pass of their own, in large checkpoints and in a `.keras`, the phase 'verify'
   * comes first. Default: nothing is called.
   */
  onProgress?(progress: Progress): void;
}

export const LOAD_WEIGHTS_OPTIONS: OptionList<LoadWeightsOptions> = {
  includeOptimizer: 'flag',
  skipMismatch: 'flag',
  include: true,
  exclude: true,
  map: true,
  byName: 'flag',
  alias: 'flag',
  signal: 'signal',
  onProgress: 'function',
};
