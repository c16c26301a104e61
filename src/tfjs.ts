/**
 * `tensorbundle/tfjs`: the weights of TensorFlow.js models as TensorFlow checkpoints, in the files that tf_keras's
 * `save_weights(prefix)` writes and `load_weights(prefix)` reads. Needs `@tensorflow/tfjs-core` (which every flavour of
 * TensorFlow.js brings); works on every backend.
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
  /** Whether the state of the model's optimizer is saved with it. Default: whether the model is compiled, as in tf_keras. */
  includeOptimizer?: boolean;
  /** Under whose names the optimizer is written: those of tf_keras's new optimizers (default) or of its legacy ones. */
  optimizerKeys?: 'new' | 'legacy';
  /** Default true: the `checkpoint` file of the directory then names this checkpoint as the latest, as tf_keras does. */
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
 * Saves all weights of a built model (trainable or not), and its optimizer if it is compiled, under PREFIX, replacing what is there atomically. The values are
 * those of the moment of the call; training may go on meanwhile. An uncompiled model gives the bytes that tf_keras's
 * `save_weights(prefix)` gives for the same architecture and layer names; layers that were not named get Keras's automatic
 * names.
 *
 * Values that TensorFlow.js holds as an array of JavaScript's (all of them on the cpu backend; on tfjs-node those that no
 * operation has used) are copied at the call, since others may write into that array: this takes their size in memory until
 * they are written. All other values are read in pieces of 2 MiB.
 *
 * Throws what CheckpointWriter.finish throws (and what writing the state file does, after the commit: the weights are then
 * saved); ERR_NOT_SUPPORTED for a layer with weights, or an optimizer, that this version does not know; ERR_INVALID_ARGUMENT for a
 * model that is not built, or `includeOptimizer: true` for one that is not compiled.
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
