/** A training that goes on after an interruption (Keras's BackupAndRestore), also in the middle of an epoch. */
import { basename, resolve } from 'node:path';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { latestValidCheckpoint } from '../bundle/latest.js';
import { checkOptions, WRITER_OPTIONS, type WriterOptions } from '../bundle/options.js';
import { type PathLike, pathOf } from '../commit/paths.js';
import {
  type AnyDataset,
  CHECKPOINTABLE_OPTIONS,
  type CheckpointableDataset,
  type CheckpointableOptions,
  checkpointable,
} from '../data/checkpointable.js';
import { TensorBundleError } from '../errors.js';
import { type OptionList, refuseUnknown } from '../options.js';
import { TrainingCallback } from './callback-base.js';
import { Checkpoint } from './checkpoint.js';
import { EpochEnd } from './epoch-end.js';
import { CheckpointManager } from './manager.js';
import type { SerializableState, Trackables } from './values.js';

export interface BackupAndRestoreOptions {
  /** A directory of its own. */
  backupDir: PathLike;
  /** Default 'epoch': at the end of each. A number: after so many batches; needs a dataset that `resume` gave. */
  saveFreq?: 'epoch' | number;
  /** Default false. True: two backups are kept, so that one is left if the other is damaged afterwards. */
  doubleCheckpoint?: boolean;
  /** Default false. True: a training that comes to its end removes its backups. (Keras's default is true.) */
  deleteCheckpoint?: boolean;
  /** What else goes on: a `Generator` that draws for the training, an `EarlyStopping`. */
  trackables?: Trackables;
  /** Default false. True: training goes on while a backup is written. */
  background?: boolean;
  /** Default 'throw': `fit` rejects with the error of a failed backup. 'warn': a process warning, and training goes on. */
  onError?: 'throw' | 'warn';
  /** Only where the model is of another copy of TensorFlow.js. */
  model?: LayersModel;
  /** How the files are written. */
  writer?: WriterOptions;
}

const OPTIONS: OptionList<BackupAndRestoreOptions> = {
  backupDir: true,
  saveFreq: true,
  doubleCheckpoint: 'flag',
  deleteCheckpoint: 'flag',
  trackables: true,
  background: 'flag',
  onError: true,
  model: true,
  writer: WRITER_OPTIONS,
};

const NAME = 'backup';
const OURS = /^backup-\d+$/;
const WARNING = { type: 'TensorBundleWarning', code: 'TENSORBUNDLE_BACKUP_AND_RESTORE' };

/** The next batch to train with. */
class Progress implements SerializableState {
  epoch = 0;
  batch = 0;

  serialize(): string {
    return JSON.stringify({ epoch: this.epoch, batch: this.batch });
  }

  deserialize(state: string): void {
    const { epoch, batch } = (parsed(state) ?? {}) as Record<string, unknown>;
    if (!isCount(epoch) || !isCount(batch))
      throw new TensorBundleError(
        'ERR_CORRUPT',
        'the backup does not say which epoch and batch are next; remove it, and begin anew',
        { found: state.slice(0, 100) },
      );
    this.epoch = epoch;
    this.batch = batch;
  }
}

/**
 * Keras's `BackupAndRestore`. A callback of TensorFlow.js can neither choose the first epoch nor leave batches out, so `resume` is
 * called before the training and says how to go on. The model, its optimizer, the place in the dataset and `trackables` are in each
 * backup; one takes the place of the last when it is on disk, never before.
 *
 * A resumed training makes the same steps as one that was never interrupted, bit for bit, if all randomness is in the dataset or in
 * `trackables`: `model.fit` needs `shuffle: false`, and dropout draws from nothing that could be saved. What TensorFlow.js tells
 * callbacks of a resumed epoch counts its batches from 0 and averages over what was left of it; with `batchesPerEpoch`, that epoch
 * has no validation.
 *
 * @example
 * const backup = new BackupAndRestore({ backupDir: 'run/backup', saveFreq: 100 });
 * const { initialEpoch, dataset } = await backup.resume(model, Dataset.fromTensorSlices({ xs, ys }).shuffle(1000).batch(32));
 * await model.fitDataset(dataset, { epochs: 10, initialEpoch, callbacks: [backup] });
 */
