/** Lets a training go on after an interruption, even in the middle of an epoch (Keras's BackupAndRestore). */
import { resolve } from 'node:path';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { checkOptions, WRITER_OPTIONS, type WriterOptions } from '../../bundle/writer-options.js';
import { type PathLike, pathOf } from '../../commit/paths.js';
import {
  type AnyDataset,
  CHECKPOINTABLE_OPTIONS,
  type CheckpointableDataset,
  type CheckpointableOptions,
  checkpointable,
} from '../../data/checkpointable.js';
import { invalidArgument, TensorBundleError } from '../../errors.js';
import { type OptionList, refuseUnknown } from '../../options.js';
import { Checkpoint } from '../checkpoint/checkpoint.js';
import type { Trackables } from '../checkpoint/trackable-value.js';
import { CheckpointManager } from '../manager/manager.js';
import { PreemptionWatch } from '../manager/preemption.js';
import { type SaveFrequency, SaveSchedule } from '../manager/save-schedule.js';
import { BackupProgress } from './backup-progress.js';
import { beginEpochAnew, restoreBackup } from './backup-restore.js';
import { IS_OVER, isStoppedEarly, whenBestIsBack } from './early-stopping.js';
import { EpochEnd } from './epoch-end.js';
import { TrainingCallback } from './training-callback.js';

export interface BackupAndRestoreOptions {
  /** A directory that is used for nothing else. */
  backupDir: PathLike;
  /**
   * When backups are made. 'epoch' (default): at the end of each epoch. A number: after that many batches; needs a
   * dataset that `resume` returned. `{ seconds: 600 }`: at the end of a batch when that much time has passed since the
   * last backup, or since the training began; with `model.fit`, at the end of an epoch.
   */
  saveFreq?: SaveFrequency;
  /**
   * Default false. True: on SIGTERM the batch is finished and backed up durably, and then the signal ends the process,
   * as with Keras's `save_before_preemption`. If another listener for SIGTERM exists, the training goes on after the
   * backup, and that listener decides what ends. `model.fit` cannot resume in the middle of an epoch: there the last
   * backup stays as it is.
   */
  saveBeforePreemption?: boolean;
  /**
   * What `resume` does if the dataset is not that of the backup. 'throw' (default): ERR_MISMATCH, and nothing is
   * changed. 'restart': the model, its optimizer, the epoch and `trackables` are restored, and the data of that epoch
   * begins anew, with a process warning.
   */
  onChangedDataset?: 'throw' | 'restart';
  /** Default false. True: two backups are kept, so that one is left if the other is damaged afterwards. */
  doubleCheckpoint?: boolean;
  /** Default false. True: a training that comes to its end removes its backups. (In Keras the default is true.) */
  deleteCheckpoint?: boolean;
  /**
   * More objects that are backed up and restored: a `Generator` that the training draws from, an `EarlyStopping`.
   * Default: none.
   */
  trackables?: Trackables;
  /** Default false. True: training goes on while a backup is written. */
  background?: boolean;
  /**
   * Default 'throw': `fit` rejects with the error of a failed backup. 'warn': a process warning, and training goes on.
   */
  onError?: 'throw' | 'warn';
  /** Needed only if the model comes from another copy of TensorFlow.js. Default: the model that is trained. */
  model?: LayersModel;
  /** How the files are written. Default: the defaults of WriterOptions. */
  writer?: WriterOptions;
}

const OPTIONS: OptionList<BackupAndRestoreOptions> = {
  backupDir: true,
  saveFreq: { seconds: true },
  saveBeforePreemption: 'flag',
  onChangedDataset: ['throw', 'restart'],
  doubleCheckpoint: 'flag',
  deleteCheckpoint: 'flag',
  trackables: true,
  background: 'flag',
  onError: true,
  model: true,
  writer: WRITER_OPTIONS,
};

const NAME = 'backup';
const WARNING = { type: 'TensorBundleWarning', code: 'TENSORBUNDLE_BACKUP_AND_RESTORE' };

/**
 * Keras's `BackupAndRestore`. A callback of TensorFlow.js can neither choose the first epoch nor leave batches out, so
 * call `resume` before the training: it says how to go on. Each backup has the model, its optimizer, the place in the
 * dataset, and `trackables`. A backup replaces the one before it when it is on disk, never earlier.
 *
 * A resumed training makes the same steps as one that was never interrupted, bit for bit, if all randomness is in the
 * dataset or in `trackables`. `model.fit` needs `shuffle: false` for that, and dropout draws from a source that cannot
 * be saved. In a resumed epoch, TensorFlow.js counts the batches that it reports to callbacks from 0, and averages over
 * what was left of the epoch; with `batchesPerEpoch`, that epoch has no validation.
 *
 * @example
 * const data = Dataset.fromTensorSlices({ xs, ys }).shuffle(1000).batch(32);
 * const backup = new BackupAndRestore({ backupDir: 'run/backup', saveFreq: 100 });
 * const { initialEpoch, dataset } = await backup.resume(model, data);
 * await model.fitDataset(dataset, { epochs: 10, initialEpoch, callbacks: [backup] });
 */
