/** Options of a CheckpointManager, checked once. */
import { joinPrefix } from '../../commit/names.js';
import { pathOf, savePathOf } from '../../commit/paths.js';
import { argumentMustBe } from '../../errors.js';
import { type OptionList, refuseUnknown } from '../../options.js';
import { BACKGROUND_SAVE_OPTIONS, type SaveOptions } from '../checkpoint/checkpoint-options.js';
import type { RetentionPolicy } from './retention.js';
import { checkSeconds } from './save-schedule.js';

export interface LowSpace {
  /** Of the save that found the disk full. */
  readonly path: string;
  readonly error: Error;
  /** What may be removed, oldest first: never the newest checkpoint, nor the newest durable one; nothing that is pinned. */
  readonly removable: readonly string[];
}

export interface ManagerOptions {
  /** So many of the newest stay; null: all do. */
  maxToKeep: number | null;
  /** One every so many hours stays for ever, besides. Default: none. */
  keepCheckpointEveryNHours?: number;
  /** Default 'ckpt': files are called `ckpt-1.index` and so on. */
  checkpointName?: string;
  /** Where the step is, for `checkpointInterval` and for policies: a `Counter`, a variable, or a function that tells it. */
  stepCounter?: { dataSync(): ArrayLike<number> } | (() => number | bigint);
  /**
   * `save` does nothing before so many steps have been made since the last; needs `stepCounter`. Or `{ seconds: 600 }`: before so much
   * time has passed since the last save, or since the manager was made.
   */
  checkpointInterval?: number | { readonly seconds: number };
  /** The step of the last save before this manager. Default: not known. */
  lastCheckpointStep?: number;
  /** Called by `restoreOrInitialize` if there is no checkpoint. */
  initFn?(): void | Promise<void>;
  /** What else stays; each policy may keep what others let go. Kept on disk, so that the best stays the best after a restart. */
  retention?: readonly RetentionPolicy[];
  /** Default false. True: nothing is ever written or removed, and `save` throws. */
  readOnly?: boolean;
  /** Default true: a damaged checkpoint is passed over by `restoreOrInitialize`. */
  fallback?: boolean;
  /**
   * What to do when the disk is full: 'fail' (default); 'removeOldest', one after the other until the save fits; or a function
   * that says which of the removable are removed before the save is tried again (none: it fails). Not of background saves.
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
  /** In place of the save counter, which counts all the same. */
  checkpointNumber?: number;
  /** Default true. False: only a second save of the same step is left out. */
  checkInterval?: boolean;
  /** For `keepBest`. */
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

/** Throws ERR_INVALID_ARGUMENT; ERR_NOT_SUPPORTED for a name as other formats have it. */
export function checkManagerOptions(directory: string, options: ManagerOptions): CheckedManagerOptions {
  refuseUnknown(options, 'CheckpointManager', MANAGER_OPTIONS);
  if (directory === '') throw argumentMustBe('the directory', "a path ('.' is the current directory)", "''");
  const { maxToKeep, keepCheckpointEveryNHours = null, checkpointName = 'ckpt', checkpointInterval = null } = options;
  if (maxToKeep !== null && !(Number.isSafeInteger(maxToKeep) && maxToKeep > 0))
    throw argumentMustBe('maxToKeep', 'a whole number above 0, or null', maxToKeep);
  if (typeof checkpointName !== 'string' || checkpointName === '' || /[/\0]/.test(checkpointName))
    throw argumentMustBe('checkpointName', 'a file name', checkpointName);
  // What is there under such a name can be read all the same.
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

/** Before anything is counted. Throws ERR_INVALID_ARGUMENT. */
export function checkSaveOptions(options: ManagerSaveOptions, what = 'save'): void {
  refuseUnknown(options, what, MANAGER_SAVE_OPTIONS);
  const { checkpointNumber: number = 0 } = options;
  if (!Number.isSafeInteger(number) || number < 0) throw argumentMustBe('checkpointNumber', 'a whole number', number);
  const { metrics } = options as { metrics?: unknown };
  if (metrics === undefined) return;
  // NaN is a number, since a loss may become that; `undefined` is what was not measured.
  const isMeasure = (one: unknown): boolean => typeof one === 'number' || one === undefined;
  if (
    typeof metrics !== 'object' ||
    metrics === null ||
    Array.isArray(metrics) ||
    !Object.values(metrics).every(isMeasure)
  )
    throw argumentMustBe('metrics', 'an object of numbers, for example { val_loss: 0.1 }', metrics);
}
