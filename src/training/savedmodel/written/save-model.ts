/** Writes a model as a SavedModel. */
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { CopyBudget } from '../../../bundle/tf-staging.js';
import { type SaveResult, WRITER_OPTIONS, type WriterOptions } from '../../../bundle/writer-options.js';
import { type PathLike, savePathOf } from '../../../commit/paths.js';
import { invalidArgument } from '../../../errors.js';
import { checkModel } from '../../../layers/model.js';
import { type OptionList, refuseUnknown } from '../../../options.js';
import type { Trackables } from '../../checkpoint/trackable-value.js';
import { CapturedModel } from './captured-model.js';

/** How the files are written. */
export interface SavedModelWriterOptions
  extends Pick<WriterOptions, 'shards' | 'durable' | 'lockTimeoutMs' | 'signal' | 'onProgress'> {
  /** What to do if there is a SavedModel. 'atomic' (default): it is replaced as a whole. 'error': ERR_EXISTS. */
  overwrite?: 'atomic' | 'error';
}

export const SAVED_MODEL_WRITER_OPTIONS: OptionList<SavedModelWriterOptions> = {
  shards: WRITER_OPTIONS.shards,
  durable: 'flag',
  overwrite: ['atomic', 'error'],
  lockTimeoutMs: true,
  signal: 'signal',
  onProgress: 'function',
};

export interface SaveModelOptions extends SavedModelWriterOptions {
  /**
   * Whether the loss, the metrics and the optimizer with its state are saved, too. Default: whether the model is
   * compiled.
   */
  includeOptimizer?: boolean;
  /**
   * What else is saved with the model, by name: a step (`Counter`), an iterator of a dataset, a tf.Variable. Python
   * reads a step as `tf.saved_model.load(dir).extra.step`. Default: nothing.
   */
  extra?: Trackables;
}

const SAVE_MODEL_OPTIONS: OptionList<SaveModelOptions> = {
  ...SAVED_MODEL_WRITER_OPTIONS,
  includeOptimizer: 'flag',
  extra: true,
};

/**
 * Saves a model as a SavedModel: its architecture, its weights, and how it was compiled, with the state of the
 * optimizer. Python has a real model of it with `tf_keras.models.load_model(dir)` (TensorFlow 2.16 and later:
 * `pip install tf_keras`; before: `tf.keras`): it predicts the same, evaluates and trains on. As with Keras's own
 * SavedModels, that model's optimizer begins anew; `model.load_weights(dir + '/variables/variables')` after
 * `load_model`, or `tf.train.Checkpoint`, restores its state.
 *
 * It is what Keras writes with `save_traces=False`: there are no functions in it. So `tf.saved_model.load(dir)` gives
 * the variables and no signatures, and TensorFlow Serving cannot run it.
 *
 * The values are those of the moment of the call; training may go on meanwhile. DIR is replaced as a whole: readers,
 * and a crash, see the old model or the new one. It is replaced only if it holds nothing but a SavedModel.
 *
 * Rejects with ERR_NOT_SUPPORTED if Keras lacks some of the layers, or of their activations, initializers, regularizers
 * or constraints (the error lists all), or for an optimizer that this version does not know; ERR_INVALID_ARGUMENT for a
 * model that is not built, `includeOptimizer: true` for one that is not compiled, or an `extra` that cannot be saved;
 * ERR_EXISTS if DIR holds anything else; and with what `CheckpointWriter.finish` throws.
 *
 * A loss or a metric that is a user-defined function cannot be written, and a few metrics Keras computes otherwise. A
 * warning names them. Without its loss, Keras loads the model uncompiled.
 *
 * @example
 * await saveModel(model, 'out/digits', { extra: { step: counter } });
 */
export async function saveModel(model: LayersModel, dir: PathLike, options: SaveModelOptions = {}): Promise<void> {
  await writeSavedModel(model, dir, options);
}

/** As `saveModel`, and says what was written. */
export async function writeSavedModel(
  model: LayersModel,
  dir: PathLike,
  options: SaveModelOptions,
): Promise<SaveResult> {
  refuseUnknown(options, 'saveModel', SAVE_MODEL_OPTIONS);
  const { includeOptimizer, extra, ...writer } = options;
  checkModel(model);
  if (includeOptimizer && !model.optimizer) {
    throw invalidArgument('the model has no optimizer; compile it, or leave includeOptimizer out');
  }
  const path = savePathOf(dir, 'savedmodel');
  return await new CapturedModel(model, { includeOptimizer, extra }, CopyBudget.forForeground()).write(path, writer);
}
