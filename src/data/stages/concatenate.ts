/** One dataset after the other. */
import { type Iteration, inputState, part, type Stage, type State } from '../iteration/iteration.js';
import type { Run } from '../random/randomness.js';

export class Concatenate<T> implements Stage<T> {
  readonly kind = 'concatenate';
  readonly size: number | null;

  constructor(readonly inputs: readonly Stage<T>[]) {
    const sizes = inputs.map(({ size }) => size);
    const sum = sizes.reduce<number>((total, size) => total + (size ?? 0), 0);
    this.size = sum === Infinity || !sizes.includes(null) ? sum : null;
  }

  start(run: Run): Iteration<T> {
    const { kind, inputs } = this;
    let at = 0;
    let input = inputs[0]!.start(run);
    return {
      pull: async take => {
        for (;;) {
          if (await input.pull(take)) return true;
          if (at === inputs.length - 1) return false;
          at++;
          input = inputs[at]!.start(run);
        }
      },
      state: (): State => ({ kind, at, inputs: inputs.map((_, i) => (i === at ? input.state() : null)) }),
      restore: async state => {
        at = Math.min(part(state, 'at', 'number'), inputs.length - 1);
        input = inputs[at]!.start(run);
        await input.restore(inputState(state, at));
      },
      close: () => input.close(),
    };
  }
}
