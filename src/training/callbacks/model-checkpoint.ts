/** Saves while `model.fit` runs, by the rules of Keras (tf_keras/src/callbacks.py, ModelCheckpoint). */
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { CopyBudget } from '../../bundle/tf-staging.js';
import { WRITER_OPTIONS, type WriterOptions } from '../../bundle/writer-options.js';
import { absolutePrefix, splitSavePrefix } from '../../commit/names.js';
import { type PathLike, pathOf } from '../../commit/paths.js';
import { invalidArgument } from '../../errors.js';
import { type OptionList, refuseUnknown } from '../../options.js';
import { type Directories, withDirectories } from '../../storage/directories.js';
import { BackgroundQueue } from '../checkpoint/background.js';
import { PreemptionWatch } from '../manager/preemption.js';
import { type SaveFrequency, SaveSchedule } from '../manager/save-schedule.js';
import { BestSoFar } from './best-so-far.js';
import { bestText } from './best-value.js';
import { FilePattern } from './file-pattern.js';
import { hintFor, Monitor, type MonitorMode, numbersIn } from './monitor.js';
import { formOf, type SavedForm } from './saved-form.js';
import { TrainingCallback } from './training-callback.js';

export interface ModelCheckpointOptions {
  /**
   * Where to save, as in Keras: `run/best.keras`; `run/best.weights.h5` with `saveWeightsOnly`; `run/best.h5` with and
   * without it. Any other name is the prefix of a checkpoint, or, with `format: 'savedmodel'`, a directory. May have
   * fields with Python's formats: `{epoch}` and `{batch}` (both count from 1; `batch` only with a number as `saveFreq`)
   * and any metric: `run/{epoch:02d}-{val_loss:.2f}.keras`.
   */
  filepath: PathLike;
  /** Name of the metric. Default 'val_loss'. TensorFlow.js calls the accuracy `acc` and `val_acc`. */
  monitor?: string;
  /** Default false: every save is made. True: a save is made only if the metric is better than ever before. */
  saveBestOnly?: boolean;
  /** Default false: the architecture is saved, too, for `loadModel`. True: it is not. */
  saveWeightsOnly?: boolean;
  /**
   * Default: by the ending of `filepath`. 'keras': `.keras`. 'h5': `.h5`, `.hdf5`. 'checkpoint': any other, a prefix.
   * 'savedmodel': `filepath` is a directory that becomes a SavedModel, which Python loads with its architecture
   * (`saveModel` of `tensorbundle/savedmodel`). Its functions are traced within the first save, also with `background:
   * true`; later saves use them again. 'keras' and 'savedmodel': not with `saveWeightsOnly: true`.
   */
  format?: 'checkpoint' | 'savedmodel' | 'keras' | 'h5';
  /**
   * Whether less ('min') or more ('max') is better. Default 'auto': more for a metric with "acc" in its name, less for
   * others.
   */
  mode?: MonitorMode;
  /**
   * When saves are made. 'epoch' (default): at the end of each epoch. A number: after that many batches, counted across
   * epochs. `{ seconds: 600 }`: at the end of a batch when that much time has passed since the last save, or since the
   * training began.
   */
  saveFreq?: SaveFrequency;
  /**
   * Default false. True: on SIGTERM the batch is finished, the model is saved durably, and then the signal ends the
   * process, unless another listener for it exists. With `saveBestOnly`, only a save that is in progress is finished:
   * the best model is not replaced by one that was not measured.
   */
  saveBeforePreemption?: boolean;
  /** With `saveBestOnly`: a save is made only if the metric is better than this. Default: none. */
  initialValueThreshold?: number;
  /** Default 0: prints nothing. 1: prints a line for each decision. */
  verbose?: 0 | 1;
  /**
   * Default false. True: the training begins with the weights of the newest file that fits `filepath`, if there is one.
   * `fit` rejects with ERR_TRIVIAL_MATCH if nothing in it belongs to this model.
   */
  loadWeightsOnRestart?: boolean;
  /** Default false. True: training goes on while a save is written. */
  background?: boolean;
  /**
   * Default 'throw': `fit` rejects with the error of a failed save. 'warn': a process warning, and training goes on.
   */
  onError?: 'throw' | 'warn';
  /** What `saveBestOnly` does if there is no such metric. Default 'skip': nothing is saved, with a warning. */
  onMissingMetric?: 'skip' | 'save' | 'throw';
  /**
   * Needed only if the model comes from another copy of TensorFlow.js, or is a Sequential that should be saved as a
   * Sequential. Default: the model that is trained.
   */
  model?: LayersModel;
  /**
   * How the files are written. Default: the defaults of WriterOptions. A file of Keras takes `durable`, `overwrite`
   * ('atomic' or 'error'), `lockTimeoutMs`, `signal` and `onProgress`.
   */
  writer?: WriterOptions;
}

