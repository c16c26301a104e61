/** One run through a dataset, as users hold it. */
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

/** As it is stored. */
export interface IteratorState {
  readonly stages: string;
  readonly seeds: readonly string[];
  /** Runs of the dataset that were begun. */
  readonly begun: number;
  /** Null before the first element was asked for. */
  readonly run: StoredRun | null;
}

/** What a dataset knows of its runs. */
export interface Runs {
  begun: number;
}

interface Running<T> {
  readonly number: number;
  /** Null at the end. */
  iteration: Iteration<T> | null;
}

/**
 * Give it to a `Checkpoint`, and a restore goes on at the next element exactly: elements that wait in buffers are in
 * the checkpoint, sources are found again by their position. Tensors in elements are the caller's to dispose of.
 */
export class DatasetIterator<T> implements AsyncIterableIterator<T>, Resumable {
  readonly #stage: Stage<T>;
  readonly #runs: Runs;
  #running: Running<T> | null = null;
  /** Restored, and not looked at yet. */
  #pending: IteratorState | null = null;
  #isClosed = false;
  /** While an element is made; never rejects. */
  #pull: Promise<unknown> | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  /** @internal */
  constructor(stage: Stage<T>, runs: Runs) {
    requireMade(runs, 'DatasetIterator', 'await dataset.iterator()');
    this.#stage = stage;
    this.#runs = runs;
  }

  /**
   * The next element. Rejects with what sources and functions throw; the element is not lost then, and the next call
   * tries it again. After a restore: ERR_MISMATCH if the source is not what it was, ERR_TRUNCATED if a file is shorter.
   */
  next(): Promise<IteratorResult<T>> {
    const result = this.#turn.then(() => this.#next());
    this.#turn = result.catch(() => undefined);
    return result;
  }

  async #next(): Promise<IteratorResult<T>> {
    if (this.#isClosed) return { value: undefined, done: true };
    const pending = this.#pending;
    if (pending) {
      const restored = pending.run && (await this.#restored(pending.run));
      // A restore that came meanwhile is the one that counts.
      if (this.#pending !== pending) return await this.#next();
      restoreSeeds(this.#stage, pending.seeds);
      this.#runs.begun = pending.begun;
      this.#running = restored;
      this.#pending = null;
    }
    this.#running ??= this.#begin();
    const running = this.#running;
    let taken: { readonly value: T } | null = null;
    const pull = running.iteration?.pull(value => {
      taken = { value };
    });
    this.#pull = pull?.catch(() => undefined);
    const isMore = await pull;
    this.#pull = undefined;
    if (running !== this.#running) {
      disposeElement((taken as { value: T } | null)?.value);
      return await this.#next();
    }
    if (!isMore) {
      // What waits in buffers before a `take` is not wanted any more.
      running.iteration?.close();
      running.iteration = null;
    }
    // TensorFlow.js looks at the value too, and takes only null for none.
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

  /** Lets go of what is held; after that, `next` says that there are no more elements. */
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

  /** All elements that are left. */
  async toArray(): Promise<T[]> {
    const elements: T[] = [];
    for (let next = await this.next(); !next.done; next = await this.next()) elements.push(next.value);
    return elements;
  }

  /** Calls `visit` with each element that is left, and disposes of it. */
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
    const iteration = this.#running?.iteration;
    if (iteration) void (this.#pull ? this.#pull.then(() => iteration.close()) : iteration.close());
    this.#running = null;
    disposeElement(this.#pending?.run);
    this.#pending = null;
  }

  /** @hidden */
  get [RESUMABLE](): Resumable[typeof RESUMABLE] {
    return {
      capture: () =>
        this.#pending ?? {
          stages: outline(this.#stage),
          seeds: seedsOf(this.#stage).map(({ value }) => String(value)),
          begun: this.#runs.begun,
          run: this.#running && { number: this.#running.number, state: this.#running.iteration?.state() ?? null },
        },
      check: state => void checkRun(this.#stage, state),
      adopt: state => {
        if (this.#isClosed)
          throw new TensorBundleError('ERR_CLOSED', 'the iterator was closed; make another one for the restore');
        const pending = checkRun(this.#stage, state);
        this.#abandon();
        this.#pending = pending;
      },
    };
  }
}

/** Runs that begin later are those that would have begun where the state was taken. */
export function restoreSeeds(stage: Stage<unknown>, stored: readonly string[]): void {
  for (const [i, seed] of seedsOf(stage).entries()) if (stored[i] !== undefined) seed.value = storedSeed(stored[i]);
}

/**
 * What was stored, which may be anything. Throws ERR_MISMATCH if it is of another dataset, ERR_CORRUPT if it is no
 * state.
 */
export function checkRun(stage: Stage<unknown>, stored: unknown): IteratorState {
  const { stages, seeds, begun, run } = (isLiteral(stored) ? stored : {}) as Partial<IteratorState>;
  checkOutline(stage, stages);
  const isNumber = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
  const isRun = run === null || (isLiteral(run) && isNumber(run.number));
  if (!Array.isArray(seeds) || !isNumber(begun) || !isRun)
    throw new TensorBundleError('ERR_CORRUPT', 'the stored state of an iterator is none');
  for (const seed of seeds) storedSeed(seed);
  if (run && run.state !== null) checkState(stage, run.state);
  return stored as IteratorState;
}