export class BackupAndRestore extends TrainingCallback {
  readonly #options: BackupAndRestoreOptions & { readonly backupDir: string };
  readonly #schedule: SaveSchedule;
  readonly #watch = new PreemptionWatch();
  readonly #progress = new BackupProgress();
  #manager: CheckpointManager | null = null;
  #dataset: CheckpointableDataset<unknown> | null = null;
  /**
   * The current epoch; `#offset`: batches of it that were done before this training; `#batches`: those done in this
   * one.
   */
  #epoch = 0;
  #offset = 0;
  #batches = 0;
  #isFirstEpoch = true;
  /** Where the next epoch begins, or where the last one was cut short; null before the first epoch has ended. */
  #reached: { readonly epoch: number; readonly batch: number } | null = null;
  #early: EpochEnd | null = null;

  /** Throws ERR_INVALID_ARGUMENT, and ERR_NOT_SUPPORTED for a URL that is not `file:`. */
  constructor(options: BackupAndRestoreOptions) {
    refuseUnknown(options, 'BackupAndRestore', OPTIONS);
    super(options.model);
    checkOptions(options.writer ?? {}, '`writer` of BackupAndRestore', WRITER_OPTIONS);
    const given = pathOf(options.backupDir);
    if (given === '')
      throw invalidArgument("BackupAndRestore: backupDir must be a path ('.' is the current directory)", {
        found: given,
      });
    const backupDir = resolve(given);
    const { saveFreq, onError = 'throw', onChangedDataset = 'throw' } = options;
    this.#schedule = new SaveSchedule('BackupAndRestore', saveFreq);
    if (!['throw', 'restart'].includes(onChangedDataset))
      throw invalidArgument("BackupAndRestore: onChangedDataset must be 'throw' or 'restart'", {
        found: onChangedDataset,
      });
    if (!['throw', 'warn'].includes(onError))
      throw invalidArgument("BackupAndRestore: onError must be 'throw' or 'warn'", { found: onError });
    this.#options = { ...options, backupDir };
  }

