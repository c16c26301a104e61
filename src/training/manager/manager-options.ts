/** Options of a CheckpointManager, checked once. */
import { joinPrefix } from '../../commit/names.js';
import { pathOf, savePathOf } from '../../commit/paths.js';
import { argumentMustBe } from '../../errors.js';
import { type OptionList, refuseUnknown } from '../../options.js';
import { BACKGROUND_SAVE_OPTIONS, type SaveOptions } from '../checkpoint/checkpoint-options.js';
import type { RetentionPolicy } from './retention.js';
import { checkSeconds } from './save-schedule.js';

export interface LowSpace {
  /** The checkpoint that could not be saved. */
  readonly path: string;
  readonly error: Error;
  /** What may be removed, oldest first. Never the newest checkpoint, the newest durable one, or a pinned one. */
  readonly removable: readonly string[];
}

export interface ManagerOptions {
  /** How many of the newest checkpoints stay; null: all. No default: it must be given, as in TensorFlow. */
  maxToKeep: number | null;
  /** In addition, one checkpoint per this many hours stays for ever. Default: none. */
  keepCheckpointEveryNHours?: number;
  /** Default 'ckpt': the files are called `ckpt-1.index` and so on. */
  checkpointName?: string;
  /**
   * Tells the step, for `checkpointInterval` and for policies: a `Counter`, a variable, or a function. Default: none.
   */
  stepCounter?: { dataSync(): ArrayLike<number> } | (() => number | bigint);
  /**
   * A number (needs `stepCounter`): `save` does nothing until that many steps after the last save. `{ seconds: 600 }`:
   * `save` does nothing until that much time has passed since the last save, or since the manager was made. Default:
   * every `save` saves.
   */
  checkpointInterval?: number | { readonly seconds: number };
  /** The step of the last save before this manager was made. Default: not known. */
  lastCheckpointStep?: number;
  /** Called by `restoreOrInitialize` if there is no checkpoint. Default: nothing is called. */
  initFn?(): void | Promise<void>;
  /**
   * Policies that keep more than `maxToKeep` does; what one of them keeps stays. The numbers that they need are kept on
   * disk, so that the best checkpoint is still the best after a restart. Default: none.
   */
  retention?: readonly RetentionPolicy[];
  /** Default false. True: nothing is ever written or removed, and `save` throws ERR_STATE. */
  readOnly?: boolean;
  /**
   * Default true: `restoreOrInitialize` passes over a damaged checkpoint and takes the newest that is whole. False: it
   * rejects.
   */
  fallback?: boolean;
  /**
   * What to do when the disk is full. 'fail' (default): the save fails. 'removeOldest': removes the oldest, one after
   * the other, until the save fits. A function: says which of the removable checkpoints are removed before the save is
   * tried again; if it names none, the save fails. Not for background saves.
   */
  onLowSpace?: 'fail' | 'removeOldest' | ((space: LowSpace) => readonly string[] | Promise<readonly string[]>);
}

const MANAGER_OPTIONS: OptionList<ManagerOptions> = {
  maxToKeep: true,
  keepCheckpointEveryNHours: 'number or null',
  checkpointName: true,
  stepCounter: true,
  checkpointInterval: { seconds: true },
  lastCheckpointStep: true,
  initFn: 'function',
  retention: true,
  readOnly: 'flag',
  fallback: 'flag',
  onLowSpace: true,
};

export interface ManagerSaveOptions extends SaveOptions {
  /** The number of the checkpoint. Default: the save counter, which counts in any case. */
  checkpointNumber?: number;
  /**
   * Default true: `checkpointInterval` is respected. False: the save is left out only if this step was saved already.
   */
  checkInterval?: boolean;
  /** Numbers for `keepBest` and for policies of your own, by name. Default: none. */
  metrics?: Record<string, number>;
}

const MANAGER_SAVE_OPTIONS: OptionList<ManagerSaveOptions & { background?: boolean }> = {
  ...BACKGROUND_SAVE_OPTIONS,
  checkpointNumber: true,
  checkInterval: 'flag',
  metrics: true,
};

export interface CheckedManagerOptions {
  readonly maxToKeep: number | null;
  readonly keepCheckpointEveryNHours: number | null;
  readonly checkpointName: string;
  readonly stepCounter: NonNullable<ManagerOptions['stepCounter']> | null;
  readonly checkpointInterval: number | { readonly seconds: number } | null;
  readonly lastCheckpointStep: number | null;
  readonly initFn: ManagerOptions['initFn'];
  readonly retention: readonly RetentionPolicy[];
  readonly readOnly: boolean;
  readonly fallback: boolean;
  onLowSpace(space: LowSpace): Promise<readonly string[]>;
}

