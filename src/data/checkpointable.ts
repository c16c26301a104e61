/**
 * A dataset whose iterators are used by other code (`fitDataset`), as an object of a checkpoint. A dataset of this
 * package goes on exactly. For any other dataset, iterators and elements are counted; after a restore, iterators are
 * made anew and the counted elements are passed over.
 */

import { invalidArgument, TensorBundleError, throwIfAborted } from '../errors.js';
import { type OptionList, refuseUnknown } from '../options.js';
import { isLiteral } from '../realms.js';
import { Dataset } from './dataset.js';
import { checkRun, type DatasetIterator, type IteratorState, restoreSeeds } from './dataset-iterator.js';
import { disposeElement } from './iteration/element.js';
import { outline } from './iteration/iteration.js';
import { ShortSteps } from './iteration/short-steps.js';
import { RESUMABLE, type Resumable } from './resumable.js';

/** The interface of tf.data's datasets, and of others. */
export interface AnyDataset<T> {
  iterator(): Promise<{ next(): Promise<IteratorResult<T>> }>;
  readonly size: number;
}

export interface CheckpointableOptions {
  /**
   * Called for each element that a restored iterator passes over, if the dataset is not of this package. Default:
   * nothing is called.
   */
  onSkip?(skipped: number, total: number): void;
  /** Stops passing over elements: `next` rejects with ERR_ABORTED. Default: none. */
  signal?: AbortSignal;
}

export const CHECKPOINTABLE_OPTIONS: OptionList<CheckpointableOptions> = { onSkip: 'function', signal: 'signal' };

/** The most runs that a restore accepts, because it may make an iterator for each. No training has more epochs. */
const MOST_RUNS = 1_000_000;

/** The state of one run through the dataset. */
interface RunState {
  readonly elements: number;
  readonly isDone: boolean;
  /** State of the iterator, if the dataset is of this package. */
  readonly iterator: unknown;
}

interface CheckpointableState {
  readonly dataset: string;
  /** Number of runs begun. */
  readonly begun: number;
  /** The last run; null before the first. */
  readonly run: RunState | null;
}

interface ForeignRun<T> {
  readonly source: { next(): Promise<IteratorResult<T>> };
  elements: number;
  isDone: boolean;
}

/**
 * Wraps a dataset so that a checkpoint can save the place in it that the last iterator has reached. After a restore,
 * the next iterator goes on there, unless the saved one had come to its end. Later iterators begin at the start, as
 * usual. A dataset that is not of this package must give the same elements each time an iterator is made; if it is
 * shuffled, it needs a seed.
 *
 * @example const dataset = checkpointable(tf.data.csv('file://data.csv').shuffle(100, 'seed').batch(32)); const
 * checkpoint = new Checkpoint({ model, dataset });
 */
export function checkpointable<T>(
  dataset: AnyDataset<T>,
  options: CheckpointableOptions = {},
): CheckpointableDataset<T> {
  refuseUnknown(options, 'checkpointable', CHECKPOINTABLE_OPTIONS);
  return dataset instanceof CheckpointableDataset ? dataset : new CheckpointableDataset(dataset, options);
}

export class CheckpointableDataset<T> implements AnyDataset<T>, Resumable {
  readonly #dataset: AnyDataset<T>;
  readonly #options: CheckpointableOptions;
  /**
   * Number of iterators made of the inner dataset. After a restore it is less than `#begun`, the number of runs begun.
   */
  #made = 0;
  #begun = 0;
  #run: ForeignRun<T> | null = null;
  #pending: RunState | null = null;
  #isRestored = false;
  #onShort: (() => void) | null = null;

  /** @internal */
  constructor(dataset: AnyDataset<T>, options: CheckpointableOptions) {
    if (typeof dataset?.iterator !== 'function')
      throw invalidArgument('checkpointable takes a dataset: something with an iterator() method', {
        found: typeof dataset,
      });
    this.#dataset = dataset;
    this.#options = options;
  }

  get size(): number {
    return this.#dataset.size;
  }

  /** A run begins when its first element is asked for, because `fitDataset` makes one iterator that it does not use. */
  async iterator(): Promise<{ next(): Promise<IteratorResult<T>> }> {
    let run: ForeignRun<T> | null = null;
    return {
      next: async () => {
        run ??= await this.#begin();
        const result = await run.source.next();
        if (result.done) run.isDone = true;
        else run.elements++;
        return result;
      },
    };
  }

  /** Whether the iterator that began last has more elements, as far as is known. */
  get isRunning(): boolean {
    return this.#run !== null && !this.#run.isDone;
  }