export class BackupAndRestore extends TrainingCallback {
  readonly #options: BackupAndRestoreOptions & { readonly backupDir: string };
  readonly #saveFreq: 'epoch' | number;
  readonly #progress = new Progress();
  #manager: CheckpointManager | null = null;
  #dataset: CheckpointableDataset<unknown> | null = null;
  /** Of the epoch that runs: which, batches done in it before this training, and in this one. */
  #epoch = 0;
  #offset = 0;
  #batches = 0;
  #batchesSinceSave = 0;
  #isFirstEpoch = true;
  /** Where the last epoch has ended; null before. */
  #reached: { readonly epoch: number; readonly batch: number } | null = null;
  #early: EpochEnd | null = null;

  /** Throws ERR_INVALID_ARGUMENT, and ERR_NOT_SUPPORTED for a URL that is not `file:`. */
  constructor(options: BackupAndRestoreOptions) {
    refuseUnknown(options, 'BackupAndRestore', OPTIONS);
    super(options.model);
    checkOptions(options.writer ?? {}, '`writer` of BackupAndRestore', WRITER_OPTIONS);
    const given = pathOf(options.backupDir);
    if (given === '') throw refused("backupDir must be a path ('.' is the current directory)", given);
    const backupDir = resolve(given);
    const { saveFreq = 'epoch', onError = 'throw' } = options;
    if (saveFreq !== 'epoch' && !(Number.isSafeInteger(saveFreq) && saveFreq > 0))
      throw refused("saveFreq must be 'epoch' or a whole number of batches above 0", saveFreq);
    if (!['throw', 'warn'].includes(onError)) throw refused("onError must be 'throw' or 'warn'", onError);
    this.#saveFreq = saveFreq;
    this.#options = { ...options, backupDir };
  }

  /**
   * Restores what was backed up into the model (compiled, built), the dataset and `trackables`, and says where the training begins:
   * `initialEpoch` is 0, and the dataset begins anew, if there is no backup. Damaged backups are passed over if there is a good one.
   * Any dataset of tf.data will do; one of this package goes on without reading again what was used (see `checkpointable`).
   *
   * Rejects with ERR_INVALID_ARGUMENT if `backupDir` has checkpoints of somebody else; ERR_MISMATCH or ERR_UNMATCHED for a backup of another model or dataset; ERR_CHECKSUM and the like if no backup is
   * whole; and what restoring throws.
   */
  async resume(model: LayersModel): Promise<{ initialEpoch: number; dataset: undefined }>;
  async resume<T>(
    model: LayersModel,
    dataset: AnyDataset<T>,
    options?: CheckpointableOptions,
  ): Promise<{ initialEpoch: number; dataset: CheckpointableDataset<T> }>;
  async resume<T>(
    model: LayersModel,
    dataset?: AnyDataset<T>,
    options: CheckpointableOptions = {},
  ): Promise<{ initialEpoch: number; dataset: CheckpointableDataset<T> | undefined }> {
    refuseUnknown(options, 'resume', CHECKPOINTABLE_OPTIONS);
    const { backupDir, doubleCheckpoint, trackables = {} } = this.#options;
    const resumed = dataset && checkpointable(dataset, options);
    const progress = this.#progress;
    const checkpoint = new Checkpoint({ ...trackables, model, ...(resumed && { dataset: resumed }), progress });
    const manager = new CheckpointManager(checkpoint, backupDir, {
      maxToKeep: doubleCheckpoint ? 2 : 1,
      checkpointName: NAME,
    });
    // The newest one's own error, if none is whole.
    const path = (await latestValidCheckpoint(backupDir)) ?? manager.latestCheckpoint;
    if (path !== null && !OURS.test(basename(path)))
      throw refused(`backupDir must be a directory of its own; ${backupDir} has other checkpoints`, path);
    const status = path === null ? null : await restored(checkpoint, path, backupDir);
    if (path !== null && resumed && !resumed.isRestored)
      throw new TensorBundleError(
        'ERR_MISMATCH',
        `the backup ${path} is of a training without a dataset; resume it without one, or begin anew in another backupDir`,
        { path },
      );
    status?.assertExistingObjectsMatched();
    if (path !== null) await manager.adopt(path);
    this.#manager = manager;
    this.#dataset = (resumed as CheckpointableDataset<unknown> | undefined) ?? null;
    this.#isFirstEpoch = true;
    this.#reached = null;
    return { initialEpoch: progress.epoch, dataset: resumed };
  }