const OPTIONS: OptionList<ModelCheckpointOptions> = {
  filepath: true,
  monitor: true,
  saveBestOnly: 'flag',
  saveWeightsOnly: 'flag',
  format: ['checkpoint', 'savedmodel', 'keras', 'h5'],
  mode: true,
  saveFreq: { seconds: true },
  saveBeforePreemption: 'flag',
  initialValueThreshold: 'number or null',
  verbose: true,
  loadWeightsOnRestart: 'flag',
  background: 'flag',
  onError: true,
  onMissingMetric: true,
  model: true,
  writer: WRITER_OPTIONS,
};

const WARNING = { type: 'TensorBundleWarning', code: 'TENSORBUNDLE_MODEL_CHECKPOINT' };

/**
 * Keras's `ModelCheckpoint`. A save replaces the last one of the same name atomically; a checkpoint is named in the
 * directory's `checkpoint` file. The optimizer of a compiled model is saved, too (not in an `.h5` of weights alone).
 * With `saveBestOnly`, the best value is stored beside the weights (Keras forgets it, and ignores it there), so that a
 * training that goes on later does not overwrite a better model; delete the files to begin anew.
 *
 * TensorFlow.js trains a Sequential as the functional model inside it, and passes only that one to callbacks. So that
 * model is saved, under the same keys, and `loadModel` returns it. With the option `model`, the Sequential is saved.
 *
 * The constructor throws ERR_INVALID_ARGUMENT, ERR_FILENAME_PATTERN, and ERR_NOT_SUPPORTED for a URL that is not
 * `file:` and for the name of a file in another format (`.npz`, `.pt`, …) or for another content (a whole model in a
 * `.weights.h5`). `fit` rejects with ERR_FILENAME_PATTERN for a field that is not the name of a metric (before the
 * first epoch, if TensorFlow.js says which metrics there will be), and with what `saveWeights` or `saveModel` throws.
 *
 * @example
 * await model.fit(xs, ys, { epochs: 10, callbacks: [new ModelCheckpoint({ filepath: 'run/cp-{epoch:04d}.ckpt' })] });
 */
export class ModelCheckpoint extends TrainingCallback {
  readonly #options: ModelCheckpointOptions;
  readonly #form: SavedForm;
  readonly #pattern: FilePattern;
  readonly #monitor: Monitor;
  readonly #schedule: SaveSchedule;
  readonly #watch = new PreemptionWatch();
  readonly #queue = new BackgroundQueue();
  /** Settles when the last save, and what follows from it, is done. Never rejects. */
  #pending: Promise<void> = Promise.resolve();
  /** Errors of background saves that were not thrown yet. */
  readonly #failures: unknown[] = [];
  readonly #best: BestSoFar;
  #lastSaved: string | null = null;
  #epoch = 0;
  #lastBatch = -1;
  /** Whether the save that is made now is the last before the process ends. */
  #isLast = false;

