/** From a JavaScript function to one graph for all sizes. */
import { TensorBundleError } from '../../../errors.js';
import { isError } from '../../../realms.js';
import type { Graph } from '../graphs/graph.js';
import type { Values } from '../traced/recorded-input.js';
import { type RecordedInput, type RecordOptions, record, type Traceable } from '../traced/recorder.js';
import type { Recording } from '../traced/recording.js';
import { differenceOf } from './alignment.js';
import { FarCheck } from './far.js';
import { withOne } from './ones.js';
import { withOtherValues } from './other-values.js';
import {
  countOf,
  describePlaces,
  type Groups,
  groupings,
  inputsAt,
  type NullPlace,
  nullPlaces,
  type SignatureInput,
} from './places.js';
import { notRepeatable, placeOf } from './problems.js';
import { pruned } from './pruned.js';
import { laddersFor, type Pools, sizesFrom } from './sizes.js';
import { traceStatic } from './static-trace.js';
import { recordOptionsOf, type Trace, type TraceOptions } from './trace-options.js';
import { checkStructures, type Run, type Thoroughness, Trial } from './trial.js';

/** Of a run that only tells whether the function works. */
const FEW_ELEMENTS = 50_000;
/** Sizes with more elements than this are not tried, unless small sizes have almost as many. */
const MOST_ELEMENTS = 1_000_000;
const MOST_GROWTH = 20;
/** For every way to group dimensions, if the function has thrown the same error everywhere. */
const FEW_LADDERS = 3;
/** For known layers, where only batches move. */
const ONLY_BATCHES: Thoroughness = { more: 1, checks: 1 };
/** How often other sizes are tried if a function works, but not as one graph. */
const MOST_FAILURES = 3;

/**
 * Runs the function several times: with null dimensions, at as many sizes as it takes to know what depends on them.
 * Emits a TensorBundleWarning if the graph is not the function where a dimension is 1.
 *
 * Throws ERR_NOT_SUPPORTED if it cannot become a graph, or not one for all sizes; and what the function throws.
 */
export function trace(fn: Traceable, signature: readonly SignatureInput[], options: TraceOptions = {}): Trace {
  const places = nullPlaces(signature);
  if (places.length === 0) return traceStatic(fn, signature, options);
  return new Tracer(fn, signature, places, options).trace();
}

class Tracer {
  readonly #fn: Traceable;
  readonly #signature: readonly SignatureInput[];
  readonly #places: readonly NullPlace[];
  readonly #sameBatch: boolean;
  readonly #hasKnownLayers: boolean;
  readonly #recording: RecordOptions;
  readonly #mostElements: number;
  #allowsEmpty = false;
  #wasEmpty = false;
  #hasRun = false;
  #hasWorked = false;
  /** What the function threw first. */
  #thrown: { error: unknown; at: string } | undefined;
  readonly #messages = new Set<string>();

  constructor(
    fn: Traceable,
    signature: readonly SignatureInput[],
    places: readonly NullPlace[],
    options: TraceOptions,
  ) {
    this.#fn = fn;
    this.#signature = signature;
    this.#places = places;
    this.#sameBatch = options.sameBatch ?? false;
    this.#hasKnownLayers = options.hasKnownLayers ?? false;
    this.#recording = recordOptionsOf(options);
    const least = inputsAt(
      signature,
      places.map(() => 0),
      [1],
    );
    this.#mostElements = Math.max(MOST_ELEMENTS, MOST_GROWTH * elementsOf(least));
  }

