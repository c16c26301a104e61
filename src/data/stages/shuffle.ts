/** Keeps a buffer full and draws elements from it at random (tensorflow/core/kernels/data/shuffle_dataset_op.cc). */
import { disposeElement } from '../iteration/element.js';
import { type Iteration, inputState, part, type Stage, type State } from '../iteration/iteration.js';
import { Round, type Run, Seed } from '../random/randomness.js';

export class Shuffle<T> implements Stage<T> {
  readonly kind = 'shuffle';
  readonly inputs: readonly [Stage<T>];
  readonly size: number | null;
  readonly seed: Seed;

  constructor(
    input: Stage<T>,
    readonly bufferSize: number,
    seed: number | string | undefined,
    readonly reshuffleEachIteration: boolean,
  ) {
    this.inputs = [input];
    this.size = input.size;
    this.seed = new Seed(seed);
  }

  start(run: Run): Iteration<T> {
    return new ShuffleIteration(this, this.inputs[0].start(run), run);
  }
}

class ShuffleIteration<T> implements Iteration<T> {
  readonly #stage: Shuffle<T>;
  readonly #input: Iteration<T>;
  #round: Round;
  #drawn = 0;
  #buffer: T[] = [];
  #isEnded = false;

  constructor(stage: Shuffle<T>, input: Iteration<T>, run: Run) {
    this.#stage = stage;
    this.#input = input;
    this.#round = new Round(stage.seed.value, stage.reshuffleEachIteration ? run : []);
  }

  async pull(take: (element: T) => void): Promise<boolean> {
    const buffer = this.#buffer;
    const hold = (element: T): void => void buffer.push(element);
    while (!this.#isEnded && buffer.length < this.#stage.bufferSize) this.#isEnded = !(await this.#input.pull(hold));
    if (buffer.length === 0) return false;
    const at = this.#round.below(buffer.length, this.#drawn);
    take(buffer[at] as T);
    this.#drawn++;
    const last = buffer.pop() as T;
    if (at < buffer.length) buffer[at] = last;
    return true;
  }

  state(): State {
    return {
      kind: this.#stage.kind,
      round: this.#round.state(),
      drawn: this.#drawn,
      buffer: this.#buffer,
      isEnded: this.#isEnded,
      inputs: [this.#input.state()],
    };
  }

  async restore(state: State): Promise<void> {
    this.#round = Round.restored(state.round);
    this.#drawn = part(state, 'drawn', 'number');
    this.#buffer = part(state, 'buffer', 'list') as T[];
    this.#isEnded = part(state, 'isEnded', 'boolean');
    await this.#input.restore(inputState(state));
  }

  close(): void {
    disposeElement(this.#buffer.splice(0));
    this.#input.close();
  }
}
