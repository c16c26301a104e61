/** From a JavaScript function to one graph for all sizes. */
import { TensorBundleError } from '../../../errors.js';
import type { Graph } from '../graphs/graph.js';
import { record, type Traceable } from '../traced/recorder.js';
import type { OutputStructure, Recording } from '../traced/recording.js';
import { differenceOf } from './alignment.js';
import { generalize, type Sized } from './generalize.js';
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
import { placeOf } from './problems.js';
import { pruned } from './pruned.js';
import { laddersFor, type Pools, sizesFrom, spans } from './sizes.js';

export interface Trace {
  readonly graph: Graph;
  readonly structure: OutputStructure;
}

export interface TraceOptions {
  /** Whether the first axis, where it is null, is one dimension of all inputs; default false. */
  readonly sameBatch?: boolean;
}

/** More recordings than this do not make a formula that fits. */
const MOST_RECORDINGS = 24;
/** Sizes that were not used, at which the graph must be the same, in a row. */
const CHECKS = 2;
/** How often other sizes are tried if a function works, but not as one graph. */
const MOST_FAILURES = 3;

/**
 * Runs the function several times.
 *
 * Throws ERR_NOT_SUPPORTED if it cannot become a graph, or not one for all sizes; and what the function throws.
 */
export function trace(fn: Traceable, signature: readonly SignatureInput[], options: TraceOptions = {}): Trace {
  const places = nullPlaces(signature);
  if (places.length === 0) return traceStatic(fn, signature);
  return new Tracer(fn, signature, places, options).trace();
}

/** The function may keep things from its first run for later ones, so the second and the third count as well. */
function traceStatic(fn: Traceable, signature: readonly SignatureInput[]): Trace {
  const run = (): Recording => {
    const { graph, structure } = record(fn, inputsAt(signature, [], []));
    return { graph: pruned(graph), structure };
  };
  const [first, second] = [run(), run()];
  if (differenceOf(first.graph, second.graph, true) === null) return first;
  const third = run();
  const difference = differenceOf(second.graph, third.graph, true);
  if (difference === null) return second;
  throw notRepeatable(difference.text, placeOf(difference.node?.place));
}

function notRepeatable(text: string, place: string): TensorBundleError {
  return new TensorBundleError(
    'ERR_NOT_SUPPORTED',
    `the function does not do the same every time: ${text} (${place}). What changes between calls must be an input, ` +
      'a variable, or one of the random operations of TensorFlow.js',
    { found: place },
  );
}

class Tracer {
  readonly #fn: Traceable;
  readonly #signature: readonly SignatureInput[];
  readonly #places: readonly NullPlace[];
  readonly #options: TraceOptions;
  /** What the function threw first. */
  #thrown: { error: unknown; sizes: string } | undefined;

  constructor(
    fn: Traceable,
    signature: readonly SignatureInput[],
    places: readonly NullPlace[],
    options: TraceOptions,
  ) {
    this.#fn = fn;
    this.#signature = signature;
    this.#places = places;
    this.#options = options;
  }

