/**
 * Divides long work into short steps. Elements from memory come without a turn of the event loop, so a long loop over
 * them would keep timers, signals and other callbacks waiting until its end.
 */
import { performance } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';

const STEP_MS = 10;

export class ShortSteps {
  #since = performance.now();

  /** Await it in each round of a loop: it lets the event loop run when a step has been long enough. */
  async give(): Promise<void> {
    if (performance.now() - this.#since < STEP_MS) return;
    await setImmediate();
    this.#since = performance.now();
  }
}
