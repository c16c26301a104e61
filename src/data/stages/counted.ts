/** The first elements of a dataset, or those after them. */
import { disposeElement } from '../iteration/element.js';
import { type Iteration, inputState, part, type Stage, type State } from '../iteration/iteration.js';
import type { Run } from '../random/randomness.js';

export class Take<T> implements Stage<T> {
  readonly kind = 'take';
  readonly inputs: readonly [Stage<T>];
  readonly size: number | null;

  constructor(
    input: Stage<T>,
    readonly count: number,
  ) {
    this.inputs = [input];
    this.size = count === 0 ? 0 : input.size === null ? null : Math.min(input.size, count);
  }

  start(run: Run): Iteration<T> {
    const input = this.inputs[0].start(run);
    const { kind, count } = this;
    let taken = 0;
    return {
      pull: async take => {
        if (taken >= count) return false;
        return await input.pull(element => {
          take(element);
          taken++;
        });
      },
      state: (): State => ({ kind, taken, inputs: [input.state()] }),
      restore: async state => {
        taken = part(state, 'taken', 'number');
        await input.restore(inputState(state));
      },
      close: () => input.close(),
    };
  }
}

export class Skip<T> implements Stage<T> {
  readonly kind = 'skip';
  readonly inputs: readonly [Stage<T>];
  readonly size: number | null;

  constructor(
    input: Stage<T>,
    readonly count: number,
  ) {
    this.inputs = [input];
    this.size = input.size === null ? null : count === Infinity ? 0 : Math.max(0, input.size - count);
  }

  start(run: Run): Iteration<T> {
    const input = this.inputs[0].start(run);
    const { kind, count } = this;
    let skipped = 0;
    const drop = (element: T): void => {
      disposeElement(element);
      skipped++;
    };
    return {
      pull: async take => {
        // Ends at once: skipping all of an infinite dataset would never end.
        if (count === Infinity) return false;
        while (skipped < count) if (!(await input.pull(drop))) return false;
        return await input.pull(take);
      },
      state: (): State => ({ kind, skipped, inputs: [input.state()] }),
      restore: async state => {
        skipped = part(state, 'skipped', 'number');
        await input.restore(inputState(state));
      },
      close: () => input.close(),
    };
  }
}
