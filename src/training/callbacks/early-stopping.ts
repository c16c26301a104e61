/** Ends a training that no longer improves, by the rules of Keras (tf_keras/src/callbacks.py, EarlyStopping). */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { disposeElement } from '../../data/iteration/element.js';
import { RESUMABLE, type Resumable } from '../../data/resumable.js';
import { invalidArgument, TensorBundleError } from '../../errors.js';
import type { LayerVariable } from '../../layers/types.js';
import { type OptionList, refuseUnknown } from '../../options.js';
import { modelVariables } from '../models/model-variables.js';
import { hintFor, type MonitorMode, numbersIn } from './monitor.js';
import { TrainingCallback } from './training-callback.js';

export interface EarlyStoppingOptions {
  /** Name of the metric. Default 'val_loss'. */
  monitor?: string;
  /** Default 0: a smaller change does not count as an improvement. */
  minDelta?: number;
  /** How many epochs without an improvement end the training. Default 0. */
  patience?: number;
  /** Default 0: prints nothing. 1: prints when the training is stopped, and what is restored. */
  verbose?: 0 | 1;
  /**
   * Whether less ('min') or more ('max') is better. Default 'auto': more for a metric that ends with acc, accuracy or
   * auc, less for others.
   */
  mode?: MonitorMode;
  /** The metric has to be better than this for an epoch to count as an improvement. Default: none. */
  baseline?: number;
  /** Default false. True: the model has the weights of its best epoch when the training ends, whatever ended it. */
  restoreBestWeights?: boolean;
  /** Epochs before this one are not looked at. Default 0. */
  startFromEpoch?: number;
  /** Needed only if the model comes from another copy of TensorFlow.js. Default: the model that is trained. */
  model?: LayersModel;
}

const OPTIONS: OptionList<EarlyStoppingOptions> = {
  monitor: true,
  minDelta: true,
  patience: true,
  verbose: true,
  mode: true,
  baseline: true,
  restoreBestWeights: 'flag',
  startFromEpoch: true,
  model: true,
};

/** What is saved, and restored after a restart. */
interface StoppingState {
  readonly wait: number;
  readonly best: number;
  readonly bestEpoch: number;
  readonly bestWeights: readonly Tensor[] | null;
  /**
   * The order of the weights: that of `modelVariables`. Version 0.1 wrote no such field; it had the order of
   * `getWeights`.
   */
  readonly order?: 'layers';
  /** Version 0.1 did not write it. */
  readonly stoppedEpoch?: number;
}

/**
 * Whether this callback has ended the training and would end it again. The symbol is shared by all copies of this
 * package.
 */
export const IS_OVER: unique symbol = Symbol.for('tensorbundle.isOver') as never;

/** The models whose last training was ended by an EarlyStopping. */
const stopped = new WeakSet<object>();

export function isStoppedEarly(model: LayersModel): boolean {
  return faces(model).some(face => stopped.has(face));
}

/** The model, and for a Sequential also the functional model inside it, which it trains: callbacks may know either. */
function faces(model: LayersModel): object[] {
  const { model: inside } = model as { model?: unknown };
  return typeof inside === 'object' && inside !== null ? [model, inside] : [model];
}

/** For each model, the action that waits until the best weights have been put back. */
const waiting = new WeakMap<object, () => Promise<void>>();

/**
 * Runs the action once, at the end of this training, when an EarlyStopping later in the list of callbacks has put the
 * best weights back.
 */
export function whenBestIsBack(model: LayersModel, action: () => Promise<void>): void {
  for (const face of faces(model)) waiting.set(face, action);
}

const WARNING = { type: 'TensorBundleWarning', code: 'TENSORBUNDLE_EARLY_STOPPING' };

/**
 * Keras's `EarlyStopping`, with `restoreBestWeights`, which TensorFlow.js's own does not have. A checkpoint can save
 * it, best weights included: give it to `BackupAndRestore` as one of its `trackables`, and a resumed training stops
 * where it would have stopped. The constructor throws ERR_INVALID_ARGUMENT.
 *
 * @example
 * const stopping = new EarlyStopping({ patience: 3, restoreBestWeights: true });
 * await model.fit(xs, ys, { epochs: 100, validationSplit: 0.1, callbacks: [stopping] });
 */
