/** Repeats the elements. Each time, the input begins anew, in a new order if it shuffles. */
import { type Iteration, inputState, part, type Stage, type State } from '../iteration/iteration.js';
import type { Run } from '../random/randomness.js';

export class Repeat<T> implements Stage<T> {
  readonly kind = 'repeat';
  readonly inputs: readonly [Stage<T>];
  readonly size: number | null;

  /** `count` may be Infinity. */
  constructor(
    input: Stage<T>,
    readonly count: number,
  ) {
    this.inputs = [input];
    this.size = count === 0 || input.size === 0 ? 0 : input.size === null ? null : input.size * count;
  }

  start(run: Run): Iteration<T> {
    return new RepeatIteration(this, run);
  }
}

class RepeatIteration<T> implements Iteration<T> {
  readonly #stage: Repeat<T>;
  readonly #run: Run;
  #input: Iteration<T> | null = null;
  /** Number of rounds that are over. */
  #done = 0;
  #isEmpty = true;

  constructor(stage: Repeat<T>, run: Run) {
    this.#stage = stage;
    this.#run = run;
  }

  async pull(take: (element: T) => void): Promise<boolean> {
    while (this.#done < this.#stage.count) {
      this.#input ??= this.#stage.inputs[0].start([...this.#run, this.#done]);
      const more = await this.#input.pull(take);
      if (more) {
        this.#isEmpty = false;
        return true;
      }
      this.#done++;
      this.#input = null;
      // An empty input never gives an element, so this ends here, as TensorFlow does (RepeatDataset).
      if (this.#isEmpty) this.#done = this.#stage.count;
      this.#isEmpty = true;
    }
    return false;
  }

  state(): State {
    const isOver = this.#done >= this.#stage.count;
    return {
      kind: this.#stage.kind,
      done: isOver ? 0 : this.#done,
      isOver,
      isEmpty: this.#isEmpty,
      inputs: [this.#input?.state() ?? null],
    };
  }

  async restore(state: State): Promise<void> {
    this.#done = part(state, 'isOver', 'boolean') ? this.#stage.count : part(state, 'done', 'number');
    this.#isEmpty = part(state, 'isEmpty', 'boolean');
    if (state.inputs[0] === null) return;
    this.#input = this.#stage.inputs[0].start([...this.#run, this.#done]);
    await this.#input.restore(inputState(state));
  }

  close(): void {
    this.#input?.close();
  }
}
