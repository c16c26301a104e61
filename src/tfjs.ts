/**
 * TensorFlow.js models and trainings as TensorFlow checkpoints: weights (`saveWeights`, `loadWeights`), whole trainings
 * (`Checkpoint`, `CheckpointManager`), Keras's callbacks, and datasets whose iterators can be saved. The files are those
 * that tf_keras and `tf.train.Checkpoint` write and read. Needs `@tensorflow/tfjs-core`, which every flavour of
 * TensorFlow.js brings, and works on every backend.
 */
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type SaveResult, WRITER_OPTIONS, type WriterOptions } from './bundle/writer-options.js';
import { nextCall } from './commit/call-order.js';
import { nameAsLatest } from './commit/latest-name.js';
import { absolutePrefix } from './commit/names.js';
import { type PathLike, savePathOf } from './commit/paths.js';
import { TensorBundleError } from './errors.js';
import type { RestoreStatus } from './graph/restore/restore-status.js';
import { saveGraph } from './graph/stored/captured-graph.js';
import { checkModel } from './layers/model.js';
import { type OptionList, refuseUnknown } from './options.js';
import { loadInto, weightsOf } from './training/models/model-weights.js';

export type { Progress, SaveResult, WriterOptions } from './bundle/writer-options.js';
export type { PathLike } from './commit/paths.js';
export {
  type AnyDataset,
  CheckpointableDataset,
  type CheckpointableOptions,
  checkpointable,
} from './data/checkpointable.js';
export { type Batched, Dataset, type GeneratorOptions } from './data/dataset.js';
export { DatasetIterator } from './data/dataset-iterator.js';
export { CSVDataset, TextLineDataset, TFRecordDataset } from './data/file-datasets.js';
export { Generator } from './data/generator.js';
export type { Resumable } from './data/resumable.js';
export type { CSVColumn, CSVConfig, CSVRow, CSVValue } from './data/sources/csv.js';
export type { Making } from './data/sources/generated.js';
export { encodeTFRecord } from './data/sources/tf-record.js';
export type { Transform } from './data/stages/map.js';
export { type ErrorCode, TensorBundleError } from './errors.js';
export type { Mismatch } from './graph/restore/mismatch.js';
export { MisplacedWeightsError } from './graph/restore/misplaced.js';
export { RestoreMismatchError, type RestoreStatus } from './graph/restore/restore-status.js';
export type { TrackedValue } from './graph/tracked-value.js';
export { type CopyWeightsOptions, copyWeights } from './layers/copy-weights.js';
export { gru, gruCell } from './layers/gru.js';
export type { KerasGRUArgs, KerasGRUCellArgs } from './layers/gru-options.js';
export { BackupAndRestore, type BackupAndRestoreOptions } from './training/callbacks/backup-and-restore.js';
export { EarlyStopping, type EarlyStoppingOptions } from './training/callbacks/early-stopping.js';
export { ModelCheckpoint, type ModelCheckpointOptions } from './training/callbacks/model-checkpoint.js';
export type { MonitorMode } from './training/callbacks/monitor.js';
export type { BackgroundSave } from './training/checkpoint/background.js';
export { Checkpoint, type RestoreStateOptions, type SaveOptions } from './training/checkpoint/checkpoint.js';
export { Counter, type CounterValue } from './training/checkpoint/counter.js';
export { type AssignmentMap, initFromCheckpoint } from './training/checkpoint/init-from-checkpoint.js';
export type {
  SerializableState,
  Trackables,
  TrackableValue,
  Tracked,
  TrackedIn,
  TracksChildren,
} from './training/checkpoint/trackable-value.js';
export { CheckpointView, TrackableView, type ViewDifference } from './training/checkpoint/views.js';
export { CheckpointManager } from './training/manager/manager.js';
export type { LowSpace, ManagerOptions, ManagerSaveOptions } from './training/manager/manager-options.js';
export type { PreemptionSaver } from './training/manager/preemption-saver.js';
export {
  type KeptCheckpoint,
  keepBest,
  keepEveryHours,
  keepEverySteps,
  keepLatest,
  type RetentionPolicy,
} from './training/manager/retention.js';
export type { SaveFrequency } from './training/manager/save-schedule.js';
export type { CompileOptions } from './training/models/compilation.js';
export { type LoadModelOptions, loadModel, type SaveModelOptions, saveModel } from './training/models/whole-model.js';

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
   * Says where the checkpoint has what is not found without help. Default: nothing is mapped. On the left:
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
 * Saves all weights of a built model, trainable or not, under PREFIX; the optimizer as well, if the model is compiled.
 * What is there is replaced atomically. The values are those of the moment of the call; training may go on meanwhile.
 * For an uncompiled model the bytes are those that tf_keras's `save_weights(prefix)` writes for the same architecture
 * and layer names. Layers without a name of yours get Keras's automatic names.
 *
 * Throws what `CheckpointWriter.finish` throws; ERR_NOT_SUPPORTED for a layer with weights, or an optimizer, that this
 * version does not know; ERR_INVALID_ARGUMENT for a model that is not built, or `includeOptimizer: true` for one that
 * is not compiled. If writing the state file fails, the weights are saved already.
 *
 * @example
 * await saveWeights(model, 'out/digits');      // out/digits.index, out/digits.data-00000-of-00001, out/checkpoint
 */
export async function saveWeights(
  model: LayersModel,
  prefix: PathLike,
  options: SaveWeightsOptions = {},
): Promise<SaveResult> {
  refuseUnknown(options, 'saveWeights', SAVE_WEIGHTS_OPTIONS);
  const { includeOptimizer = true, optimizerKeys, updateState = true, ...writer } = options;
  checkModel(model);
  if (options.includeOptimizer && !model.optimizer) {
    throw new TensorBundleError(
      'ERR_INVALID_ARGUMENT',
      'the model has no optimizer; compile it, or leave includeOptimizer out',
    );
  }
  const path = savePathOf(prefix);
  // Before anything is awaited: a later process.chdir must not part the weights from their state file.
  const absolute = absolutePrefix(path);
  const call = nextCall();
  const result = await saveGraph(weightsOf(model, { optimizers: includeOptimizer, optimizerKeys }), path, writer);
  if (updateState) {
    await nameAsLatest(absolute, { durable: writer.durable ?? true, call });
  }
  return result;
}

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
 * 1 MiB if all are smaller.
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
