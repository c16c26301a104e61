/** Elements of an iterator that a function makes. */
import { invalidArgument, TensorBundleError } from '../../errors.js';
import { disposeElement } from '../iteration/element.js';
import { type Iteration, part, type Stage, type State } from '../iteration/iteration.js';
import { ShortSteps } from '../iteration/short-steps.js';

export type Making<T> = Iterator<T> | AsyncIterator<T> | Iterable<T> | AsyncIterable<T>;

export class Generated<T> implements Stage<T> {
  readonly kind = 'generator';
  readonly inputs = [];
  readonly size: number | null;

  constructor(
    readonly make: (start: number) => Making<T> | Promise<Making<T>>,
    readonly options: {
      readonly seekable?: boolean;
      readonly size?: number | null;
      onSkip?(skipped: number, total: number): void;
    },
  ) {
    this.size = options.size ?? null;
  }

  start(): Iteration<T> {
    const { kind, make, options } = this;
    let running: Iterator<T> | AsyncIterator<T> | null = null;
    let given = 0;
    /** An element that was made but not taken, because `take` threw. */
    let held: T[] = [];
    let isEnded = false;
    const next = async (): Promise<boolean> => {
      running ??= iteratorOf(await make(options.seekable ? given : 0));
      const { value, done } = await running.next();
      if (done) isEnded = true;
      else held = [value];
      return !done;
    };
    return {
      pull: async take => {
        if (isEnded || (held.length === 0 && !(await next()))) return false;
        take(held[0] as T);
        held = [];
        given++;
        return true;
      },
      state: (): State => ({ kind, given, isEnded, inputs: [] }),
      restore: async state => {
        const total = part(state, 'given', 'number');
        isEnded = part(state, 'isEnded', 'boolean');
        if (isEnded) return;
        if (options.seekable) {
          given = total;
          return;
        }
        const turns = new ShortSteps();
        for (; given < total; given++) {
          await turns.give();
          if (!(await next()))
            throw new TensorBundleError(
              'ERR_MISMATCH',
              `the generator ended after ${given} elements, but the iterator was saved after ${total}; it must ` +
                `give the same elements each time`,
              { expected: total, found: given },
            );
          disposeElement(held.splice(0));
          options.onSkip?.(given + 1, total);
        }
      },
      close: () => {
        disposeElement(held.splice(0));
        // Its errors are ignored, because no caller waits for them.
        void Promise.resolve()
          .then(() => running?.return?.())
          .catch(() => undefined);
      },
    };
  }
}

function iteratorOf<T>(making: Making<T>): Iterator<T> | AsyncIterator<T> {
  if (typeof making === 'object' && making !== null) {
    if (Symbol.asyncIterator in making) return making[Symbol.asyncIterator]();
    if (Symbol.iterator in making) return making[Symbol.iterator]();
    if (typeof making.next === 'function') return making;
  }
  throw invalidArgument('the function of fromGenerator must return an iterator or an iterable', {
    found: typeof making,
  });
}