  override async onTrainBegin(): Promise<void> {
    void this.trained;
    if (this.#manager === null)
      throw new TensorBundleError(
        'ERR_STATE',
        'BackupAndRestore: call resume(model, dataset) before the training, and give its initialEpoch and dataset to fit or fitDataset',
      );
    if (this.#saveFreq !== 'epoch' && this.#dataset === null)
      throw refused(
        'model.fit cannot go on in the middle of an epoch; use fitDataset for a saveFreq in batches',
        this.#saveFreq,
      );
  }

  override async onEpochBegin(epoch: number): Promise<void> {
    if (this.#isFirstEpoch && epoch !== this.#progress.epoch)
      throw refused(`the training must begin with initialEpoch ${this.#progress.epoch}, which resume gave`, epoch);
    this.#offset = this.#isFirstEpoch ? this.#progress.batch : 0;
    this.#isFirstEpoch = false;
    this.#epoch = epoch;
    this.#batches = 0;
  }

  override async onBatchEnd(batch: number): Promise<void> {
    this.#batches = batch + 1;
    const steps = this.#batchesPerEpoch();
    const done = this.#offset + this.#batches;
    const isWhole = steps !== null && done >= steps;
    if (isWhole && this.#offset > 0) this.#early ??= new EpochEnd(this.trained);
    if (this.#saveFreq === 'epoch' || ++this.#batchesSinceSave < this.#saveFreq) return;
    await this.#save(isWhole ? this.#epoch + 1 : this.#epoch, isWhole ? 0 : done);
  }

  override async onEpochEnd(epoch: number): Promise<void> {
    this.#early?.over();
    this.#early = null;
    const done = this.#offset + this.#batches;
    const steps = this.#batchesPerEpoch();
    // A training that was stopped goes on where it was.
    const isCut = this.#dataset !== null && (steps === null ? this.#dataset.isRunning : done < steps);
    this.#reached = isCut ? { epoch, batch: done } : { epoch: epoch + 1, batch: 0 };
    if (this.#saveFreq === 'epoch') await this.#save(this.#reached.epoch, this.#reached.batch);
  }

  override async onTrainEnd(): Promise<void> {
    const { epoch, batch } = this.#reached ?? this.#progress;
    const isSaved = epoch === this.#progress.epoch && batch === this.#progress.batch;
    if (!isSaved && !this.#options.deleteCheckpoint) await this.#save(epoch, batch);
    try {
      await this.#manager?.sync();
    } catch (error) {
      this.#failed(error);
    }
    if (this.#options.deleteCheckpoint) await this.#manager?.discard();
    // Another training has to be resumed first.
    this.#manager = null;
  }

  /** TensorFlow.js tells of no other number than this, or the size of the dataset. */
  #batchesPerEpoch(): number | null {
    const { steps } = (this.params ?? {}) as { steps?: number | null };
    return this.#dataset && steps != null && steps !== this.#dataset.size ? steps : null;
  }

  async #save(epoch: number, batch: number): Promise<void> {
    this.#batchesSinceSave = 0;
    this.#progress.epoch = epoch;
    this.#progress.batch = batch;
    const { background, writer = {} } = this.#options;
    try {
      if (background) {
        await this.#manager!.sync();
        this.#manager!.save({ ...writer, background: true });
      } else await this.#manager!.save(writer);
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    if (this.#options.onError !== 'warn') throw error;
    process.emitWarning(`a backup failed, and training goes on: ${(error as Error).message}`, WARNING);
  }
}

async function restored(checkpoint: Checkpoint, path: string, backupDir: string): ReturnType<Checkpoint['restore']> {
  try {
    return await checkpoint.restore(path);
  } catch (error) {
    if (!(error instanceof TensorBundleError && error.code === 'ERR_NOT_FOUND' && error.path === `${path}.index`))
      throw error;
    throw new TensorBundleError(
      'ERR_NOT_FOUND',
      `the \`checkpoint\` file of ${backupDir} names the backup ${path}, which is gone; bring it back, or remove the directory to begin anew`,
      { path: error.path, cause: error },
    );
  }
}

/** Undefined for what is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function refused(what: string, found: unknown): TensorBundleError {
  return new TensorBundleError('ERR_INVALID_ARGUMENT', `BackupAndRestore: ${what}`, { found });
}