  /**
   * Restores what was backed up into the model (compiled and built), the dataset and `trackables`, and says where the
   * training begins. If there is no backup, `initialEpoch` is 0 and the dataset begins at its start. Damaged backups
   * are passed over if there is a good one. Any dataset of tf.data can be given; one of this package goes on without
   * reading again what was used (see `checkpointable`).
   *
   * Rejects with ERR_INVALID_ARGUMENT if `backupDir` has checkpoints of something else; ERR_MISMATCH or ERR_UNMATCHED
   * for a backup of another model or dataset; ERR_CHECKSUM and the like if no backup is whole; and with what restoring
   * throws.
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
    const { backupDir, doubleCheckpoint, trackables = {}, onChangedDataset } = this.#options;
    const resumed = dataset && checkpointable(dataset, options);
    const progress = this.#progress;
    const checkpoint = new Checkpoint({ ...trackables, model, ...(resumed && { dataset: resumed }), progress });
    const manager = new CheckpointManager(checkpoint, backupDir, {
      maxToKeep: doubleCheckpoint ? 2 : 1,
      checkpointName: NAME,
    });
    const restartData = onChangedDataset === 'restart';
    const what = { model, progress, trackables, dataset: resumed as CheckpointableDataset<unknown> | undefined };
    await restoreBackup(what, { manager, backupDir, restartData, warn });
    const isShort = (): void => {
      beginEpochAnew(progress, { warn }, 'the dataset ends before the place of the backup');
      this.#offset = 0;
    };
    if (restartData) resumed?.beginAnewIfShort(isShort);
    this.#manager = manager;
    this.#dataset = what.dataset ?? null;
    this.#isFirstEpoch = true;
    this.#reached = null;
    return { initialEpoch: this.#isOver(trackables) ? Infinity : progress.epoch, dataset: resumed };
  }

  /**
   * Whether an EarlyStopping has ended the training and would end it again. One among the trackables is asked itself.
   */
  #isOver(trackables: Trackables): boolean {
    const stoppings = Object.values(trackables).filter(one => IS_OVER in (one as object));
    if (stoppings.length > 0) return stoppings.some(one => (one as unknown as Record<symbol, unknown>)[IS_OVER]);
    return this.#progress.isStopped;
  }

  override async onTrainBegin(): Promise<void> {
    void this.trained;
    if (this.#manager === null)
      throw new TensorBundleError(
        'ERR_STATE',
        'BackupAndRestore: call resume(model, dataset) before the training, and give its initialEpoch and dataset ' +
          'to fit or fitDataset',
      );
    if (this.#schedule.isByBatch && this.#dataset === null)
      throw invalidArgument(
        'BackupAndRestore: model.fit cannot go on in the middle of an epoch; use fitDataset for a saveFreq in batches',
        { found: this.#options.saveFreq },
      );
    this.#schedule.begin();
    if (this.#options.saveBeforePreemption) this.#watch.open();
  }

  override async onEpochBegin(epoch: number): Promise<void> {
    if (this.#isFirstEpoch && epoch !== this.#progress.epoch)
      throw invalidArgument(
        `BackupAndRestore: the training must begin with initialEpoch ${this.#progress.epoch}, which resume gave`,
        { found: epoch },
      );
    this.#progress.isStopped = false;
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
    this.#schedule.count(1);
    const now = isWhole ? { epoch: this.#epoch + 1, batch: 0 } : { epoch: this.#epoch, batch: done };
    if (await this.#watch.isAsked()) await this.#saveAtLast(this.#dataset === null ? null : now);
    else if (this.#dataset !== null && this.#schedule.isDue) await this.#save(now);
  }

  override async onEpochEnd(epoch: number): Promise<void> {
    this.#early?.over();
    this.#early = null;
    const done = this.#offset + this.#batches;
    const steps = this.#batchesPerEpoch();
    // A training that was stopped in the middle of an epoch goes on from there.
    const isCut = this.#dataset !== null && (steps === null ? this.#dataset.isRunning : done < steps);
    this.#reached = isCut ? { epoch, batch: done } : { epoch: epoch + 1, batch: 0 };
    if (await this.#watch.isAsked()) await this.#saveAtLast(this.#reached);
    else if (this.#schedule.isByEpoch || (this.#dataset === null && this.#schedule.isDue))
      await this.#save(this.#reached);
  }

  override async onTrainEnd(): Promise<void> {
    const now = this.#reached ?? this.#progress;
    // If an EarlyStopping has ended the training, the model may have got its best weights since the last backup.
    const isSaved = this.#progress.is(now) && !(this.#reached && isStoppedEarly(this.trained));
    if (!isSaved && !this.#options.deleteCheckpoint) await this.#save(now);
    try {
      await this.#manager?.sync();
    } catch (error) {
      this.#failed(error);
    }
    if (this.#options.deleteCheckpoint) await this.#manager?.discard();
    await this.#watch.close();
    const manager = this.#manager;
    // Before another training, `resume` must be called again.
    this.#manager = null;
    if (this.#options.deleteCheckpoint || !this.#isStoppedByOther) return;
    whenBestIsBack(this.trained, async () => {
      this.#manager = manager;
      try {
        await this.#save(now);
        await manager?.sync();
      } finally {
        this.#manager = null;
      }
    });
  }

  /**
   * Whether an EarlyStopping that is not among the trackables has ended the training. It may come later in the list of
   * callbacks.
   */
  get #isStoppedByOther(): boolean {
    const { trackables = {} } = this.#options;
    return isStoppedEarly(this.trained) && !Object.values(trackables).some(one => IS_OVER in (one as object));
  }

  /**
   * `batchesPerEpoch` of fitDataset; null if it was not given. TensorFlow.js reports either that or the size of the
   * dataset.
   */
  #batchesPerEpoch(): number | null {
    const { steps } = (this.params ?? {}) as { steps?: number | null };
    return this.#dataset && steps != null && steps !== this.#dataset.size ? steps : null;
  }

  async #save(now: { readonly epoch: number; readonly batch: number }, isLast = false): Promise<void> {
    this.#schedule.saved();
    this.#progress.epoch = now.epoch;
    this.#progress.batch = now.batch;
    this.#progress.isStopped = now.batch === 0 && isStoppedEarly(this.trained);
    const { background, writer = {} } = this.#options;
    try {
      if (isLast) {
        await this.#manager!.sync();
        await this.#manager!.save({ ...writer, durable: true });
      } else if (background) {
        await this.#manager!.sync();
        this.#manager!.save({ ...writer, background: true });
      } else await this.#manager!.save(writer);
    } catch (error) {
      if (isLast) warn(`the backup before the end failed: ${(error as Error).message}`);
      this.#failed(error);
    }
  }

  /** Called when the process is about to end. Null: a training cannot go on from the state of this moment. */
  async #saveAtLast(now: { readonly epoch: number; readonly batch: number } | null): Promise<void> {
    try {
      if (now !== null) return await this.#save(now, true);
      warn('model.fit cannot go on in the middle of an epoch; the last backup stays as it is');
      await this.#manager!.sync();
    } finally {
      await this.#watch.settle();
    }
  }

  #failed(error: unknown): void {
    if (this.#options.onError !== 'warn') throw error;
    warn(`a backup failed, and training goes on: ${(error as Error).message}`);
  }
}

function warn(text: string): void {
  process.emitWarning(text, WARNING);
}
