/**
 * SIGTERM while a training runs (the notice that a machine is taken away): what has to be saved is saved first, at the
 * end of the batch, and then the signal does what it would have done. All of this process that save share one listener.
 * If nobody else listens, it is removed when the last of them has saved, and the signal raised again, which ends the
 * process as ever. If somebody else did listen when the signal came, they have had it, and what ends is theirs to say:
 * it is not raised again.
 */
import { clearTimeout, setTimeout } from 'node:timers';
import { setImmediate } from 'node:timers/promises';
import { isMainThread } from 'node:worker_threads';

const SIGNAL = 'SIGTERM';
/**
 * A training that has failed calls nothing any more: the signal does not wait longer than this for the end of a batch.
 */
const GRACE_MS = 30_000;

const open = new Set<PreemptionWatch>();
/** Whether somebody else has heard the signal that came last. */
let isOthers = false;

function hear(): void {
  // Those that listen once are still there: this listener is the first.
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

/** One who saves. Nothing is listened for before `open`, nor after `close`. */
export class PreemptionWatch {
  #isAsked = false;
  #grace: NodeJS.Timeout | undefined;

  /** Node.js tells only the main thread of signals: elsewhere a process warning says that nothing will be saved. */
  open(): void {
    if (!isMainThread) warnOfWorker();
    if (open.size === 0) process.prependListener(SIGNAL, hear);
    open.add(this);
  }

  hear(): void {
    this.#isAsked = true;
    this.#grace ??= setTimeout(() => void this.close(), GRACE_MS).unref();
  }

  /**
   * Whether the signal came and this one has not saved since. Lets a signal that is waiting in first: a training may
   * hold up the loop.
   */
  async isAsked(): Promise<boolean> {
    if (open.has(this) && !this.#isAsked) await setImmediate();
    if (this.#isAsked) this.#patience();
    return this.#isAsked;
  }

  #patience(): void {
    clearTimeout(this.#grace);
    this.#grace = undefined;
  }

  /** This one has saved, or cannot; when all have, the signal goes on its way. */
  async settle(): Promise<void> {
    if (!this.#isAsked) return;
    this.#isAsked = false;
    for (const watch of open) if (watch.#isAsked) return;
    if (isOthers) return;
    // Warnings of this turn are written first.
    await setImmediate();
    process.removeListener(SIGNAL, hear);
    open.clear();
    process.kill(process.pid, SIGNAL);
  }

  /** Idempotent. A signal that came and was not answered goes on its way. */
  async close(): Promise<void> {
    this.#patience();
    if (!open.delete(this)) return;
    const wasAsked = this.#isAsked;
    if (open.size === 0) process.removeListener(SIGNAL, hear);
    if (wasAsked) await this.settle();
  }
}