  trace(): Trace {
    const ranks = this.#signature.map(({ shape }) => shape.length);
    const ways = groupings(this.#places, ranks, this.#options.sameBatch ?? false);
    let failure: unknown;
    let failures = 0;
    for (const allowEmpty of [false, true]) {
      const tried = new Set<string>();
      for (const groups of ways) tried.add(groups.join());
      for (const { groups, pools } of this.#attempts(ways)) {
        const trial = new Trial(sizes => this.#run(groups, sizes, allowEmpty), countOf(groups), pools);
        if (!trial.collect()) continue;
        try {
          return trial.settle();
        } catch (error) {
          failure ??= error;
          failures++;
          if (failures >= MOST_FAILURES) throw this.#explained(failure);
        }
      }
      if (failures > 0) throw this.#explained(failure);
    }
    throw this.#neverRan();
  }

  *#attempts(ways: readonly Groups[]): Iterable<{ groups: Groups; pools: Pools }> {
    const ladders = ways.map(groups => {
      const first = Array.from({ length: countOf(groups) }, (_, group) =>
        this.#places.some(({ axis }, i) => axis === 0 && groups[i] === group),
      );
      return [...laddersFor(first)];
    });
    const longest = Math.max(...ladders.map(({ length }) => length));
    for (let step = 0; step < longest; step++) {
      for (const [i, groups] of ways.entries()) {
        const pools = ladders[i]?.[step];
        if (pools !== undefined) yield { groups, pools };
      }
    }
  }

  /** Null if the function does not work at these sizes. */
  #run(groups: Groups, sizes: readonly number[], allowEmpty: boolean): Run | null {
    const inputs = inputsAt(this.#signature, groups, sizes);
    let recording: Recording;
    try {
      recording = record(this.#fn, inputs);
    } catch (error) {
      if (error instanceof TensorBundleError) throw error;
      const text = inputs.map(({ name, shape }) => `${name} [${shape.join(', ')}]`).join(', ');
      this.#thrown ??= { error, sizes: text };
      return null;
    }
    const graph = pruned(recording.graph);
    const isEmpty = graph.nodes.some(({ outputs }) => outputs.some(({ shape }) => shape.includes(0)));
    if (isEmpty && !allowEmpty) return null;
    return { sizes, graph, structure: recording.structure };
  }

  #explained(error: unknown): unknown {
    return error;
  }

  #neverRan(): TensorBundleError {
    const { error, sizes } = this.#thrown ?? { error: new Error('its results are empty'), sizes: 'all sizes' };
    const text = error instanceof Error ? error.message : String(error);
    return new TensorBundleError(
      'ERR_NOT_SUPPORTED',
      `the function did not run at any of the sizes that were tried for ${describePlaces(this.#signature, this.#places)}` +
        `; at ${sizes} it threw: ${text}. Give sizes in the signature that fit`,
      { cause: error },
    );
  }
}

interface Run extends Sized {
  readonly structure: OutputStructure;
}

/** Runs at sizes of some pools. */
class Trial {
  readonly #run: (sizes: readonly number[]) => Run | null;
  readonly #count: number;
  readonly #sizes: Iterator<readonly number[]>;
  readonly #runs: Run[] = [];

  constructor(run: (sizes: readonly number[]) => Run | null, count: number, pools: Pools) {
    this.#run = run;
    this.#count = count;
    this.#sizes = sizesFrom(pools)[Symbol.iterator]();
  }

  /** Whether it works at enough sizes. */
  collect(): boolean {
    const enough = this.#count + 3;
    for (let misses = 0; misses <= enough; ) {
      const run = this.#next();
      if (run === undefined) return false;
      if (run === null) {
        misses++;
        // Nothing at all: other sizes are needed.
        if (this.#runs.length === 0 && misses >= 2) return false;
        continue;
      }
      this.#runs.push(run);
      if (this.#runs.length >= enough && spans(this.#runs.map(({ sizes }) => sizes))) return true;
    }
    return false;
  }

  /** The graph, once further sizes do not change it any more. */
  settle(): Trace {
    const { structure } = this.#runs[0] as Run;
    let graph = generalize(this.#runs);
    for (let same = 0; same < CHECKS; ) {
      const run = this.#next();
      if (run === undefined || this.#runs.length > MOST_RECORDINGS) break;
      if (run === null) continue;
      this.#runs.push(run);
      const next = generalize(this.#runs);
      same = differenceOf(graph, next, true) === null ? same + 1 : 0;
      graph = next;
    }
    return { graph, structure };
  }

  /** Undefined if there are no more sizes. */
  #next(): Run | null | undefined {
    const { done, value } = this.#sizes.next();
    return done ? undefined : this.#run(value);
  }
}