  trace(): Trace {
    const ranks = this.#signature.map(({ shape }) => shape.length);
    const { free, forced } = groupings(this.#places, ranks, this.#sameBatch);
    const found = this.#first(free);
    if (found !== null) return found;
    const square = this.#first(forced);
    if (square !== null) {
      const places = describePlaces(this.#signature, this.#places);
      warn(`the function ran only with equal sizes for ${places}; what is saved is right for equal sizes only`);
      return square;
    }
    this.#allowsEmpty = true;
    const empty = this.#wasEmpty ? this.#first(free) : null;
    if (empty !== null) return empty;
    // What is the same at all sizes has nothing to do with them.
    throw this.#throwsTheSame() ? this.#thrown?.error : this.#neverRan();
  }

  /**
   * The freest way in which the function works at all: with more equal sizes than it needs, a formula could take the
   * wrong dimension. Null if it works in none.
   */
  #first(ways: readonly Groups[]): Trace | null {
    for (const [i, groups] of ways.entries()) {
      if (i > 0 && !this.#runsAnywhere(groups)) continue;
      const found = this.#atSomeSizes(groups);
      if (found !== null) return found;
    }
    return null;
  }

  /** Null if the function works at no sizes. */
  #atSomeSizes(groups: Groups): Trace | null {
    let failure: { error: unknown; pools: Pools; trial: Trial } | undefined;
    const failed: Trial[] = [];
    for (const pools of this.#ladders(groups)) {
      this.#hasRun = false;
      const isEasy = this.#hasKnownLayers && this.#batches(groups).every(({ isBatch }) => isBatch);
      const run = (sizes: readonly number[]) => this.#run(groups, sizes);
      const trial = new Trial(run, countOf(groups), pools, isEasy ? ONLY_BATCHES : undefined);
      if (!trial.collect()) continue;
      let settled: Graph;
      try {
        if (!this.#hasKnownLayers) trial.runs.push(...this.#otherValues(trial.runs[0] as Run, groups));
        checkStructures(trial.runs);
        settled = trial.settle();
      } catch (error) {
        failure ??= { error, pools, trial };
        failed.push(trial);
        if (failed.length >= MOST_FAILURES) break;
        continue;
      }
      try {
        // What other attempts have shown holds for this one: it may only have missed the sizes that tell.
        const others = failed.flatMap(({ runs }) => runs);
        const far = this.#farCheck(trial.runs, others, groups);
        const graph = this.#checkedAtOne(far.check(settled), far, trial, groups);
        return { graph, structure: (trial.runs[0] as Run).structure };
      } catch (error) {
        failure ??= { error, pools, trial };
        break;
      }
    }
    if (failure !== undefined) throw this.#explained(failure.error, groups, failure.pools, failure.trial);
    return null;
  }

  /** Tried at the first sizes of each ladder, since there are many ways. */
  #runsAnywhere(groups: Groups): boolean {
    const ladders = [...this.#ladders(groups)];
    for (const pools of this.#throwsTheSame() ? ladders.slice(0, FEW_LADDERS) : ladders) {
      const [sizes] = sizesFrom(pools);
      if (sizes === undefined || elementsOf(inputsAt(this.#signature, groups, sizes)) > FEW_ELEMENTS) continue;
      if (this.#run(groups, sizes) !== null) return true;
    }
    return false;
  }

  #throwsTheSame(): boolean {
    return !this.#hasWorked && this.#messages.size === 1;
  }

  #ladders(groups: Groups): Iterable<Pools> {
    return laddersFor(this.#batches(groups).map(({ isBatch }) => isBatch));
  }

  /** Which groups hold a first axis. */
  #batches(groups: Groups): { isBatch: boolean }[] {
    return Array.from({ length: countOf(groups) }, (_, group) => ({
      isBatch: this.#places.some(({ axis }, i) => axis === 0 && groups[i] === group),
    }));
  }

  #otherValues(first: Run, groups: Groups): Run[] {
    return withOtherValues(first, values => this.#run(groups, first.sizes, values));
  }

  #run(groups: Groups, sizes: readonly number[], values: Values = 'plain'): Run | null {
    const inputs = inputsAt(this.#signature, groups, sizes);
    if (elementsOf(inputs) > this.#mostElements) return null;
    let recording: Recording;
    try {
      // The nodes of a trial are compared with those of its first run, which alone needs to know the places.
      recording = record(this.#fn, inputs, { ...this.#recording, places: !this.#hasRun, values });
      this.#hasRun = true;
      this.#hasWorked = true;
    } catch (error) {
      if (error instanceof TensorBundleError) throw error;
      const at = inputs.map(({ name, shape }) => `${name} [${shape.join(', ')}]`).join(', ');
      this.#thrown ??= { error, at };
      this.#messages.add(messageOf(error));
      return null;
    }
    // The shape of a scalar is an empty constant everywhere.
    const isEmpty = pruned(recording.graph).nodes.some(
      ({ kind, outputs }) => kind !== 'constant' && outputs.some(({ shape }) => shape.includes(0)),
    );
    this.#wasEmpty ||= isEmpty;
    if (isEmpty && !this.#allowsEmpty) return null;
    return { ...recording, sizes };
  }

  #farCheck(runs: Run[], others: readonly Run[], groups: Groups): FarCheck {
    return new FarCheck({
      runs,
      others,
      known: this.#hasKnownLayers ? this.#batches(groups) : undefined,
      run: sizes => this.#run(groups, sizes),
      describe: chosen => chosen.map(group => this.#describe(groups, group)).join(' and '),
      warn,
    });
  }

  #checkedAtOne(graph: Graph, far: FarCheck, { runs }: Trial, groups: Groups): Graph {
    let checked = graph;
    const { sizes } = runs[0] as Run;
    for (const group of sizes.keys()) {
      const one = this.#run(
        groups,
        sizes.map((size, other) => (other === group ? 1 : size)),
      );
      if (one === null) continue;
      const found = withOne(checked, runs, one);
      // A formula that is right for 1 must be so everywhere else, too.
      const next = found === checked || (found !== undefined && far.holds(found)) ? found : undefined;
      if (next === undefined) {
        warn(
          `the function does something else where ${this.#describe(groups, group)} is 1: ` +
            'there, what is saved does the same as at other sizes',
        );
      }
      checked = next ?? checked;
    }
    return checked;
  }

  #describe(groups: Groups, group: number): string {
    const members = this.#places.filter((_, i) => groups[i] === group);
    return describePlaces(this.#signature, members);
  }

  /** The error, with the dimensions that are to blame; or another, if the function is never the same. */
  #explained(error: unknown, groups: Groups, pools: Pools, { runs }: Trial): unknown {
    if (!(error instanceof TensorBundleError)) return error;
    const { sizes, graph } = runs[0] as Run;
    const again = this.#run(groups, sizes);
    const difference = again === null ? null : differenceOf(pruned(graph), pruned(again.graph), 'everything');
    if (difference !== null) return notRepeatable(difference.text, placeOf(difference.node?.place));
    const all = [...sizes.keys()];
    const blamed = all.filter(group => all.length === 1 || this.#failsAlone(groups, pools, sizes, group));
    const names = (blamed.length > 0 ? blamed : all).map(group => this.#describe(groups, group));
    const tried = runs.slice(0, 4).map(run => `[${run.sizes.join(', ')}]`);
    return new TensorBundleError(
      error.code,
      `${error.message}. It depends on ${names.join(' and ')}; the sizes were ${tried.join(', ')}`,
      { expected: error.expected, found: error.found, cause: error.cause },
    );
  }

  /** Whether it does not work either if only this dimension moves. */
  #failsAlone(groups: Groups, { pools }: Pools, sizes: readonly number[], group: number): boolean {
    const own = pools[group]?.filter(size => !sizes.includes(size)) ?? [];
    const alone = new Trial(
      moved => {
        const run = this.#run(groups, [...sizes.slice(0, group), ...moved, ...sizes.slice(group + 1)]);
        return run === null ? null : { ...run, sizes: moved };
      },
      1,
      { pools: [own] },
    );
    if (!alone.collect()) return false;
    try {
      alone.settle();
      return false;
    } catch {
      return true;
    }
  }

  #neverRan(): TensorBundleError {
    const { error, at } = this.#thrown ?? { error: undefined, at: 'all sizes' };
    const reason = error === undefined ? 'a tensor was empty' : `it threw: ${messageOf(error)}`;
    return new TensorBundleError(
      'ERR_NOT_SUPPORTED',
      `the function ran at none of the sizes that were tried for ${describePlaces(this.#signature, this.#places)}; ` +
        `at ${at} ${reason}. Give fixed sizes in the signature`,
      { cause: error },
    );
  }
}

function elementsOf(inputs: readonly RecordedInput[]): number {
  return inputs.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
}

function messageOf(error: unknown): string {
  return isError(error) ? error.message : String(error);
}

function warn(message: string): void {
  process.emitWarning(message, { type: 'TensorBundleWarning', code: 'TENSORBUNDLE_TRACED_OTHERWISE' });
}
