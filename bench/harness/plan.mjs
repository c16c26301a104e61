/**
 * How the time of a run is shared by its cases, so that it ends in time and no case is left out. For each case is known
 * what one turn takes. What the least turns of all cases take is set aside; what is left over gives more turns to those
 * whose ratios are not sure yet, in proportion to their cost. What a case does not use, the later ones get.
 */
import { leastTurns } from './measure.mjs';

export class Plan {
  #seconds;
  #needs;

  /** `tasks` in the order in which they run; `minutes` for all of them. */
  constructor(tasks, { minutes, quick, pairs }) {
    this.#seconds = minutes * 60;
    this.#needs = tasks.map(({ benchmark }) => needed(benchmark, { quick, pairs }));
  }

  /** Seconds that the least turns of all cases take. */
  get needed() {
    return sum(this.#needs);
  }

  /** Seconds that a case will take, as far as can be said before the run. */
  expected(i) {
    return this.#needs[i] * Math.max(1, Math.min(1.3, this.#seconds / this.needed));
  }

  /**
   * What the case `i` may use, `elapsed` seconds after the start of the run. `most`: for its least turns; all that is
   * not set aside for later cases. `share`: for turns beyond. If the machine is so slow that not even the least turns
   * of the rest fit, each case has its part of the time that is left.
   */
  budget(i, elapsed) {
    const left = Math.max(0, this.#seconds - elapsed);
    const [own, later] = [this.#needs[i], sum(this.#needs.slice(i + 1))];
    const share = (left * own) / (own + later);
    return { share, most: Math.max(share, left - later) };
  }
}

const needed = (benchmark, { quick, pairs }) =>
  leastTurns(benchmark, pairs) * ((quick ? benchmark.quickTurn : undefined) ?? benchmark.turn);

const sum = values => values.reduce((a, b) => a + b, 0);
