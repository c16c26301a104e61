/** Makes each element into another. */

import { invalidArgument } from '../../errors.js';
import { isPromise } from '../../realms.js';
import { tidy } from '../../tfjs-core.js';
import { disposeElement } from '../iteration/element.js';
import { type Iteration, inputState, part, type Stage, type State } from '../iteration/iteration.js';
import type { Generator } from '../random/generator.js';
import { Round, type Run, Seed } from '../random/randomness.js';

export type Transform<T, O> = (element: T, random: Generator) => O;

export class MapStage<T, O> implements Stage<O> {
  readonly kind = 'map';
  readonly inputs: readonly [Stage<T>];
  readonly size: number | null;
  readonly seed: Seed;

  constructor(
    input: Stage<T>,
    readonly transform: Transform<T, O | Promise<O>>,
    /** Whether `transform` may give a promise. */
    readonly isAsync: boolean,
    seed?: number | string,
  ) {
    this.inputs = [input];
    this.size = input.size;
    this.seed = new Seed(seed);
  }

  start(run: Run): Iteration<O> {
    return new MapIteration(this, this.inputs[0].start(run), run);
  }
}

class MapIteration<T, O> implements Iteration<O> {
  readonly #stage: MapStage<T, O>;
  readonly #input: Iteration<T>;
  #round: Round;
  #place = 0;
  /** The element that `transform` is working on; at most one. */
  #held: T[] = [];

  constructor(stage: MapStage<T, O>, input: Iteration<T>, run: Run) {
    this.#stage = stage;
    this.#input = input;
    this.#round = new Round(stage.seed.value, run);
  }

  async pull(take: (element: O) => void): Promise<boolean> {
    const hold = (element: T): void => void this.#held.push(element);
    if (this.#held.length === 0 && !(await this.#input.pull(hold))) return false;
    const element = this.#held[0] as T;
    const { transform, isAsync } = this.#stage;
    const random = this.#round.generator(this.#place);
    // As in tfjs-data, tensors that a synchronous function makes on the way are disposed of.
    const made = isAsync ? await transform(element, random) : tidied(() => transform(element, random) as O);
    take(made);
    this.#held = [];
    this.#place++;
    disposeElement(element, made);
    return true;
  }

  state(): State {
    return {
      kind: this.#stage.kind,
      round: this.#round.state(),
      place: this.#place,
      held: this.#held,
      inputs: [this.#input.state()],
    };
  }

  async restore(state: State): Promise<void> {
    this.#round = Round.restored(state.round);
    this.#place = part(state, 'place', 'number');
    this.#held = part(state, 'held', 'list', 1) as T[];
    await this.#input.restore(inputState(state));
  }

  close(): void {
    disposeElement(this.#held.splice(0));
    this.#input.close();
  }
}

function tidied<O>(transform: () => O): O {
  return tidy(() => {
    const made = transform();
    // Checked here, because `tidy` of TensorFlow.js only prints a message for a promise.
    if (isPromise(made)) {
      made.then(undefined, () => undefined);
      throw invalidArgument('the function of map returned a promise; use mapAsync for such a function');
    }
    return made as never;
  }) as O;
}
