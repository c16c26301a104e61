/** Writes a model, or an object with functions and variables, as a SavedModel. */
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { CopyBudget } from '../../../bundle/tf-staging.js';
import { type SaveResult, WRITER_OPTIONS, type WriterOptions } from '../../../bundle/writer-options.js';
import { type PathLike, savePathOf } from '../../../commit/paths.js';
import { invalidArgument } from '../../../errors.js';
import { isModel } from '../../../layers/model.js';
import { type OptionList, refuseUnknown } from '../../../options.js';
import type { Trackables, Tracked } from '../../checkpoint/trackable-value.js';
import { CapturedSavedModel } from './captured-saved-model.js';
import type { Signatures } from './chosen-signatures.js';
import type { Contents } from './contents.js';
import { modelContents } from './model-contents.js';
import { objectContents } from './object-contents.js';

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

/** Options for an object that is not a model. */
export interface SaveObjectOptions extends SavedModelWriterOptions {
  /**
   * The functions that programs for serving call: one, which is then called `serving_default`, or several by their
   * names. They need not be in the object; the variables that they use must be. Default: if there is one function in
   * the object, that one as `serving_default`. If there are several, each that the object itself holds under its own
   * name, and one of them, if it is called `serving_default`, `call` or `predict`, as `serving_default` too.
   */
  signatures?: Signatures;
}

export interface SaveModelOptions extends SavedModelWriterOptions {
  /**
   * Whether the loss, the metrics and the optimizer with its state are saved, too. Default: whether the model is
   * compiled.
   */
  includeOptimizer?: boolean;
  /**
   * What else is saved with the model, by name: a step (`Counter`), an iterator of a dataset, a tf.Variable, a function
   * that `func` made. Python reads a step as `tf.saved_model.load(dir).extra.step`. Default: nothing.
   */
  extra?: Trackables;
  /**
   * The functions that programs for serving call: one, which is then called `serving_default`, or several by their
   * names. They may use the variables of the model and of `extra`. Default: the model itself, as `serving_default`.
   */
  signatures?: Signatures;
  /**
   * Whether TensorFlow can run the model without Keras: `tf.saved_model.load(dir)` can then be called and trained, and
   * there is a signature for serving. True: rejects with the reason if the model cannot become a graph. False: no
   * functions are traced, which saves their time. Default: true, but a model that cannot become a graph is saved
   * without functions, and a warning says why. If Keras lacks some of its layers, it needs functions.
   */
  saveTraces?: boolean;
}

const SAVE_MODEL_OPTIONS: OptionList<SaveModelOptions> = {
  ...SAVED_MODEL_WRITER_OPTIONS,
  includeOptimizer: 'flag',
  extra: true,
  signatures: true,
  saveTraces: 'flag',
};

