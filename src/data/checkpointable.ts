/**
 * A dataset whose iterator is in somebody else's hands (`fitDataset`), as an object of a checkpoint. One of this
 * package goes on exactly; of any other, iterators and elements are counted, and a restored one is made anew and passed
 * over.
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

/** What tf.data's datasets have, and others. */
export interface AnyDataset<T> {
  iterator(): Promise<{ next(): Promise<IteratorResult<T>> }>;
  readonly size: number;
}

export interface CheckpointableOptions {
  /**
   * Called while a restored iterator passes over elements of a dataset that is not of this package. Default: nothing is
   * called.
   */
  onSkip?(skipped: number, total: number): void;
  /** Ends the passing over: `next` rejects with ERR_ABORTED. Default: none. */
  signal?: AbortSignal;
}

export const CHECKPOINTABLE_OPTIONS: OptionList<CheckpointableOptions> = { onSkip: 'function', signal: 'signal' };

/** An iterator is made for each: no training has more epochs. */
const MOST_RUNS = 1_000_000;

/** The state of one run through the dataset. */
interface RunState {
  readonly elements: number;
  readonly isDone: boolean;
  /** Of an iterator of this package. */
  readonly iterator: unknown;
}

interface CheckpointableState {
  readonly dataset: string;
  /** Runs begun. */
  readonly begun: number;
  /** The last one; null before the first. */
  readonly run: RunState | null;
}

interface ForeignRun<T> {
  readonly source: { next(): Promise<IteratorResult<T>> };
  elements: number;
  isDone: boolean;
}

/**
 * The dataset with a place in it that a checkpoint can save: that of the iterator that began last. After a restore the
 * next iterator goes on there, unless that one had come to its end; iterators after it begin at the start, as usual. A
 * dataset that is not of this package must give the same elements each time an iterator is made: if it is shuffled,
 * with a seed.
 *
 * @example
 * const dataset = checkpointable(tf.data.csv('file://data.csv').shuffle(100, 'seed').batch(32));
 * const checkpoint = new Checkpoint({ model, dataset });
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
  /** Iterators made of the dataset itself, and runs begun: the former lag behind after a restore. */
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

  /** Begins when its first element is asked for: `fitDataset` makes one iterator that it does not use. */
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
   * Where the dataset ends before the place that was saved: the run begins anew, and this is called, instead of
   * ERR_MISMATCH.
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
    // A shuffled dataset of tf.data has another order for each iterator made of it.
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

  /** False if it has ended before, and may. */
  async #skip(source: ForeignRun<T>['source'], total: number): Promise<boolean> {
    const { signal, onSkip } = this.#options;
    // The signal is heard in them.
    const turns = new ShortSteps();
    for (let skipped = 0; skipped < total; ) {
      throwIfAborted(signal, 'passing over elements of the dataset');
      await turns.give();
      const { value, done } = await source.next();
      if (done && this.#onShort) return false;
      if (done)
        throw new TensorBundleError(
          'ERR_MISMATCH',
          `the dataset ended after ${skipped} elements, and its iterator was saved after ${total}: it must give ` +
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

  /** What was stored, which may be anything. */
  #check(stored: unknown): CheckpointableState {
    const { dataset: found, begun, run } = (isLiteral(stored) ? stored : {}) as Partial<CheckpointableState>;
    const expected = this.#name();
    if (expected !== found)
      throw new TensorBundleError(
        'ERR_MISMATCH',
        `the checkpoint was saved with another dataset: with ${found}, not with ${expected}; make the dataset ` +
          `as it was`,
        { expected, found },
      );
    const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
    const isRun = run === null || (isLiteral(run) && isCount(run.elements) && typeof run.isDone === 'boolean');
    if (!isCount(begun) || begun! > MOST_RUNS || !isRun)
      throw new TensorBundleError('ERR_CORRUPT', 'the stored state of a dataset is none', { found: begun });
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
