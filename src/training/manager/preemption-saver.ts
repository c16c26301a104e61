/** A manager's save before the process is taken away, for a training loop of one's own. */
import { checkSaveOptions, type ManagerSaveOptions } from './manager-options.js';
import { PreemptionWatch } from './preemption.js';

/**
 * Listens for SIGTERM until `close`. Call `saveIfAsked` after each step: it does nothing until the signal has come.
 *
 * @example
 * const preemption = manager.saveBeforePreemption();
 * try {
 *   for (let step = 0; step < steps; step++) {
 *     trainStep();
 *     await preemption.saveIfAsked();
 *   }
 * } finally {
 *   await preemption.close();
 * }
 */
export class PreemptionSaver {
  readonly #watch = new PreemptionWatch();
  readonly #save: (options: ManagerSaveOptions) => Promise<string | null>;

  /** @internal */
  constructor(save: (options: ManagerSaveOptions) => Promise<string | null>) {
    this.#save = save;
    this.#watch.open();
  }

  /**
   * If SIGTERM has come: waits for background saves, saves durably (whatever `checkpointInterval` says), and then lets
   * the signal end the process. If another listener for the signal exists, the path is returned instead, and the loop
   * may go on. Null if no signal has come. Rejects as `save` does; even then the signal ends the process as it
   * otherwise would.
   */
  async saveIfAsked(options: ManagerSaveOptions = {}): Promise<string | null> {
    checkSaveOptions(options, 'saveIfAsked');
    if (!(await this.#watch.isAsked())) return null;
    try {
      return await this.#save({ ...options, durable: true });
    } catch (error) {
      process.emitWarning(`the save before the end failed: ${(error as Error).message}`, {
        type: 'TensorBundleWarning',
        code: 'TENSORBUNDLE_PREEMPTION',
      });
      throw error;
    } finally {
      await this.#watch.settle();
    }
  }

  /**
   * Stops listening. May be called several times. A signal that came since the last `saveIfAsked` ends the process now.
   */
  async close(): Promise<void> {
    await this.#watch.close();
  }
}