/** Throws ERR_INVALID_ARGUMENT, and ERR_NOT_SUPPORTED for a name that belongs to another format. */
export function checkManagerOptions(directory: string, options: ManagerOptions): CheckedManagerOptions {
  refuseUnknown(options, 'CheckpointManager', MANAGER_OPTIONS);
  if (directory === '') throw argumentMustBe('the directory', "a path ('.' is the current directory)", "''");
  const { maxToKeep, keepCheckpointEveryNHours = null, checkpointName = 'ckpt', checkpointInterval = null } = options;
  if (maxToKeep !== null && !(Number.isSafeInteger(maxToKeep) && maxToKeep > 0))
    throw argumentMustBe('maxToKeep', 'a whole number above 0, or null', maxToKeep);
  if (typeof checkpointName !== 'string' || checkpointName === '' || /[/\0]/.test(checkpointName))
    throw argumentMustBe('checkpointName', 'a file name', checkpointName);
  // A read-only manager may have such a name: what is there can be read.
  if (!options.readOnly) savePathOf(joinPrefix(directory, checkpointName));
  const isInSteps = typeof checkpointInterval !== 'object';
  if (checkpointInterval !== null && !isInSteps)
    checkSeconds('CheckpointManager', 'checkpointInterval', checkpointInterval);
  if (isInSteps && !(checkpointInterval > 0))
    throw argumentMustBe(
      'checkpointInterval',
      'a number of steps above 0, or { seconds: a number above 0 }',
      checkpointInterval,
    );
  if (isInSteps && options.stepCounter === undefined)
    throw argumentMustBe('stepCounter', 'given with checkpointInterval', undefined);
  const { stepCounter } = options as { stepCounter?: { dataSync?: unknown } | null };
  if (stepCounter !== undefined && typeof stepCounter !== 'function' && typeof stepCounter?.dataSync !== 'function')
    throw argumentMustBe('stepCounter', 'a Counter, an int32 variable of one number, or a function', stepCounter);
  const { retention = [] } = options as { retention?: unknown };
  const isPolicy = (one: unknown): boolean => typeof (one as Partial<RetentionPolicy> | null)?.keep === 'function';
  if (!Array.isArray(retention) || !retention.every(isPolicy))
    throw argumentMustBe('retention', 'an array of policies, for example [keepBest({ metric, mode })]', retention);
  const { onLowSpace = 'fail' } = options;
  if (typeof onLowSpace !== 'function' && onLowSpace !== 'fail' && onLowSpace !== 'removeOldest')
    throw argumentMustBe('onLowSpace', "'fail', 'removeOldest' or a function", onLowSpace);
  return {
    maxToKeep,
    keepCheckpointEveryNHours,
    checkpointName,
    stepCounter: options.stepCounter ?? null,
    checkpointInterval,
    lastCheckpointStep: !isInSteps ? null : (options.lastCheckpointStep ?? null),
    initFn: options.initFn?.bind(options),
    retention: options.retention ?? [],
    readOnly: options.readOnly ?? false,
    fallback: options.fallback ?? true,
    onLowSpace: async space => {
      if (typeof onLowSpace !== 'function') return onLowSpace === 'removeOldest' ? space.removable.slice(0, 1) : [];
      const chosen: unknown = await onLowSpace(space);
      if (!Array.isArray(chosen)) throw argumentMustBe('what onLowSpace gives', 'an array of paths', chosen);
      return chosen.map(pathOf);
    },
  };
}

/** Called before anything is counted. Throws ERR_INVALID_ARGUMENT. */
export function checkSaveOptions(options: ManagerSaveOptions, what = 'save'): void {
  refuseUnknown(options, what, MANAGER_SAVE_OPTIONS);
  const { checkpointNumber: number = 0 } = options;
  if (!Number.isSafeInteger(number) || number < 0) throw argumentMustBe('checkpointNumber', 'a whole number', number);
  const { metrics } = options as { metrics?: unknown };
  if (metrics === undefined) return;
  // NaN is allowed, since a loss may become NaN; `undefined` means not measured.
  const isMeasure = (one: unknown): boolean => typeof one === 'number' || one === undefined;
  if (
    typeof metrics !== 'object' ||
    metrics === null ||
    Array.isArray(metrics) ||
    !Object.values(metrics).every(isMeasure)
  )
    throw argumentMustBe('metrics', 'an object of numbers, for example { val_loss: 0.1 }', metrics);
}