/**
 * Saves a model as a SavedModel: its architecture, its weights, and how it was compiled, with the state of the
 * optimizer. Python has a real model of it with `tf_keras.models.load_model(dir)` (TensorFlow 2.16 and later:
 * `pip install tf_keras`; before: `tf.keras`): it predicts the same, evaluates and trains on. As with Keras's own
 * SavedModels, that model's optimizer begins anew; `model.load_weights(dir + '/variables/variables')` after
 * `load_model`, or `tf.train.Checkpoint`, restores its state.
 *
 * Anything else that a `Checkpoint` takes, with functions that `func` made anywhere in it, is saved as
 * `tf.saved_model.save` saves a tf.Module: `tf.saved_model.load(dir)` has its functions, its variables, which can be
 * trained on, and the lists `variables` and `trainable_variables` (unless the object has something under these names).
 * Its signatures can be served by anything that runs TensorFlow; `loadFunctions` runs them here. Functions are traced
 * during the call, which needs the backend of `@tensorflow/tfjs-node`. An instance of a class with such functions in
 * its fields is taken, too: of its other fields, numbers, strings and plain functions are left out.
 *
 * A model gets functions, too, as with Keras's `save_traces=True`: `tf.saved_model.load(dir)` is called as
 * `loaded(inputs)` or `loaded(inputs, training=True)`, has `variables` and `trainable_variables`, and the signature
 * `serving_default`. They compute what TensorFlow.js computes: with `training`, BatchNormalization moves its averages
 * even if it is frozen, and Dropout draws anew at each call. A stateful layer, or one that reads the values of tensors,
 * cannot become a graph: then there are no functions, and a warning says why.
 *
 * The values are those of the moment of the call; training may go on meanwhile. DIR is replaced as a whole: readers,
 * and a crash, see the old model or the new one. It is replaced only if it holds nothing but a SavedModel.
 *
 * Layers, activations, initializers, regularizers and constraints that Keras lacks are run by the functions. Only
 * `load_model` needs them, as `custom_objects`; a warning lists them.
 *
 * Rejects with ERR_NOT_SUPPORTED if Keras lacks something and there are no functions, because the model cannot become a
 * graph or `saveTraces` is false (the error lists all and says why), or for an optimizer that this version does not
 * know; ERR_INVALID_ARGUMENT for a model that is not built, `includeOptimizer: true` for one that is not compiled, an
 * `extra` that cannot be saved, an object with nothing in it, names that TensorFlow refuses, and functions that use a
 * variable which is not saved with them; ERR_NOT_SUPPORTED for a function that cannot become a graph (the error names
 * the function, the operation and its place in the program); ERR_EXISTS if DIR holds anything else; and with what
 * `CheckpointWriter.finish` throws.
 *
 * A loss or a metric that is a user-defined function cannot be written, and a few metrics Keras computes otherwise. A
 * warning names them. Without its loss, Keras loads the model uncompiled.
 *
 * @example
 * await saveModel(model, 'out/digits', { extra: { step: counter } });
 * @example
 * const scaled = func(x => x.mul(scale), [{ shape: [null, 3], dtype: 'float32' }]);
 * await saveModel({ scale, scaled }, 'out/scaled');
 */
export async function saveModel(model: LayersModel, dir: PathLike, options?: SaveModelOptions): Promise<void>;
export async function saveModel<T extends object>(
  object: T & Tracked<T>,
  dir: PathLike,
  options?: SaveObjectOptions,
): Promise<void>;
export async function saveModel(object: object, dir: PathLike, options: SaveModelOptions = {}): Promise<void> {
  await writeSavedModel(object, dir, options);
}

/** As `saveModel`, and says what was written. */
export async function writeSavedModel(object: object, dir: PathLike, options: SaveModelOptions): Promise<SaveResult> {
  refuseUnknown(options, 'saveModel', SAVE_MODEL_OPTIONS);
  const { includeOptimizer, extra, signatures, saveTraces, ...writer } = options;
  const path = savePathOf(dir, 'savedmodel');
  const contents = contentsOf(object, { includeOptimizer, extra, signatures, saveTraces });
  return await new CapturedSavedModel(contents, CopyBudget.forForeground()).write(path, writer);
}

type Choice = Pick<SaveModelOptions, 'includeOptimizer' | 'extra' | 'signatures' | 'saveTraces'>;

function contentsOf(object: object, choice: { [K in keyof Choice]: Choice[K] | undefined }): Contents {
  const { includeOptimizer, extra, signatures, saveTraces } = choice;
  if (isModel(object)) {
    if (includeOptimizer && !object.optimizer) {
      throw invalidArgument('the model has no optimizer; compile it, or leave includeOptimizer out');
    }
    return modelContents(object, choice);
  }
  if (includeOptimizer !== undefined || extra !== undefined || saveTraces !== undefined) {
    throw invalidArgument(
      '`includeOptimizer`, `extra` and `saveTraces` are for models; an object is saved with everything that is in it',
    );
  }
  return objectContents(object, signatures);
}
