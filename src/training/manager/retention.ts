/** Which checkpoints are kept although there are newer ones. A checkpoint stays if any policy keeps it. */
import { argumentMustBe } from '../../errors.js';
import { type OptionList, refuseUnknown } from '../../options.js';

/** A checkpoint that a manager made, as it is known in its directory. */
export interface KeptCheckpoint {
  readonly path: string;
  /** The number in its name. */
  readonly number: number;
  /** The value of the step counter when it was saved; null if the manager has no step counter. */
  readonly step: number | null;
  /** Seconds since the epoch. */
  readonly time: number;
  readonly metrics: Readonly<Record<string, number>>;
  readonly pinned: boolean;
}

export interface RetentionPolicy {
  /**
   * Says which checkpoints stay. `all` is ordered from the oldest to the newest. The answer must depend on nothing
   * else, since the policy is asked again after a restart.
   */
  keep(all: readonly KeptCheckpoint[]): Iterable<KeptCheckpoint>;
}

/** Keeps the newest `count` checkpoints. Throws ERR_INVALID_ARGUMENT. */
export function keepLatest(count: number): RetentionPolicy {
  checkCount('count', count);
  return { keep: all => all.slice(-count) };
}

interface KeepBestOptions {
  /** Name of the metric, as given to `save`. */
  metric: string;
  /** Whether less ('min') or more ('max') is better. */
  mode: 'min' | 'max';
  /** How many are kept. Default 1. */
  count?: number;
}

const KEEP_BEST_OPTIONS: OptionList<KeepBestOptions> = { metric: true, mode: true, count: true };

/**
 * Keeps the `count` best checkpoints by a metric that was given to `save`; of equal ones the older. Checkpoints without
 * the metric, or with NaN, are not kept by this policy. Throws ERR_INVALID_ARGUMENT.
 */
export function keepBest(options: KeepBestOptions): RetentionPolicy {
  refuseUnknown(options, 'keepBest', KEEP_BEST_OPTIONS);
  const { metric, mode, count = 1 } = options;
  if (typeof metric !== 'string') throw argumentMustBe('metric', 'the name of a metric', metric);
  checkCount('count', count);
  if (mode !== 'min' && mode !== 'max') throw argumentMustBe('mode', "'min' or 'max'", mode);
  const sign = mode === 'min' ? 1 : -1;
  return {
    keep: all => {
      const measured = all.filter(
        ({ metrics }) => typeof metrics[metric] === 'number' && !Number.isNaN(metrics[metric]),
      );
      return measured.sort((a, b) => sign * (a.metrics[metric]! - b.metrics[metric]!)).slice(0, count);
    },
  };
}

/**
 * Keeps the first checkpoint, and then each one that is at least this many hours newer than the last one kept. Throws
 * ERR_INVALID_ARGUMENT.
 */
export function keepEveryHours(hours: number): RetentionPolicy {
  if (!(hours > 0)) throw argumentMustBe('hours', 'a number above 0', hours);
  return { keep: all => apart(all, ({ time }) => time, hours * 3600) };
}

/**
 * Keeps the first checkpoint, and then each one that is at least this many steps after the last one kept. Throws
 * ERR_INVALID_ARGUMENT.
 */
export function keepEverySteps(steps: number): RetentionPolicy {
  checkCount('steps', steps);
  return { keep: all => apart(all, ({ step, number }) => step ?? number, steps) };
}

function apart(
  all: readonly KeptCheckpoint[],
  at: (one: KeptCheckpoint) => number,
  distance: number,
): KeptCheckpoint[] {
  const kept: KeptCheckpoint[] = [];
  for (const one of all) {
    const last = kept.at(-1);
    if (last === undefined || at(one) - at(last) >= distance) kept.push(one);
  }
  return kept;
}

function checkCount(name: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1) throw argumentMustBe(name, 'a whole number above 0', value);
}
