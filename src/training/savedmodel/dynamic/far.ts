/**
 * Sizes that are unlike those at which formulas were found. A function may do something else there: for more than 16
 * rows, for rows that a limit cuts off, or where two dimensions are equal. All results are compared with the graph's.
 */
import type { Graph } from '../graphs/graph.js';
import { generalize } from './generalize.js';
import { cannotGeneralize } from './problems.js';
import { sameResults } from './same-results.js';
import { checkStructures, type Run } from './trial.js';

/** One dimension has this size, the others are as in the first run. */
const ALONE = [2, 3, 33, 130, 1031];
/** Of known layers. */
const ALONE_IN_LAYERS = [33];
/** All dimensions are different. */
const APART = [29, 23, 31, 37, 19, 41, 17, 43];
/** All dimensions have this size. */
const TOGETHER = 6;
/**
 * To find formulas anew: with these, all families of formulas tell apart what they can tell apart. The first ones tell
 * most, if not all can be afforded.
 */
const FITTED = [
  64, 17, 100, 31, 48, 128, 16411, 20, 193, 8, 40, 521, 4099, 12, 50, 127, 96, 65, 32, 5, 16, 150, 300, 29, 1531,
];
/** What was found anew must be right here as well. */
const FRESH = [47, 97, 131, 257, 2053, 20011];
/** Of all tensors of a run; and where it is one of the sizes beyond `LARGE`. */
const MOST_VALUES = 2_000_000;
const MOST_VALUES_LARGE = 300_000;
const LARGE = 130;
/** Operations of a run, where loops have more of them at larger sizes. */
const MOST_OPERATIONS = 5_000;
/** Of all runs together that are made to find formulas anew. */
const MOST_FITTED_VALUES = 4_000_000;
const MOST_FITTED_OPERATIONS = 20_000;

interface Checked {
  /** Those from which the graph was made. Where it is mended, more are added. */
  readonly runs: Run[];
  /** Others that must have the graph's results: of attempts that failed. */
  readonly others: readonly Run[];
  /**
   * The dimensions that layers of TensorFlow.js have, which compute the same for every batch; undefined if the function
   * may be anything.
   */
  readonly known: readonly { readonly isBatch: boolean }[] | undefined;
  run(sizes: readonly number[]): Run | null;
  /** What these dimensions are called. */
  describe(groups: readonly number[]): string;
  warn(message: string): void;
}

export class FarCheck {
  readonly #checked: Checked;
  /** At which the graph was compared with the function. */
  readonly #compared: Run[] = [];

  constructor(checked: Checked) {
    this.#checked = checked;
  }

  /**
   * The graph, or one with other formulas that is right at all these sizes. Throws ERR_NOT_SUPPORTED if there is none.
   * Sizes at which a run is expected to cost too much are not tried.
   */
  check(graph: Graph): Graph {
    const { others, known } = this.#checked;
    const groups = [...this.#first.sizes.keys()];
    let checked = graph;
    for (const run of others) checked = this.#with(checked, run, groups);
    for (const group of groups) {
      if (known?.[group]?.isBatch) continue;
      for (const size of known ? ALONE_IN_LAYERS : ALONE) {
        const run = this.#alone(group, size);
        if (run !== null) checked = this.#with(checked, run, [group]);
      }
    }
    if (groups.length === 1 || known) return checked;
    const apart = this.#run(groups.map(group => APART[group % APART.length] as number));
    if (apart !== null) checked = this.#with(checked, apart, groups);
    this.#checkTogether(checked, groups);
    return checked;
  }

  /** Whether another graph has the same results at all sizes that were checked. */
  holds(graph: Graph): boolean {
    return this.#compared.every(run => sameResults(graph, run));
  }

  get #first(): Run {
    return this.#checked.runs[0] as Run;
  }

