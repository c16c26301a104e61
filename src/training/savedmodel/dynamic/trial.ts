/** Runs of a function at sizes of some pools, until further sizes do not change the graph any more. */
import type { Graph } from '../graphs/graph.js';
import type { Recording } from '../traced/recording.js';
import { differenceOf } from './alignment.js';
import { generalize, type Sized } from './generalize.js';
import { cannotGeneralize } from './problems.js';
import { type Pools, sizesFrom, spans } from './sizes.js';

export interface Run extends Sized, Recording {}

/** Null if the function does not work at these sizes, or a tensor is empty there. */
type Runner = (sizes: readonly number[]) => Run | null;

/** More recordings than this do not make a formula that fits. */
const MOST_RECORDINGS = 24;
/** How many sizes it takes. */
export interface Thoroughness {
  /** At which a formula is looked for, beside one for each dimension. */
  readonly more: number;
  /** Others, at which the graph must be the same, in a row. */
  readonly checks: number;
}

/** For a function of which nothing is known. */
const ANYTHING: Thoroughness = { more: 3, checks: 2 };
/** If the function works at none of the first sizes, others are needed. */
const FIRST_MISSES = 3;
const MOST_MISSES = 12;

export class Trial {
  readonly runs: Run[] = [];
  readonly #run: Runner;
  readonly #count: number;
  readonly #thoroughness: Thoroughness;
  readonly #sizes: Iterator<readonly number[]>;

  /** `count`: how many sizes move by themselves. */
  constructor(run: Runner, count: number, pools: Pools, thoroughness = ANYTHING) {
    this.#run = run;
    this.#thoroughness = thoroughness;
    this.#count = count;
    this.#sizes = sizesFrom(pools)[Symbol.iterator]();
  }

  /** Whether it works at enough sizes. */
  collect(): boolean {
    const enough = this.#count + this.#thoroughness.more;
    for (let misses = 0; misses < MOST_MISSES && this.runs.length < MOST_RECORDINGS; ) {
      const run = this.#next();
      if (run === undefined) return false;
      if (run === null) {
        misses++;
        if (this.runs.length === 0 && misses >= FIRST_MISSES) return false;
        continue;
      }
      this.runs.push(run);
      if (this.runs.length >= enough && spans(this.runs.map(({ sizes }) => sizes))) return true;
    }
    return false;
  }

  /** Throws what `generalize` throws. */
  settle(): Graph {
    let graph = generalize(this.runs);
    for (let same = 0, misses = 0; same < this.#thoroughness.checks && misses < MOST_MISSES; ) {
      const run = this.#next();
      if (run === undefined || this.runs.length > MOST_RECORDINGS) break;
      if (run === null) {
        misses++;
        continue;
      }
      this.runs.push(run);
      const next = generalize(this.runs);
      same = differenceOf(graph, next, 'everything') === null ? same + 1 : 0;
      graph = next;
    }
    return graph;
  }

  /** Undefined if there are no more sizes. */
  #next(): Run | null | undefined {
    const { done, value } = this.#sizes.next();
    return done ? undefined : this.#run(value);
  }
}

/** Throws ERR_NOT_SUPPORTED if names of outputs, or their number, are not the same in all runs. */
export function checkStructures(runs: readonly Run[]): void {
  const found = new Set(runs.map(({ structure }) => JSON.stringify(structure)));
  if (found.size === 1) return;
  throw cannotGeneralize(
    'it returns other outputs, or in another order, at other sizes',
    undefined,
    [...found].join(' or '),
  );
}
