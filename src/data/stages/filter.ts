/** The elements for which a predicate is true. */
import { tidy } from '../../tfjs-core.js';
import { disposeElement } from '../iteration/element.js';
import { type Iteration, inputState, type Stage, type State } from '../iteration/iteration.js';
import type { Run } from '../random/randomness.js';

export class Filter<T> implements Stage<T> {
  readonly kind = 'filter';
  readonly inputs: readonly [Stage<T>];
  readonly size: number | null;

  constructor(
    input: Stage<T>,
    readonly predicate: (element: T) => boolean,
  ) {
    this.inputs = [input];
    this.size = input.size === Infinity ? Infinity : null;
  }

  start(run: Run): Iteration<T> {
    const input = this.inputs[0].start(run);
    const { kind, predicate } = this;
    return {
      pull: async take => {
        let isPassed = false;
        const sift = (element: T): void => {
          isPassed = tidy(() => predicate(element));
          if (isPassed) take(element);
          else disposeElement(element);
        };
        while (await input.pull(sift)) if (isPassed) return true;
        return false;
      },
      state: (): State => ({ kind, inputs: [input.state()] }),
      restore: state => input.restore(inputState(state)),
      close: () => input.close(),
    };
  }
}
