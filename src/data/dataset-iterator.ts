/** The iterator of a dataset, which users hold: one run through its elements. */
import { isLiteral } from '../realms.js';
import '../disposal.js';
import { requireMade, TensorBundleError } from '../errors.js';
import { disposeElement } from './iteration/element.js';
import {
  checkOutline,
  checkState,
  type Iteration,
  outline,
  type Stage,
  type State,
  seedsOf,
} from './iteration/iteration.js';
import { storedSeed } from './random/randomness.js';
import { RESUMABLE, type Resumable } from './resumable.js';

interface StoredRun {
  readonly number: number;
  /** Null at the end. */
  readonly state: State | null;
}

/** The state of an iterator as it is stored. */
export interface IteratorState {
  readonly stages: string;
  readonly seeds: readonly string[];
  /** Number of runs of the dataset that were begun. */
  readonly begun: number;
  /** The run; null before the first element was asked for. */
  readonly run: StoredRun | null;
}

/** How many runs of a dataset were begun. */
export interface Runs {
  begun: number;
}

interface Running<T> {
  readonly number: number;
  /** Null at the end. */
  iteration: Iteration<T> | null;
}

/** What an iterator holds; does not lead to the iterator. */
interface Held<T> {
  running: Running<T> | null;
  /** A restored state that the next call of `next` will use. */
  pending: IteratorState | null;
}

/**
 * Frees what dropped iterators hold: `fitDataset` closes none, and leaves one before its end if `batchesPerEpoch` says
 * so, or if the training is stopped.
 */
const dropped = new FinalizationRegistry<Held<unknown>>(({ running, pending }) => {
  try {
    running?.iteration?.close();
    disposeElement(pending?.run);
  } catch {
    // No caller waits for it.
  }
});

/**
 * Give it to a `Checkpoint`: a restored iterator goes on exactly at the next element. Elements that wait in buffers are
 * in the checkpoint; sources continue from their stored position. Dispose of the tensors in elements yourself.
 */
export class DatasetIterator<T> implements AsyncIterableIterator<T>, Resumable {
  readonly #stage: Stage<T>;
  readonly #runs: Runs;
  readonly #held: Held<T> = { running: null, pending: null };
  #isClosed = false;
  /** Pending while an element is made; never rejects. */
  #pull: Promise<unknown> | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  /** @internal */
  constructor(stage: Stage<T>, runs: Runs) {
    requireMade(runs, 'DatasetIterator', 'await dataset.iterator()');
    this.#stage = stage;
    this.#runs = runs;
    dropped.register(this, this.#held);
  }

  /**
   * The next element. Rejects with errors of sources and functions. The element is not lost then: the next call tries
   * it again. After a restore: ERR_MISMATCH if the source has changed, ERR_TRUNCATED if a file is shorter than the
   * saved position.
   */
  next(): Promise<IteratorResult<T>> {
    const result = this.#turn.then(() => this.#next());
    this.#turn = result.catch(() => undefined);
    return result;
  }

  async #next(): Promise<IteratorResult<T>> {
    if (this.#isClosed) return { value: undefined, done: true };
    const pending = this.#held.pending;
    if (pending) {
      const restored = pending.run && (await this.#restored(pending.run));
      // Another restore came meanwhile, and only the last one counts.
      if (this.#held.pending !== pending) return await this.#next();
      restoreSeeds(this.#stage, pending.seeds);
      this.#runs.begun = pending.begun;
      this.#held.running = restored;
      this.#held.pending = null;
    }
    this.#held.running ??= this.#begin();
    const running = this.#held.running;
    let taken: { readonly value: T } | null = null;
    const pull = running.iteration?.pull(value => {
      taken = { value };
    });
    this.#pull = pull?.catch(() => undefined);
    const isMore = await pull;
    this.#pull = undefined;
    if (running !== this.#held.running) {
      disposeElement((taken as { value: T } | null)?.value);
      return await this.#next();
    }
    if (!isMore) {
      // Elements that wait in buffers before a `take` are not needed any more.
      running.iteration?.close();
      running.iteration = null;
    }
    // TensorFlow.js also checks the value, and only null means that there is none.
    return taken ?? ({ value: null, done: true } as unknown as IteratorResult<T>);
  }

  #begin(): Running<T> {
    const number = this.#runs.begun++;
    return { number, iteration: this.#stage.start([number]) };
  }

  async #restored({ number, state }: StoredRun): Promise<Running<T>> {
    if (state === null) return { number, iteration: null };
    const iteration = this.#stage.start([number]);
    await iteration.restore(state);
    return { number, iteration };
  }

  /** Closes the iterator and frees what it holds. After that, `next` gives no more elements. */
  async return(): Promise<IteratorResult<T>> {
    this.#isClosed = true;
    this.#abandon();
    return { value: undefined, done: true };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** All remaining elements, as an array. */
  async toArray(): Promise<T[]> {
    const elements: T[] = [];
    for (let next = await this.next(); !next.done; next = await this.next()) elements.push(next.value);
    return elements;
  }

  /** Calls `visit` with each remaining element, then disposes of the element. */
  async forEachAsync(visit: (element: T) => unknown): Promise<void> {
    for (let next = await this.next(); !next.done; next = await this.next()) {
      try {
        await visit(next.value);
      } finally {
        disposeElement(next.value);
      }
    }
  }

  #abandon(): void {
    const iteration = this.#held.running?.iteration;
    if (iteration) void (this.#pull ? this.#pull.then(() => iteration.close()) : iteration.close());
    this.#held.running = null;
    disposeElement(this.#held.pending?.run);
    this.#held.pending = null;
  }

  /** @hidden */
  get [RESUMABLE](): Resumable[typeof RESUMABLE] {
    return {
      capture: () =>
        this.#held.pending ?? {
          stages: outline(this.#stage),
          seeds: seedsOf(this.#stage).map(({ value }) => String(value)),
          begun: this.#runs.begun,
          run: this.#held.running && {
            number: this.#held.running.number,
            state: this.#held.running.iteration?.state() ?? null,
          },
        },
      check: state => void checkRun(this.#stage, state),
      adopt: state => {
        if (this.#isClosed)
          throw new TensorBundleError('ERR_CLOSED', 'the iterator was closed; make another one for the restore');
        const pending = checkRun(this.#stage, state);
        this.#abandon();
        this.#held.pending = pending;
      },
    };
  }
}

/** Restores seeds, so that later runs have the same random numbers as they would have had where the state was saved. */
export function restoreSeeds(stage: Stage<unknown>, stored: readonly string[]): void {
  for (const [i, seed] of seedsOf(stage).entries()) if (stored[i] !== undefined) seed.value = storedSeed(stored[i]);
}

/**
 * Checks the stored state, which may be anything. Throws ERR_MISMATCH if it is that of another dataset, ERR_CORRUPT if
 * it is not valid.
 */
export function checkRun(stage: Stage<unknown>, stored: unknown): IteratorState {
  const { stages, seeds, begun, run } = (isLiteral(stored) ? stored : {}) as Partial<IteratorState>;
  checkOutline(stage, stages);
  const isNumber = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
  const isRun = run === null || (isLiteral(run) && isNumber(run.number));
  if (!Array.isArray(seeds) || !isNumber(begun) || !isRun)
    throw new TensorBundleError(
      'ERR_CORRUPT',
      'the stored state of an iterator is not valid; the checkpoint is damaged',
    );
  for (const seed of seeds) storedSeed(seed);
  if (run && run.state !== null) checkState(stage, run.state);
  return stored as IteratorState;
}
