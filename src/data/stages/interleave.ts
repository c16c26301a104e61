/**
 * Makes a dataset from each element of another, and gives a few elements of each in turn
 * (tensorflow/core/kernels/data/interleave_dataset_op.cc).
 */

import { TensorBundleError } from '../../errors.js';
import { isLiteral } from '../../realms.js';
import { disposeElement } from '../iteration/element.js';
import {
  checkOutline,
  checkState,
  type Iteration,
  inputState,
  outline,
  part,
  type Stage,
  type State,
} from '../iteration/iteration.js';
import type { Run } from '../random/randomness.js';

/** A dataset that is open, and the element that it was made from. */
interface Open<T, O> {
  readonly element: T;
  /** Number of the element, which tells the run of its dataset from other runs. */
  readonly number: number;
  readonly stage: Stage<O>;
  readonly iteration: Iteration<O>;
}

export class Interleave<T, O> implements Stage<O> {
  readonly kind = 'interleave';
  readonly inputs: readonly [Stage<T>];
  readonly size: number | null = null;

  constructor(
    input: Stage<T>,
    readonly open: (element: T) => Stage<O>,
    readonly cycleLength: number,
    readonly blockLength: number,
  ) {
    this.inputs = [input];
  }

  start(run: Run): Iteration<O> {
    return new InterleaveIteration(this, this.inputs[0].start(run), run);
  }
}

class InterleaveIteration<T, O> implements Iteration<O> {
  readonly #stage: Interleave<T, O>;
  readonly #run: Run;
  readonly #input: Iteration<T>;
  readonly #open: (Open<T, O> | null)[];
  /** The place in `#open` whose turn it is. `#given`: how many elements it has given in this turn. */
  #turn = 0;
  #given = 0;
  #opened = 0;
  #isEnded = false;

  constructor(stage: Interleave<T, O>, input: Iteration<T>, run: Run) {
    this.#stage = stage;
    this.#run = run;
    this.#input = input;
    this.#open = Array.from({ length: stage.cycleLength }, () => null);
  }

  async pull(take: (element: O) => void): Promise<boolean> {
    while (!this.#isEnded || this.#open.some(one => one !== null)) {
      const open = this.#open[this.#turn]!;
      if (open !== null) {
        const isGiven = await open.iteration.pull(element => {
          take(element);
          if (++this.#given >= this.#stage.blockLength) this.#nextTurn();
        });
        if (isGiven) return true;
        this.#open[this.#turn] = null;
        disposeElement(open.element);
        this.#nextTurn();
      } else if (!this.#isEnded) {
        this.#isEnded = !(await this.#input.pull(element => {
          this.#open[this.#turn] = this.#begin(element, this.#opened);
          this.#opened++;
        }));
      } else this.#nextTurn();
    }
    return false;
  }

  #begin(element: T, number: number): Open<T, O> {
    const stage = this.#stage.open(element);
    return { element, number, stage, iteration: stage.start([...this.#run, number]) };
  }

  #nextTurn(): void {
    this.#turn = (this.#turn + 1) % this.#stage.cycleLength;
    this.#given = 0;
  }

  state(): State {
    return {
      kind: this.#stage.kind,
      turn: this.#turn,
      given: this.#given,
      opened: this.#opened,
      isEnded: this.#isEnded,
      open: this.#open.map(
        one =>
          one && { element: one.element, number: one.number, stages: outline(one.stage), state: one.iteration.state() },
      ),
      inputs: [this.#input.state()],
    };
  }

  async restore(state: State): Promise<void> {
    this.#turn = part(state, 'turn', 'number') % this.#stage.cycleLength;
    this.#given = part(state, 'given', 'number');
    this.#opened = part(state, 'opened', 'number');
    this.#isEnded = part(state, 'isEnded', 'boolean');
    // A dataset in a place beyond `cycleLength` would never have its turn, and the iteration would never end.
    const stored = part(state, 'open', 'list', this.#stage.cycleLength);
    for (const [i, one] of stored.entries()) {
      if (one === null) continue;
      if (!isLiteral(one) || !Number.isSafeInteger(one.number) || (one.number as number) < 0)
        throw new TensorBundleError('ERR_CORRUPT', 'the stored state of interleave has an invalid open dataset');
      const open = this.#begin(one.element as T, one.number as number);
      checkOutline(open.stage, one.stages);
      await open.iteration.restore(checkState(open.stage, one.state));
      this.#open[i] = open;
    }
    await this.#input.restore(inputState(state));
  }

  close(): void {
    for (const open of this.#open.splice(0)) {
      open?.iteration.close();
      disposeElement(open?.element);
    }
    this.#input.close();
  }
}