  /** Whether a restore has found a state for it. */
  get isRestored(): boolean {
    return this.#isRestored;
  }

  /**
   * If the dataset ends before the saved place, the run begins anew and `onShort` is called, instead of ERR_MISMATCH.
   *
   * @internal
   */
  beginAnewIfShort(onShort: (() => void) | null): void {
    this.#onShort = onShort;
  }

  async #begin(): Promise<ForeignRun<T>> {
    const stored = this.#pending;
    const goesOn = stored !== null && !stored.isDone;
    if (!goesOn) this.#begun++;
    let source = await this.#next();
    const turns = new ShortSteps();
    // A shuffled dataset of tf.data has another order for each iterator, so as many are made as before the save.
    while (!(this.#dataset instanceof Dataset) && this.#made < this.#begun) {
      throwIfAborted(this.#options.signal, 'making iterators of the dataset');
      source = await this.#next();
      await turns.give();
    }
    let run: ForeignRun<T> = { source, elements: goesOn ? stored.elements : 0, isDone: false };
    if (goesOn) {
      if (this.#dataset instanceof Dataset) (source as DatasetIterator<T>)[RESUMABLE].adopt(stored.iterator);
      else if (!(await this.#skip(source, stored.elements))) {
        run = { source: await this.#next(), elements: 0, isDone: false };
        this.#onShort?.();
      }
    }
    if (this.#pending === stored) this.#pending = null;
    this.#run = run;
    return run;
  }

  async #next(): Promise<ForeignRun<T>['source']> {
    this.#made++;
    return await this.#dataset.iterator();
  }

  /** False if the dataset ended before `total` elements and `onShort` allows that. */
  async #skip(source: ForeignRun<T>['source'], total: number): Promise<boolean> {
    const { signal, onSkip } = this.#options;
    // Lets the signal abort a long loop.
    const turns = new ShortSteps();
    for (let skipped = 0; skipped < total; ) {
      throwIfAborted(signal, 'passing over elements of the dataset');
      await turns.give();
      const { value, done } = await source.next();
      if (done && this.#onShort) return false;
      if (done)
        throw new TensorBundleError(
          'ERR_MISMATCH',
          `the dataset ended after ${skipped} elements, but its iterator was saved after ${total}; it must give ` +
            `the same elements each time`,
          { expected: total, found: skipped },
        );
      disposeElement(value);
      skipped++;
      onSkip?.(skipped, total);
    }
    return true;
  }

  #name(): string {
    return this.#dataset instanceof Dataset ? outline(this.#dataset.stage) : 'another dataset';
  }

  /** @hidden */
  get [RESUMABLE](): Resumable[typeof RESUMABLE] {
    return {
      capture: (): CheckpointableState => ({
        dataset: this.#name(),
        begun: this.#begun,
        run: this.#pending ?? this.#capture(),
      }),
      check: state => {
        this.#check(state);
      },
      adopt: state => {
        const { begun, run } = this.#check(state);
        this.#isRestored = true;
        this.#begun = begun;
        this.#made = 0;
        this.#run = null;
        disposeElement(this.#pending);
        this.#pending = run;
        if (!run || !(this.#dataset instanceof Dataset)) return;
        const { seeds, begun: runs } = run.iterator as IteratorState;
        restoreSeeds(this.#dataset.stage, seeds);
        this.#dataset.runs.begun = runs;
      },
    };
  }

  /** Checks the stored state, which may be anything. */
  #check(stored: unknown): CheckpointableState {
    const { dataset: found, begun, run } = (isLiteral(stored) ? stored : {}) as Partial<CheckpointableState>;
    const expected = this.#name();
    if (expected !== found)
      throw new TensorBundleError(
        'ERR_MISMATCH',
        `the checkpoint was saved with another dataset (${found}, not ${expected}); make the dataset as it was ` +
          `when it was saved`,
        { expected, found },
      );
    const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
    const isRun = run === null || (isLiteral(run) && isCount(run.elements) && typeof run.isDone === 'boolean');
    if (!isCount(begun) || begun! > MOST_RUNS || !isRun)
      throw new TensorBundleError(
        'ERR_CORRUPT',
        'the stored state of a dataset is not valid; the checkpoint is damaged',
        { found: begun },
      );
    if (run && this.#dataset instanceof Dataset) checkRun(this.#dataset.stage, run.iterator);
    return stored as unknown as CheckpointableState;
  }

  #capture(): RunState | null {
    if (!this.#run) return null;
    const { source, elements, isDone } = this.#run;
    const iterator = this.#dataset instanceof Dataset ? (source as DatasetIterator<T>)[RESUMABLE].capture() : null;
    return { elements, isDone, iterator };
  }
}
