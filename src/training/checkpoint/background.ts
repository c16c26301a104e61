/**
 * Saves that run while training goes on. One runs at a time and the next waits for it, as in TensorFlow's asynchronous
 * checkpoints (tensorflow/python/checkpoint/async_checkpoint_helper.py). An error is never lost and never stops the
 * next save.
 */
import type { SaveResult } from '../../bundle/writer-options.js';
import { withoutFrames } from '../../errors.js';

export interface BackgroundSave {
  /** Path of the checkpoint. */
  readonly path: string;
  /**
   * Resolves when all values have been read: the save then needs TensorFlow.js no more, and holds no tensor. Until then
   * TensorFlow keeps the values; `tf.memory()` counts a tensor only while it is being read. Values that TensorFlow.js
   * holds as a JavaScript array are copied at the call up to 4 MiB in all: before this resolves, do not write into
   * other arrays that you gave to TensorFlow.js or got from `dataSync`. Rejects if the save fails before that.
   */
  readonly staged: Promise<void>;
  /** Resolves when the checkpoint is committed, is as durable as asked for, and is named in the `checkpoint` file. */
  readonly durable: Promise<SaveResult>;
}

/** A save whose values have been captured. */
interface BackgroundJob {
  /** Called once, when no other job runs. Releases the values, also when it fails. */
  run(onStaged: () => void): Promise<SaveResult>;
  /**
   * Called when `run` has succeeded. The next job does not wait for it, so this may itself wait for the next job. What
   * it throws rejects `durable`.
   */
  after(): Promise<void>;
}

interface Failure {
  readonly error: unknown;
  readonly durable: WatchedPromise<SaveResult>;
}

/** Whether the caller has not handled the error. */
function isUnseen({ durable }: Failure): boolean {
  return !durable.isHandled;
}

export class BackgroundQueue {
  /** Settles when everything submitted so far has; never rejects. */
  #tail: Promise<unknown> = Promise.resolve();
  #unfinished = 0;
  /** The errors of failed saves, oldest first, with the promises that the callers have. */
  #failures: Failure[] = [];

  /** Whether a job runs or waits. */
  get isBusy(): boolean {
    return this.#unfinished > 0;
  }

  /** Queues the job and returns at once. Never throws. */
  submit(path: string, job: BackgroundJob): BackgroundSave {
    this.#unfinished++;
    let stage: (() => void) | undefined;
    let fail: ((error: unknown) => void) | undefined;
    const staged = new Promise<void>((resolve, reject) => {
      stage = resolve;
      fail = reject;
    });
    const work = this.#tail.then(() => job.run(() => stage?.()));
    const failed = (error: unknown): void => this.#failed({ error, durable });
    const durable: WatchedPromise<SaveResult> = new WatchedPromise((resolve, reject) => {
      const refuse = (error: unknown): void => {
        failed(error);
        reject(error);
      };
      work.then(result => job.after().then(() => resolve(result), refuse), reject);
    });
    this.#tail = work.then(
      () => this.#unfinished--,
      error => {
        this.#unfinished--;
        fail?.(error);
        failed(error);
      },
    );
    // If the caller looks at neither promise, the next `sync` rejects with the error; an unhandled rejection must not
    // end the process.
    Promise.prototype.then.call(durable, undefined, () => undefined);
    staged.catch(() => undefined);
    return { path, staged, durable };
  }

  /** Waits until no job runs or waits. Never rejects. */
  async idle(): Promise<void> {
    while (this.#unfinished > 0) await this.#tail;
  }

  /** Waits for all jobs, then rejects with the first error that has not been handled. No error is reported twice. */
  async sync(): Promise<void> {
    await this.idle();
    const [first] = this.#failures.splice(0).filter(isUnseen);
    if (first) throw first.error;
  }

  /** Nobody may ever call `sync`. So what callers have handled is forgotten, and the rest leads to no values. */
  #failed(failure: Failure): void {
    const { error } = failure;
    this.#failures = [...this.#failures, { ...failure, error: withoutFrames(error) }].filter(isUnseen);
  }
}

/** A promise that knows whether its rejection is handled. `await` and `catch` call `then`. */
class WatchedPromise<T> extends Promise<T> {
  isHandled = false;

  /** `then` returns an ordinary promise. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  // biome-ignore lint/suspicious/noThenProperty: a promise that watches who waits for it
  override then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.isHandled ||= typeof onRejected === 'function';
    return super.then(onFulfilled, onRejected);
  }
}