  constructor(options: ModelCheckpointOptions) {
    refuseUnknown(options, 'ModelCheckpoint', OPTIONS);
    super(options.model);
    const { saveFreq, initialValueThreshold = null } = options;
    // Checked now, so that a wrong name does not fail only after an epoch.
    const filepath = pathOf(options.filepath);
    splitSavePrefix(filepath);
    this.#options = options;
    const { format, saveWeightsOnly = false, writer = {} } = options;
    this.#form = formOf({ filepath, format, saveWeightsOnly, writer });
    this.#pattern = new FilePattern(filepath);
    this.#monitor = new Monitor(options.monitor ?? 'val_loss', options.mode ?? 'auto');
    this.#schedule = new SaveSchedule('ModelCheckpoint', saveFreq);
    if (initialValueThreshold !== null && typeof initialValueThreshold !== 'number')
      throw invalidArgument('ModelCheckpoint: initialValueThreshold must be a number', {
        found: initialValueThreshold,
      });
    this.#best = new BestSoFar(initialValueThreshold);
    check('onError', options.onError ?? 'throw', ['throw', 'warn']);
    check('onMissingMetric', options.onMissingMetric ?? 'skip', ['skip', 'save', 'throw']);
  }

  /** The best value of the metric so far, or the threshold; null if there is none. */
  get best(): number | null {
    return this.#best.value;
  }

  /** Path of the last save that is committed; null before the first. */
  get lastSaved(): string | null {
    return this.#lastSaved;
  }

