/**
 * Saves that go on while training does: one is in flight, the next waits for it, as in TensorFlow's asynchronous
 * checkpoints (tensorflow/python/checkpoint/async_checkpoint_helper.py). An error is never lost and never stops the
 * next save.
 */
import type { SaveResult } from '../../bundle/writer-options.js';

export interface BackgroundSave {
  /** Path of the checkpoint. */
  readonly path: string;
  /**
   * All values have been read: TensorFlow.js is not needed any more, and no tensor is held. Rejects if the save fails
   * before that.
   */
  readonly staged: Promise<void>;
  /** The checkpoint is committed, as durable as asked for, and named in the `checkpoint` file. */
  readonly durable: Promise<SaveResult>;
}

/** A save whose values are held already. */
interface BackgroundJob {
  /** Called once, when no other job runs. Lets go of the values whatever happens. */
  run(onStaged: () => void): Promise<SaveResult>;
  /**
   * Called when it is done; the next job does not wait for it, so it may wait for that. What it throws rejects
   * `durable`.
   */
  after(): Promise<void>;
}

export class BackgroundQueue {
  /** Settles when everything submitted so far has; never rejects. */
  #tail: Promise<unknown> = Promise.resolve();
  #unfinished = 0;
  /** Of failed saves, what asks whether somebody has seen the error, oldest first. */
  #failures: { readonly error: unknown; isSeen(): boolean }[] = [];

  /** Whether a job runs or waits. */
  get isBusy(): boolean {
    return this.#unfinished > 0;
  }

  /** Returns at once; never throws. */
  submit(path: string, job: BackgroundJob): BackgroundSave {
    this.#unfinished++;
    let stage: (() => void) | undefined;
    let fail: ((error: unknown) => void) | undefined;
    const staged = new Promise<void>((resolve, reject) => {
      stage = resolve;
      fail = reject;
    });
    const work = this.#tail.then(() => job.run(() => stage?.()));
    const failed = (error: unknown): void => void this.#failures.push({ error, isSeen: () => durable.isHandled });
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
    // Whoever looks at neither promise gets the error from the next `sync`; it is not to end the process.
    Promise.prototype.then.call(durable, undefined, () => undefined);
    staged.catch(() => undefined);
    return { path, staged, durable };
  }

  /** Waits until nothing runs or waits; never rejects. */
  async idle(): Promise<void> {
    while (this.#unfinished > 0) await this.#tail;
  }

  /** Waits, then rejects with the first error that nobody has seen; each is told once. */
  async sync(): Promise<void> {
    await this.idle();
    const [first] = this.#failures.splice(0).filter(failure => !failure.isSeen());
    if (first) throw first.error;
  }
}

/** Knows whether somebody deals with its rejection. `await` and `catch` go through `then`. */
class WatchedPromise<T> extends Promise<T> {
  isHandled = false;

  /** What `then` returns is an ordinary promise. */
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
