/** Prepares elements before they are asked for, while other work is done. */
import { disposeElement } from '../iteration/element.js';
import { type Iteration, inputState, part, type Stage, type State } from '../iteration/iteration.js';
import type { Run } from '../random/randomness.js';

export class Prefetch<T> implements Stage<T> {
  readonly kind = 'prefetch';
  readonly inputs: readonly [Stage<T>];
  readonly size: number | null;

  constructor(
    input: Stage<T>,
    readonly bufferSize: number,
  ) {
    this.inputs = [input];
    this.size = input.size;
  }

  start(run: Run): Iteration<T> {
    return new PrefetchIteration(this, this.inputs[0].start(run));
  }
}

class PrefetchIteration<T> implements Iteration<T> {
  readonly #stage: Prefetch<T>;
  readonly #input: Iteration<T>;
  #buffer: T[] = [];
  #isEnded = false;
  #isClosed = false;
  /** Pending while an element is made; resolves when it is done, and never rejects. */
  #filling: Promise<void> | null = null;
  #failure: { readonly error: unknown } | null = null;

  constructor(stage: Prefetch<T>, input: Iteration<T>) {
    this.#stage = stage;
    this.#input = input;
  }

  async pull(take: (element: T) => void): Promise<boolean> {
    while (this.#buffer.length === 0) {
      if (this.#failure) {
        const { error } = this.#failure;
        this.#failure = null;
        throw error;
      }
      if (this.#isEnded) return false;
      await this.#fill();
    }
    take(this.#buffer[0] as T);
    this.#buffer.shift();
    void this.#fill();
    return true;
  }

  /** Makes one element, then goes on with the next as long as there is room. */
  #fill(): Promise<void> {
    if (this.#filling) return this.#filling;
    const isFull =
      this.#isEnded || this.#isClosed || this.#failure !== null || this.#buffer.length >= this.#stage.bufferSize;
    if (isFull) return Promise.resolve();
    this.#filling = this.#input
      .pull(element => {
        if (this.#isClosed) disposeElement(element);
        else this.#buffer.push(element);
      })
      .then(
        isMore => {
          this.#isEnded = !isMore;
        },
        error => {
          // Thrown in its turn, after the elements that are ready.
          this.#failure = { error };
        },
      )
      .then(() => {
        this.#filling = null;
        void this.#fill();
      });
    return this.#filling;
  }

  state(): State {
    return {
      kind: this.#stage.kind,
      buffer: this.#buffer.slice(),
      isEnded: this.#isEnded,
      inputs: [this.#input.state()],
    };
  }

  async restore(state: State): Promise<void> {
    this.#buffer = part(state, 'buffer', 'list') as T[];
    this.#isEnded = part(state, 'isEnded', 'boolean');
    await this.#input.restore(inputState(state));
  }

  close(): void {
    this.#isClosed = true;
    disposeElement(this.#buffer.splice(0));
    // The input must not be closed while it makes an element.
    if (this.#filling) void this.#filling.then(() => this.#input.close());
    else this.#input.close();
  }
}
