/** Saves a whole model: as one checkpoint, as a file of Keras, or as a SavedModel. */
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type SaveResult, WRITER_OPTIONS, type WriterOptions } from '../../bundle/writer-options.js';
import { nameAsLatest } from '../../commit/latest-name.js';
import { type PathLike, pathOf, savePathOf } from '../../commit/paths.js';
import { saveGraph } from '../../graph/stored/captured-graph.js';
import { checkModel } from '../../layers/model.js';
import { type OptionList, refuseUnknown } from '../../options.js';
import { saveKerasFile } from '../keras/files/captured-keras-file.js';
import { modelForm } from '../keras/files/file-form.js';
import { checkFileOptions } from '../keras/files/file-options.js';
import { wholeModel } from '../models/whole-model.js';
import { type SaveModelOptions as SavedModelOptions, writeSavedModel } from '../savedmodel/written/save-model.js';

export interface SaveModelOptions extends WriterOptions {
  /**
   * Whether the loss, the metrics and the optimizer with its state are saved, too. Default: whether the model is
   * compiled.
   */
  includeOptimizer?: boolean;
  /**
   * Default: by the name. 'keras', for names that end in `.keras`: the file of Keras 3. 'h5', for `.h5` and `.hdf5`: a
   * whole model in an HDF5 file, as tf_keras writes it. 'checkpoint', for all other names: one checkpoint, of which
   * Python reads the weights. 'savedmodel': the directory PATH becomes a SavedModel, which Python loads with its
   * architecture, as `saveModel` of `tensorbundle/savedmodel` writes it. For all but checkpoints `overwrite` may be
   * 'atomic' or 'error', and there is no `keepPrevious`; one file has no `shards`.
   */
  format?: 'checkpoint' | 'savedmodel' | 'keras' | 'h5';
}

const SAVE_MODEL_OPTIONS: OptionList<SaveModelOptions> = {
  ...WRITER_OPTIONS,
  includeOptimizer: 'flag',
  format: ['checkpoint', 'savedmodel', 'keras', 'h5'],
};

/**
 * Saves a model with its architecture, how it was compiled, and the state of its optimizer, for `loadModel`, and in
 * Keras's own forms for Python:
 *
 * - `out/digits.keras`: Keras 3 loads it with `keras.saving.load_model`, and predicts, evaluates and trains on.
 * - `out/digits.h5` (or `.hdf5`): the same with tf_keras. Keras 3 calls this form legacy, and loads it without the
 *   optimizer: `load_model(path, compile=False)`.
 * - Another name: one checkpoint, which the directory's `checkpoint` file then names as the latest; with `format:
 *   'savedmodel'` a SavedModel.
 *
 * A file is replaced atomically and is on stable storage, as a checkpoint is: it is written beside the old one, opened
 * again, and renamed. The result tells its path as `prefix`, and one shard.
 *
 * What Keras lacks is in the file under its own name, and a warning says what to do in Python: layers and activations
 * have to be registered there, and a model whose loss Keras lacks has to be compiled there.
 *
 * Throws what `saveWeights` throws, or what `saveModel` of `tensorbundle/savedmodel` throws. For a file also:
 * ERR_NOT_SUPPORTED for an optimizer that Keras lacks, and for a name that means weights alone; ERR_INVALID_ARGUMENT
 * for a format that does not fit the name, and for options that only checkpoints have.
 *
 * @example
 * await saveModel(model, 'out/digits.keras');
 */
export async function saveModel(
  model: LayersModel,
  path: PathLike,
  options: SaveModelOptions = {},
): Promise<SaveResult> {
  refuseUnknown(options, 'saveModel', SAVE_MODEL_OPTIONS);
  const { includeOptimizer = true, format = 'checkpoint', ...writer } = options;
  const local = pathOf(path);
  const form = modelForm(local, options.format);
  if (form !== null) {
    const checked = checkFileOptions(writer, 'saveModel', WRITER_OPTIONS, local);
    checkModel(model);
    return await saveKerasFile(model, local, form, options.includeOptimizer, checked);
  }
  checkModel(model);
  // Options that a SavedModel lacks are refused there.
  if (format === 'savedmodel')
    return await writeSavedModel(model, path, {
      ...writer,
      includeOptimizer: options.includeOptimizer,
    } as SavedModelOptions);
  return await saveGraph(wholeModel(model, includeOptimizer), savePathOf(path), writer, nameAsLatest);
}