  override async onTrainBegin(): Promise<void> {
    const model = this.trained;
    this.#checkFields();
    await withDirectories(directories => this.#goOn(model, directories));
    this.#schedule.begin();
    if (this.#options.saveBeforePreemption) this.#watch.open();
  }

  /** Goes on from what earlier trainings have saved. */
  async #goOn(model: LayersModel, directories: Directories): Promise<void> {
    const { loadWeightsOnRestart, saveBestOnly } = this.#options;
    const take = (best: number | null): void => {
      if (best !== null && this.#monitor.isBetter(best, this.#best.value)) this.#best.found(best);
    };
    const newest = loadWeightsOnRestart ? await this.#form.newestOf(this.#pattern, directories) : null;
    if (newest !== null) {
      const { status, best } = await this.#form.load(model, newest, directories, this.#monitor);
      status.assertNontrivialMatch();
      if (saveBestOnly) take(best);
    }
    for (const path of saveBestOnly ? await this.#form.storedOf(this.#pattern, directories) : [])
      if (path !== newest) take(await this.#form.bestIn(path, directories, this.#monitor));
  }

  override async onEpochBegin(epoch: number): Promise<void> {
    this.#epoch = epoch;
  }

  override async onBatchEnd(batch: number, logs?: object): Promise<void> {
    // In each epoch batches count from 0 again.
    this.#schedule.count(batch <= this.#lastBatch ? batch + 1 : batch - this.#lastBatch);
    this.#lastBatch = batch;
    if (await this.#watch.isAsked()) return await this.#saveAtLast(batch, logs);
    if (!this.#schedule.isDue) return;
    this.#schedule.saved();
    await this.#consider(batch, logs);
  }

  override async onEpochEnd(epoch: number, logs?: object): Promise<void> {
    this.#epoch = epoch;
    if (await this.#watch.isAsked()) await this.#saveAtLast(null, logs);
    else if (this.#schedule.isByEpoch) await this.#consider(null, logs);
  }

  override async onTrainEnd(): Promise<void> {
    await this.#pending;
    await this.#watch.close();
    this.#raise();
  }

  /** Called when the process is about to end. */
  async #saveAtLast(batch: number | null, logs: object | undefined): Promise<void> {
    const isMeasured = batch === null && this.#schedule.isByEpoch;
    this.#isLast = true;
    try {
      if (!this.#options.saveBestOnly || isMeasured) await this.#consider(batch, logs);
      await this.#pending;
      this.#raise();
    } catch (error) {
      process.emitWarning(`the save before the end failed: ${(error as Error).message}`, WARNING);
      throw error;
    } finally {
      this.#isLast = false;
      await this.#watch.settle();
    }
  }

  /** Checks early, if TensorFlow.js says what will be in the logs, so that a typing error does not cost an epoch. */
  #checkFields(): void {
    const metrics = (this.params as { metrics?: unknown } | undefined)?.metrics;
    if (!Array.isArray(metrics)) return;
    const known = metrics as string[];
    if (this.#schedule.isByEpoch) this.#pattern.checkFields(['epoch', ...known]);
    else this.#pattern.checkFields(['epoch', 'batch', 'size', ...known.filter(name => !name.startsWith('val_'))]);
  }

  async #consider(batch: number | null, logs: object | undefined): Promise<void> {
    this.#raise();
    const values = await numbersIn(logs);
    const floats = Object.entries(values).map(([name, value]) => [name, { value, kind: 'float' }] as const);
    const path = this.#pattern.path({
      ...Object.fromEntries(floats),
      epoch: { value: this.#epoch + 1, kind: 'int' },
      // This replaces the batch in TensorFlow.js's logs, which counts from 0.
      ...(batch !== null && { batch: { value: batch + 1, kind: 'int' } }),
    });
    const { saveBestOnly } = this.#options;
    const current = saveBestOnly ? values[this.#monitor.metric] : undefined;
    if (saveBestOnly && current === undefined && !this.#saveWithoutMetric(Object.keys(values))) return;
    if (current === undefined) {
      this.#say(`saving model to ${path}`);
      return await this.#save(path, this.#best.value);
    }
    const { metric } = this.#monitor;
    const before = this.#best.value === null ? '-' : this.#best.value.toFixed(5);
    if (!this.#monitor.isBetter(current, this.#best.value))
      return this.#say(`${metric} did not improve from ${before}`);
    this.#say(`${metric} improved from ${before} to ${current.toFixed(5)}, saving model to ${path}`);
    await this.#save(path, current);
  }

  #saveWithoutMetric(available: readonly string[]): boolean {
    const { onMissingMetric = 'skip' } = this.#options;
    if (onMissingMetric === 'save') return true;
    const message =
      `there is no metric ${this.#monitor.metric} for saveBestOnly; the metrics are: ` +
      `${available.join(', ') || 'none'}${hintFor(this.#monitor.metric, available)}`;
    if (onMissingMetric === 'throw')
      throw invalidArgument(`ModelCheckpoint: ${message}`, { found: this.#monitor.metric });
    process.emitWarning(`${message}; nothing is saved`, WARNING);
    return false;
  }

  /** Saves the values of this moment. `best` becomes the best value if the save succeeds. */
  async #save(path: string, best: number | null): Promise<void> {
    const background = this.#options.background === true && !this.#isLast;
    const writer: WriterOptions = { ...this.#options.writer, ...(this.#isLast && { durable: true }) };
    const text = this.#options.saveBestOnly && best !== null ? bestText(this.#monitor, best) : undefined;
    const absolute = absolutePrefix(path);
    const budget = background ? CopyBudget.forBackground() : CopyBudget.forForeground();
    const captured = this.#form.capture(this.trained, text, budget);
    const hope = this.#best.hope(best);
    const { durable } = this.#queue.submit(path, {
      run: onStaged => captured.write(absolute, writer, { onStaged, calmly: background }),
      after: async () => undefined,
    });
    this.#pending = durable.then(
      () => {
        hope.ended(true);
        this.#lastSaved = path;
      },
      error => {
        // What was not saved is not the best on disk.
        hope.ended(false);
        this.#failures.push(error);
      },
    );
    if (background) return;
    await this.#pending;
    this.#raise();
  }

  #raise(): void {
    for (const error of this.#failures.splice(0)) {
      if (this.#options.onError !== 'warn') throw error;
      process.emitWarning(`a save failed, and training goes on: ${(error as Error).message}`, WARNING);
    }
  }

  #say(text: string): void {
    if (this.#options.verbose) console.log(`\nEpoch ${this.#epoch + 1}: ${text}`);
  }
}

function check(name: string, value: string, allowed: readonly string[]): void {
  if (!allowed.includes(value))
    throw invalidArgument(`ModelCheckpoint: ${name} must be one of ${allowed.join(', ')}`, { found: value });
}