  /** The graph that is right for this run as well. */
  #with(graph: Graph, run: Run, groups: readonly number[]): Graph {
    const { runs, describe } = this.#checked;
    checkStructures([this.#first, run]);
    if (sameResults(graph, run)) {
      this.#compared.push(run);
      return graph;
    }
    const [group, ...more] = groups as [number, ...number[]];
    const mended = more.length === 0 ? this.#mendedAlone(run, group) : this.#mended(run, []);
    if (mended !== undefined) return mended;
    const sizes = groups.map(one => run.sizes[one]).join(', ');
    const place = `${describe(groups)} ${more.length === 0 ? 'is' : 'are'} ${sizes}`;
    throw cannotGeneralize(
      `it does something else where ${place} than at other sizes`,
      undefined,
      `${place}, and ${runs.length} other runs`,
    );
  }

  #mendedAlone(run: Run, group: number): Graph | undefined {
    const size = run.sizes[group] as number;
    const fitted: Run[] = [];
    let [values, operations] = [0, 0];
    for (const other of FITTED) {
      const next = this.#alone(group, other);
      if (next === null) continue;
      fitted.push(next);
      values += valuesIn(next);
      operations += next.graph.nodes.length;
      if (values > MOST_FITTED_VALUES || operations > MOST_FITTED_OPERATIONS) break;
    }
    const near = [size + 4, size + 9].flatMap(other => this.#alone(group, other) ?? []);
    return this.#mended(run, [...fitted, ...near], () => FRESH.flatMap(other => this.#alone(group, other) ?? []));
  }

  /** Undefined if no graph is right for all runs. `fresh`: runs that no formula was made from. */
  #mended(run: Run, more: readonly Run[], fresh: () => readonly Run[] = () => []): Graph | undefined {
    const { runs } = this.#checked;
    let unseen: readonly Run[] | undefined;
    // The function may do other operations at some sizes, with the same results.
    for (const used of [[...this.#compared, run, ...more], [run, ...more], [run, ...more.slice(-2)], [run]]) {
      let graph: Graph;
      try {
        graph = generalize([...runs, ...used]);
      } catch {
        continue;
      }
      const isRight = (one: Run): boolean => sameResults(graph, one);
      if (![...this.#compared, run, ...more].every(isRight)) continue;
      unseen ??= fresh();
      if (!unseen.every(isRight)) continue;
      runs.push(...used);
      this.#compared.push(run, ...more, ...unseen);
      return graph;
    }
    return undefined;
  }

  #checkTogether(graph: Graph, groups: readonly number[]): void {
    const run = this.#run(groups.map(() => TOGETHER));
    if (run === null || sameResults(graph, run)) return;
    this.#checked.warn(
      `the function does something else where ${this.#checked.describe(groups)} are equal: ` +
        'there, what is saved does the same as elsewhere',
    );
  }

  /** Or a little larger, so that no dimension has the size of another. */
  #alone(group: number, least: number): Run | null {
    const { sizes } = this.#first;
    let size = least;
    while (sizes.some((old, other) => other !== group && old === size)) size++;
    return this.#run(sizes.map((old, other) => (other === group ? size : old)));
  }

  /** Null if the function does not work there, or if it was run there before. */
  #run(sizes: readonly number[]): Run | null {
    const { runs } = this.#checked;
    if ([...runs, ...this.#compared].some(run => run.sizes.join() === sizes.join())) return null;
    if (this.#costsTooMuch(sizes)) return null;
    return this.#checked.run(sizes);
  }

  #costsTooMuch(sizes: readonly number[]): boolean {
    const { runs } = this.#checked;
    const { graph } = this.#first;
    const isUnrolled = runs.some(run => run.graph.nodes.length !== graph.nodes.length);
    const growth = growthOf(this.#first.sizes, sizes);
    if (isUnrolled && graph.nodes.length * growth > MOST_OPERATIONS) return true;
    const most = Math.max(...sizes) > LARGE ? MOST_VALUES_LARGE : MOST_VALUES;
    return valuesIn(this.#first) * growth ** this.#power() > most;
  }

  /** How the number of values grows with the sizes, as far as it is known: 2, if they are squared. */
  #power(): number {
    const first = valuesIn(this.#first);
    const [base] = [this.#first.sizes];
    let power = 1;
    for (const run of [...this.#checked.runs, ...this.#compared]) {
      const growth = growthOf(base, run.sizes);
      if (growth >= 4) power = Math.max(power, Math.log(valuesIn(run) / first) / Math.log(growth));
    }
    return power;
  }
}

function growthOf(from: readonly number[], to: readonly number[]): number {
  return to.reduce((product, size, i) => product * Math.max(1, size / (from[i] as number)), 1);
}

function valuesIn({ graph }: Run): number {
  let sum = 0;
  for (const { outputs } of graph.nodes) {
    for (const { shape } of outputs) sum += shape.reduce<number>((product, size) => product * (size as number), 1);
  }
  return sum;
}
