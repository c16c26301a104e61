/** Saves the weights of a model as the `save_weights` of tf_keras and Keras 3 do. */
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type SaveResult, WRITER_OPTIONS, type WriterOptions } from '../../bundle/writer-options.js';
import { nameAsLatest } from '../../commit/latest-name.js';
import { type PathLike, pathOf, savePathOf } from '../../commit/paths.js';
import { invalidArgument } from '../../errors.js';
import { saveGraph } from '../../graph/stored/captured-graph.js';
import { checkModel } from '../../layers/model.js';
import { type OptionList, refuseUnknown } from '../../options.js';
import { saveKerasFile } from '../keras/files/captured-keras-file.js';
import { type FileForm, weightsForm } from '../keras/files/file-form.js';
import { checkFileOptions } from '../keras/files/file-options.js';
import { weightsTrackable } from '../models/model-weights.js';

export interface SaveWeightsOptions extends WriterOptions {
  /**
   * Whether the state of the model's optimizer is saved, too. Default: whether the model is compiled, as in tf_keras.
   */
  includeOptimizer?: boolean;
  /**
   * The names under which the optimizer is written. 'new' (default): those of tf_keras's new optimizers; 'legacy':
   * those of its legacy optimizers.
   */
  optimizerKeys?: 'new' | 'legacy';
  /**
   * Default true: the directory's `checkpoint` file then names this checkpoint as the latest, as with tf_keras. False:
   * that file stays as it is.
   */
  updateState?: boolean;
}

const SAVE_WEIGHTS_OPTIONS: OptionList<SaveWeightsOptions> = {
  ...WRITER_OPTIONS,
  includeOptimizer: 'flag',
  optimizerKeys: ['new', 'legacy'],
  updateState: 'flag',
};

/**
 * Saves all weights of a built model, trainable or not; the optimizer as well, if the model is compiled. What is there
 * is replaced atomically. The values are those of the moment of the call; training may go on meanwhile. The name
 * chooses the form:
 *
 * - `out/digits.weights.h5`: the file of Keras 3's `save_weights`, which tf_keras loads, too (but for the optimizer).
 * - `out/digits.h5` (or `.hdf5`): the file of Keras 2's `save_weights`, without the optimizer.
 * - Any other name is a prefix. For an uncompiled model the bytes are those that tf_keras's `save_weights(prefix)`
 *   writes for the same architecture and layer names. Layers without a name of yours get Keras's automatic names.
 *
 * One file takes no options that only checkpoints have: `shards`, `keepPrevious`, `overwrite: 'in-place'`,
 * `optimizerKeys`, `updateState`. The result tells its path as `prefix`, and one shard.
 *
 * Values that TensorFlow.js holds as a JavaScript array (all of them on the cpu backend; on tfjs-node those that no
 * operation has used yet) are copied at the call, up to 32 MiB in all, because your program may write into such an
 * array later. Of arrays beyond the 32 MiB, such a later write may be saved. A background
 * save copies up to 4 MiB, so that its call stays short: write into no such array before it is `staged`.
 *
 * Throws what `CheckpointWriter.finish` throws; ERR_NOT_SUPPORTED for a layer with weights, or an optimizer, that this
 * version does not know, and for a name that means something else, such as `.keras` (a whole model);
 * ERR_INVALID_ARGUMENT for a model that is not built, or `includeOptimizer: true` for one that is not compiled, or for
 * a form without an optimizer, and for options that the form does not have. If writing the state file fails, the
 * weights are saved already.
 *
 * @example
 * await saveWeights(model, 'out/digits');      // out/digits.index, out/digits.data-00000-of-00001, out/checkpoint
 */
export async function saveWeights(
  model: LayersModel,
  path: PathLike,
  options: SaveWeightsOptions = {},
): Promise<SaveResult> {
  refuseUnknown(options, 'saveWeights', SAVE_WEIGHTS_OPTIONS);
  const { includeOptimizer = true, optimizerKeys, updateState = true, ...writer } = options;
  checkModel(model);
  if (options.includeOptimizer && !model.optimizer) {
    throw invalidArgument('the model has no optimizer; compile it, or leave includeOptimizer out');
  }
  const local = pathOf(path);
  const form = weightsForm(local);
  if (form !== null) return await saveWeightsFile(model, local, form, options);
  const root = weightsTrackable(model, { optimizers: includeOptimizer, optimizerKeys });
  return await saveGraph(root, savePathOf(path), writer, updateState ? nameAsLatest : undefined);
}

async function saveWeightsFile(
  model: LayersModel,
  path: string,
  form: FileForm,
  options: SaveWeightsOptions,
): Promise<SaveResult> {
  if (form === 'h5-weights' && options.includeOptimizer) {
    throw invalidArgument(
      `a file such as '${path}' holds the weights of layers only; leave includeOptimizer out, save to a name that ` +
        "ends in '.weights.h5', or save the whole model with saveModel",
      { path },
    );
  }
  const checked = checkFileOptions(options, 'saveWeights', SAVE_WEIGHTS_OPTIONS, path);
  return await saveKerasFile(model, path, form, options.includeOptimizer, checked);
}
