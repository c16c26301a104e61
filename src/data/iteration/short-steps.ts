/**
 * Long work in short steps: what comes from memory comes without a turn of the event loop, so a loop over it would keep
 * timers, signals and other callbacks waiting to its end.
 */
import { performance } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';

const STEP_MS = 10;

export class ShortSteps {
  #since = performance.now();

  /** To be awaited again and again: hands over to the event loop when it is time. */
  async give(): Promise<void> {
    if (performance.now() - this.#since < STEP_MS) return;
    await setImmediate();
    this.#since = performance.now();
  }
}