export class EarlyStopping extends TrainingCallback implements Resumable {
  readonly #options: Required<Omit<EarlyStoppingOptions, 'model' | 'baseline'>> & { readonly baseline: number | null };
  readonly #isLess: boolean;
  #wait = 0;
  #best: number;
  #bestEpoch = 0;
  #bestWeights: readonly Tensor[] | null = null;
  /**
   * The variables that `#bestWeights` belong to, in the same order. Null for restored weights until the model is known.
   */
  #owners: readonly LayerVariable[] | null = null;
  #stoppedEpoch = 0;
  /** Whether the state was restored and waits for the next training. */
  #isAdopted = false;
  /** Whether the restored training had been stopped, and no epoch has been trained since. */
  #wasOver = false;
  /** Whether the restored weights are in the order of `getWeights`. */
  #isOldOrder = false;

  constructor(options: EarlyStoppingOptions = {}) {
    refuseUnknown(options, 'EarlyStopping', OPTIONS);
    super(options.model);
    const { monitor = 'val_loss', minDelta = 0, patience = 0, verbose = 0, mode = 'auto', baseline = null } = options;
    const { restoreBestWeights = false, startFromEpoch = 0 } = options;
    for (const [name, value] of Object.entries({ minDelta, patience, startFromEpoch, baseline: baseline ?? 0 }))
      if (typeof value !== 'number' || Number.isNaN(value))
        throw invalidArgument(`EarlyStopping: ${name} must be a number`, { found: value });
    if (typeof monitor !== 'string')
      throw invalidArgument('EarlyStopping: monitor must be the name of a metric', { found: monitor });
    if (!['auto', 'min', 'max'].includes(mode))
      throw invalidArgument("EarlyStopping: mode must be 'auto', 'min' or 'max'", { found: mode });
    this.#options = {
      monitor,
      minDelta: Math.abs(minDelta),
      patience,
      verbose,
      mode,
      baseline,
      restoreBestWeights,
      startFromEpoch,
    };
    this.#isLess = mode === 'auto' ? !/(acc|accuracy|auc)$/.test(monitor) : mode === 'min';
    this.#best = this.#worst();
  }

  /** The best value of the metric so far; null before the first. */
  get best(): number | null {
    return Number.isFinite(this.#best) ? this.#best : null;
  }

  /** The epoch with that value, counted from 0. */
  get bestEpoch(): number {
    return this.#bestEpoch;
  }

  /**
   * The epoch that was the last, counted from 0; 0 if the training was not stopped. After a restore: that of the saved
   * training.
   */
  get stoppedEpoch(): number {
    return this.#stoppedEpoch;
  }

  override async onTrainBegin(): Promise<void> {
    // Throws if the model is not known.
    const model = this.trained;
    for (const face of faces(model)) {
      stopped.delete(face);
      waiting.delete(face);
    }
    if (this.#isAdopted) {
      this.#isAdopted = false;
      // A training that was stopped, and runs no further epoch, stays stopped.
      this.#wasOver = this[IS_OVER];
      if (!this.#wasOver) this.#stoppedEpoch = 0;
      if (this.#bestWeights !== null) this.#owners ??= modelVariables(model);
      return;
    }
    this.#stoppedEpoch = 0;
    this.#wait = 0;
    this.#best = this.#worst();
    this.#bestEpoch = 0;
    this.#keep(null);
  }

  override async onEpochEnd(epoch: number, logs?: object): Promise<void> {
    const { monitor, patience, baseline, restoreBestWeights, startFromEpoch } = this.#options;
    const values = await numbersIn(logs);
    const current = values[monitor];
    if (current === undefined) {
      const available = Object.keys(values);
      const have = available.join(', ') || 'none';
      const message = `EarlyStopping: there is no metric ${monitor}; the metrics are: ${have}`;
      process.emitWarning(message + hintFor(monitor, available), WARNING);
      return;
    }
    if (this.#wasOver) this.#stoppedEpoch = 0;
    this.#wasOver = false;
    if (epoch < startFromEpoch) return;
    if (restoreBestWeights && this.#bestWeights === null) {
      this.#keepWeights();
      this.#bestEpoch = epoch;
    }
    this.#wait++;
    if (this.#isBetter(current, this.#best)) {
      this.#best = current;
      this.#bestEpoch = epoch;
      if (restoreBestWeights) this.#keepWeights();
      if (baseline === null || this.#isBetter(current, baseline)) this.#wait = 0;
      return;
    }
    // Keras never stops after the first epoch.
    if (this.#wait < patience || epoch === 0) return;
    this.#stoppedEpoch = epoch;
    for (const face of faces(this.trained)) stopped.add(face);
    this.trained.stopTraining = true;
  }

  override async onTrainEnd(): Promise<void> {
    const { verbose } = this.#options;
    if (this.#stoppedEpoch > 0 && verbose) console.log(`Epoch ${this.#stoppedEpoch + 1}: early stopping`);
    if (this.#bestWeights === null) return;
    if (verbose) console.log(`Restoring model weights from the end of the best epoch: ${this.#bestEpoch + 1}.`);
    this.#restoreWeights(this.#bestWeights);
    this.#keep(null);
    const action = faces(this.trained)
      .map(face => waiting.get(face))
      .find(one => one !== undefined);
    for (const face of faces(this.trained)) waiting.delete(face);
    await action?.();
  }

  /** @hidden */
  get [RESUMABLE](): Resumable[typeof RESUMABLE] {
    return {
      capture: (): StoppingState => ({
        wait: this.#wait,
        best: this.#best,
        bestEpoch: this.#bestEpoch,
        bestWeights: this.#bestWeights,
        order: 'layers',
        stoppedEpoch: this.#stoppedEpoch,
      }),
      check: () => undefined,
      adopt: state => {
        const { wait, best, bestEpoch, bestWeights, order, stoppedEpoch = 0 } = state as StoppingState;
        this.#wait = wait;
        this.#best = best;
        this.#bestEpoch = bestEpoch;
        this.#keep(bestWeights);
        this.#isOldOrder = order !== 'layers';
        this.#stoppedEpoch = stoppedEpoch;
        this.#isAdopted = true;
      },
    };
  }

  /** @internal */
  get [IS_OVER](): boolean {
    return this.#stoppedEpoch > 0 && this.#wait >= this.#options.patience;
  }

  /**
   * Keeps the weights of every variable, frozen or not. Clones share the data, since training replaces weights and
   * never changes them in place.
   */
  #keepWeights(): void {
    const owners = modelVariables(this.trained);
    this.#keep(owners.map(variable => variable.read().clone()));
    this.#owners = owners;
    this.#isOldOrder = false;
  }

  #restoreWeights(weights: readonly Tensor[]): void {
    if (this.#isOldOrder) {
      this.trained.setWeights([...weights]);
      return;
    }
    const owners = this.#owners ?? modelVariables(this.trained);
    const wrong = owners.findIndex((variable, i) => String(variable.shape) !== String(weights[i]?.shape));
    if (wrong >= 0 || owners.length !== weights.length)
      throw new TensorBundleError(
        'ERR_MISMATCH',
        `EarlyStopping: the best weights are of another model (there are ${weights.length}, and this model has ` +
          `${owners.length}); nothing was changed`,
        { expected: owners.map(({ shape }) => shape), found: weights.map(({ shape }) => shape) },
      );
    for (const [i, variable] of owners.entries()) variable.write(weights[i]!);
  }

  #keep(weights: readonly Tensor[] | null): void {
    disposeElement(this.#bestWeights);
    this.#bestWeights = weights;
    this.#owners = null;
  }

  #isBetter(value: number, reference: number): boolean {
    const { minDelta } = this.#options;
    return this.#isLess ? value + minDelta < reference : value - minDelta > reference;
  }

  #worst(): number {
    return this.#isLess ? Infinity : -Infinity;
  }
}
