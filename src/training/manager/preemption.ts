/**
 * SIGTERM while a training runs (the notice that a machine is about to be taken away). The state is saved first, at the
 * end of the batch, and then the signal does what it would have done. All watches of this process share one listener.
 * If there is no other listener, this one is removed when the last watch has saved, and the signal is raised again,
 * which ends the process. If another listener existed when the signal came, it got the signal and decides what ends:
 * the signal is not raised again.
 */
import { clearTimeout, setTimeout } from 'node:timers';
import { setImmediate } from 'node:timers/promises';
import { isMainThread } from 'node:worker_threads';

const SIGNAL = 'SIGTERM';
/**
 * A training that has failed calls nothing any more, so the signal waits for the end of a batch no longer than this.
 */
const GRACE_MS = 30_000;

const open = new Set<Watch>();
/** Whether another listener got the last signal. */
let isOthers = false;

function hear(): void {
  // This listener runs first, so listeners added with `once` are still counted.
  isOthers = process.listenerCount(SIGNAL) > 1;
  for (const watch of open) watch.hear();
}

let isWarned = false;

function warnOfWorker(): void {
  if (isWarned) return;
  isWarned = true;
  process.emitWarning(
    'saveBeforePreemption has no effect in a worker thread, which SIGTERM does not reach; train in the main ' +
      'thread or in a child process',
    { type: 'TensorBundleWarning', code: 'TENSORBUNDLE_PREEMPTION' },
  );
}

/** What a PreemptionWatch does; does not lead to it. */
class Watch {
  #isAsked = false;
  #grace: NodeJS.Timeout | undefined;

  open(): void {
    if (!isMainThread) warnOfWorker();
    if (open.size === 0) process.prependListener(SIGNAL, hear);
    open.add(this);
  }

  hear(): void {
    this.#isAsked = true;
    this.#grace ??= setTimeout(() => void this.close(), GRACE_MS).unref();
  }

  async isAsked(): Promise<boolean> {
    if (open.has(this) && !this.#isAsked) await setImmediate();
    if (this.#isAsked) this.#patience();
    return this.#isAsked;
  }

  #patience(): void {
    clearTimeout(this.#grace);
    this.#grace = undefined;
  }

  async settle(): Promise<void> {
    if (!this.#isAsked) return;
    this.#isAsked = false;
    for (const watch of open) if (watch.#isAsked) return;
    if (isOthers) return;
    // Warnings of this turn of the event loop are written first.
    await setImmediate();
    process.removeListener(SIGNAL, hear);
    open.clear();
    process.kill(process.pid, SIGNAL);
  }

  async close(): Promise<void> {
    this.#patience();
    if (!open.delete(this)) return;
    const wasAsked = this.#isAsked;
    if (open.size === 0) process.removeListener(SIGNAL, hear);
    if (wasAsked) await this.settle();
  }
}

/** A training that has failed closes nothing: the signal need not wait once its callbacks are dropped. */
const dropped = new FinalizationRegistry<Watch>(watch => void watch.close());

/** Something that wants to save before the process ends. It listens only between `open` and `close`. */
export class PreemptionWatch {
  readonly #watch = new Watch();

  constructor() {
    dropped.register(this, this.#watch);
  }

  /**
   * Node.js delivers signals only to the main thread. In another thread a process warning says that nothing will be
   * saved.
   */
  open(): void {
    this.#watch.open();
  }

  /**
   * Whether the signal came and this watch has not saved since. Lets a waiting signal be delivered first, since a
   * training may block the event loop.
   */
  isAsked(): Promise<boolean> {
    return this.#watch.isAsked();
  }

  /** This watch has saved, or cannot. When all watches have, the signal is raised again. */
  settle(): Promise<void> {
    return this.#watch.settle();
  }

  /** May be called several times. If a signal came and nothing was saved since, it is raised again. */
  close(): Promise<void> {
    return this.#watch.close();
  }
}
