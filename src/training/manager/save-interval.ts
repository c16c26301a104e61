/** Whether it is time for a manager's save: so many steps, or so many seconds, after the last. */
import { type CheckedManagerOptions, invalid, type ManagerSaveOptions } from './manager-options.js';

type Options = Pick<CheckedManagerOptions, 'checkpointInterval' | 'stepCounter' | 'lastCheckpointStep'>;

export class SaveInterval {
  readonly #steps: number | null;
  readonly #milliseconds: number | null;
  readonly #counter: Options['stepCounter'];
  #lastStep: number | null;
  #lastTime = performance.now();

  constructor({ checkpointInterval, stepCounter, lastCheckpointStep }: Options) {
    this.#steps = typeof checkpointInterval === 'number' ? checkpointInterval : null;
    this.#milliseconds =
      checkpointInterval !== null && typeof checkpointInterval === 'object' ? 1000 * checkpointInterval.seconds : null;
    this.#counter = stepCounter;
    this.#lastStep = lastCheckpointStep;
  }

  /** Of the last save, or of the restored checkpoint; null without an interval in steps. */
  get lastStep(): number | null {
    return this.#lastStep;
  }

  /** Throws ERR_INVALID_ARGUMENT for what is no number: after NaN, it would be time for a save each time. */
  step(): number | null {
    if (this.#counter === null) return null;
    const given: unknown = typeof this.#counter === 'function' ? this.#counter() : this.#counter.dataSync()[0];
    const step = typeof given === 'bigint' ? Number(given) : given;
    if (typeof step === 'number' && Number.isFinite(step)) return step;
    throw invalid('what stepCounter gives', 'a number', given);
  }

  restored(): void {
    if (this.#steps !== null) this.#lastStep = this.step();
  }

  /** TensorFlow's rule: the step is remembered before anything is written. */
  isTime({ checkInterval = true }: ManagerSaveOptions): boolean {
    if (this.#milliseconds !== null) {
      if (checkInterval && performance.now() - this.#lastTime < this.#milliseconds) return false;
      this.#lastTime = performance.now();
    }
    if (this.#steps === null) return true;
    const step = this.step()!;
    const last = this.#lastStep;
    if (last !== null && (step === last || (checkInterval && step < last + this.#steps))) return false;
    this.#lastStep = step;
    return true;
  }
}
