/** Whether it is time for a manager's save: a number of steps, or of seconds, after the last one. */
import { argumentMustBe } from '../../errors.js';
import type { CheckedManagerOptions, ManagerSaveOptions } from './manager-options.js';

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

  /** Step of the last save, or of the restored checkpoint; null without an interval in steps. */
  get lastStep(): number | null {
    return this.#lastStep;
  }

  /** Throws ERR_INVALID_ARGUMENT if the step is not a number: with NaN, every call would be time for a save. */
  step(): number | null {
    if (this.#counter === null) return null;
    const given: unknown = typeof this.#counter === 'function' ? this.#counter() : this.#counter.dataSync()[0];
    const step = typeof given === 'bigint' ? Number(given) : given;
    if (typeof step === 'number' && Number.isFinite(step)) return step;
    throw argumentMustBe('what stepCounter gives', 'a number', given);
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
