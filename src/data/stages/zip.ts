/** Elements of several datasets side by side, until one of the datasets ends. */
import { disposeElement } from '../iteration/element.js';
import { type Iteration, inputState, part, type Stage, type State } from '../iteration/iteration.js';
import type { Run } from '../random/randomness.js';

export class Zip implements Stage<unknown> {
  readonly kind = 'zip';
  readonly size: number | null;

  /** `build` makes an element from one element of each input. */
  constructor(
    readonly inputs: readonly Stage<unknown>[],
    readonly build: (parts: readonly unknown[]) => unknown,
  ) {
    const sizes = inputs.map(({ size }) => size);
    this.size = sizes.includes(null) ? null : Math.min(...(sizes as number[]));
  }

  start(run: Run): Iteration<unknown> {
    const inputs = this.inputs.map(input => input.start(run));
    const { kind, build } = this;
    /** The parts of the next element that have come so far. */
    let parts: unknown[] = [];
    const hold = (element: unknown): void => void parts.push(element);
    return {
      pull: async take => {
        while (parts.length < inputs.length) {
          if (await inputs[parts.length]!.pull(hold)) continue;
          disposeElement(parts.splice(0));
          return false;
        }
        take(build(parts));
        parts = [];
        return true;
      },
      state: (): State => ({ kind, parts, inputs: inputs.map(input => input.state()) }),
      restore: async state => {
        parts = part(state, 'parts', 'list', inputs.length);
        for (const [i, input] of inputs.entries()) await input.restore(inputState(state, i));
      },
      close: () => {
        disposeElement(parts.splice(0));
        for (const input of inputs) input.close();
      },
    };
  }
}
