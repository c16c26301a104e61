/** Makes a model from what is stored at a path, whatever its form. */
import '../../disposal.js';
import { join } from 'node:path';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { kindIn, withoutSlashes } from '../../bundle/locate.js';
import { CheckpointReader } from '../../bundle/reader.js';
import { type PathLike, pathOf } from '../../commit/paths.js';
import { refuseUnknown } from '../../options.js';
import { withDirectories } from '../../storage/directories.js';
import { LOAD_MODEL_OPTIONS, type LoadModelOptions, modelIn } from '../models/whole-model.js';
import { SAVED_MODEL, VARIABLES } from '../savedmodel/stored/file-names.js';
import { openStored } from './opened-by-content.js';

/**
 * Makes a new model: its architecture, its weights, and how it was compiled, with the state of the optimizer.
 * User-defined classes must be registered (`tf.serialization.registerClass`). What is at PATH is known by its content:
 *
 * - What `saveModel`, `model.save('ckpt://…')` or `ModelCheckpoint` with `saveWeightsOnly: false` saved: a prefix, one
 *   of its files, or a directory (its latest checkpoint).
 * - A SavedModel that Keras wrote, by its directory.
 * - A `.keras` of Keras 3 or tf_keras; also unpacked, as a directory.
 * - An `.h5` of a whole model, of Keras 2 or Keras 3.
 *
 * The optimizer of a model from Keras is one of tensorbundle/optimizers, which have Keras's formulas, so that training
 * goes on as it would in Python. A warning names what differs from Keras. If TensorFlow.js lacks the loss or the
 * optimizer, and `loss` is not given, the model is not compiled: compile it, and `loadWeights(model, path)` restores
 * the state of the optimizer. Losses with Keras's options (`from_logits`, `label_smoothing`, `delta`) and
 * `loss_weights` stay what they are, also when the model is saved again; the logs have the loss of each output with its
 * weight.
 *
 * User-defined functions among its loss and metrics were not saved: give them as `loss` and `metrics`. Without them the
 * model is loaded uncompiled; compile it, and `loadWeights(model, path)` restores the state of the optimizer.
 *
 * Rejects with:
 *
 * - ERR_NOT_FOUND if there are only weights.
 * - ERR_NOT_SUPPORTED if TensorFlow.js lacks layers or options of a model of Keras: the error lists all, and says what
 *   to register.
 * - ERR_INVALID_ARGUMENT for `loss` or `metrics` if the model was saved uncompiled.
 * - ERR_ABORTED if the `signal` fires; the model is disposed of then.
 * - ERR_CORRUPT for an architecture that is not JSON; ERR_TOO_LARGE for one above 64 MiB.
 * - What `loadModel` of `tensorbundle/savedmodel` throws for a SavedModel; what `loadWeights` and TensorFlow.js throw.
 *
 * @example
 * const model = await loadModel('from-python.keras');
 */
export async function loadModel(path: PathLike, options: LoadModelOptions = {}): Promise<LayersModel> {
  refuseUnknown(options, 'loadModel', LOAD_MODEL_OPTIONS);
  const { signal, onProgress } = options;
  await using stored = await openStored(path, { signal, onProgress: onProgress?.bind(options) });
  if (!(stored instanceof CheckpointReader)) {
    const { loadKerasModel } = await import('../keras/files/load-keras-model.js');
    return await loadKerasModel(stored, options);
  }
  const savedModel = await savedModelAt(path, stored.prefix);
  if (savedModel === null) return await modelIn(stored, options);
  // Most programs load no SavedModel, and its schemas take milliseconds.
  const { loadModel: loadSavedModel } = await import('../savedmodel/loaded/load-model.js');
  return await loadSavedModel(savedModel, options);
}

/** The directory of the SavedModel, if the path means that. A path below it means the checkpoint in it. */
async function savedModelAt(given: PathLike, prefix: string): Promise<string | null> {
  const directory = withoutSlashes(pathOf(given));
  if (prefix !== join(directory, VARIABLES, VARIABLES)) return null;
  const kind = await withDirectories(directories => kindIn(directories, join(directory, SAVED_MODEL)));
  return kind === null ? null : directory;
}
