/**
 * Writes, reads, checks, copies and merges TensorFlow checkpoints. Begin with `CheckpointWriter` and
 * `CheckpointReader`. Nothing here needs TensorFlow or TensorFlow.js.
 */
export { checkpointExists, latestCheckpoint, latestValidCheckpoint } from './bundle/find-latest.js';
export { listVariables, loadVariable } from './bundle/list.js';
export type { ReadOptions } from './bundle/read-options.js';
export { CheckpointReader, type Entry, type SliceEntry } from './bundle/reader.js';
export { copyCheckpoint, mergeCheckpoints } from './bundle/rewriting.js';
export type { SaveEvent, SavePhase } from './bundle/save-events.js';
export type { LazyTensor, TensorSource } from './bundle/source.js';
export type { TfTensorLike } from './bundle/tf-engine.js';
export type { VerifyOptions, VerifyProblem, VerifyReport } from './bundle/verify.js';
export { verifyCheckpoint } from './bundle/verify.js';
export { CheckpointWriter } from './bundle/writer.js';
export type { Progress, SaveResult, WriterOptions } from './bundle/writer-options.js';
export { removeCheckpoint } from './commit/checkpoint-removal.js';
export type { PathLike } from './commit/paths.js';
export {
  type CheckpointState,
  type CheckpointStateUpdate,
  readCheckpointState,
  updateCheckpointState,
} from './commit/state-file.js';
export { type ErrorCode, TensorBundleError } from './errors.js';
export type {
  DataOf,
  DType,
  NumericArray,
  StoredDType,
  TensorData,
  TensorValue,
  UnknownDType,
} from './format/dtypes.js';
export type { ShardPolicy } from './format/shard-plan.js';
