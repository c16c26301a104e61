/**
 * TensorFlow.js models and trainings as TensorFlow checkpoints: weights (`saveWeights`, `loadWeights`), whole trainings
 * (`Checkpoint`, `CheckpointManager`), Keras's callbacks, and datasets whose iterators can be saved. The files are
 * those that tf_keras and `tf.train.Checkpoint` write and read. Needs `@tensorflow/tfjs-core`, which every flavour of
 * TensorFlow.js brings, and works on every backend.
 */
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
export { Generator } from './data/random/generator.js';
export type { Resumable } from './data/resumable.js';
export type { CSVColumn, CSVConfig, CSVRow, CSVValue } from './data/sources/csv.js';
export type { Making } from './data/sources/generated.js';
export { encodeTFRecord } from './data/sources/tf-record.js';
export type { Transform } from './data/stages/map.js';
export { type ErrorCode, TensorBundleError } from './errors.js';
export type { Mismatch } from './graph/mismatch.js';
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
export { Checkpoint } from './training/checkpoint/checkpoint.js';
export type { RestoreStateOptions, SaveOptions } from './training/checkpoint/checkpoint-options.js';
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
export { loadModel } from './training/formats/load-any-format.js';
export { loadWeights } from './training/formats/load-weights.js';
export { type SaveModelOptions, saveModel } from './training/formats/save-in-format.js';
export { type SaveWeightsOptions, saveWeights } from './training/formats/save-weights.js';
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
export type { LoadWeightsOptions } from './training/models/load-weights-options.js';
export type { LoadModelOptions } from './training/models/whole-model.js';
