/** Recording runs a function for real: the steps that it makes with optimizers are not counted. */
import { Optimizer } from '../../../tfjs-core.js';
import type { Replacements } from './replacements.js';

/** The count of tfjs-core's class, which is not a variable. */
interface Counting {
  iterations_?: number;
  incrementIterations(): void;
}

export class OptimizerGuard {
  readonly #before = new Map<Counting, number | undefined>();

  /** Until `replacements` are put back. */
  start(replacements: Replacements): void {
    const prototype = Optimizer.prototype as unknown as Counting;
    const { incrementIterations } = prototype;
    const before = this.#before;
    replacements.replace(prototype, 'incrementIterations', function (this: Counting) {
      if (!before.has(this)) before.set(this, this.iterations_);
      incrementIterations.call(this);
    });
  }

  restore(): void {
    for (const [optimizer, count] of this.#before) optimizer.iterations_ = count as number;
    this.#before.clear();
  }
}
