/** Which values of a run of iterations are used after it. */
import type { Shape, Value } from '../../graphs/graph.js';
import { VARIANT } from '../../graphs/type-numbers.js';
import type { Step } from './nodes.js';
import { type Run, sourceOf, stepAt } from './slots.js';

/** Operations that put many tensors together. */
const COLLECTIONS = new Set(['Pack', 'ConcatV2', 'AddN']);

/** The uses of the output `output` of the steps at `offset`. */
export interface Result {
  readonly offset: number;
  readonly output: number;
  /** Something collects the values of several iterations. */
  readonly collected: boolean;
  /** Something else uses a value that is not the last iteration's. */
  readonly early: boolean;
  /** Something else uses the last iteration's. */
  readonly last: boolean;
}

/** Of the first `count` iterations, by offset and output. */
export function resultsOf(run: Run, count: number): Map<string, Result> {
  const { draft, start, period } = run;
  const found = new Map<string, Result>();
  const note = (value: Value, use: (iteration: number) => Partial<Result>): void => {
    const source = sourceOf(run, value);
    if (!source || source.iteration >= count) return;
    const name = `${source.offset}:${value.index}`;
    const { collected, early, last, ...place } = found.get(name) ?? {
      offset: source.offset,
      output: value.index,
      collected: false,
      early: false,
      last: false,
    };
    const more = use(source.iteration);
    found.set(name, {
      ...place,
      collected: collected || more.collected === true,
      early: early || more.early === true,
      last: last || more.last === true,
    });
  };
  const single = (iteration: number): Partial<Result> => (iteration === count - 1 ? { last: true } : { early: true });
  for (const step of draft.steps.slice(start + count * period)) {
    const collects = collectedBy(run, count, step);
    for (const value of step.inputs) note(value, i => (collects(value) ? { collected: true } : single(i)));
  }
  for (const value of draft.outputs) note(value, single);
  for (const { value } of draft.assignments) note(value, single);
  return found;
}

/** Which inputs of a step after the run are among several from different iterations. */
export function collectedBy(run: Run, count: number, step: Step): (value: Value) => boolean {
  if (step.kind !== 'operation' || !COLLECTIONS.has(step.op)) return () => false;
  const numbers = new Map<string, number>();
  const nameOf = (value: Value): string => `${sourceOf(run, value)?.offset}:${value.index}`;
  for (const value of step.inputs) {
    const iteration = sourceOf(run, value)?.iteration;
    if (iteration === undefined || iteration >= count) continue;
    numbers.set(nameOf(value), (numbers.get(nameOf(value)) ?? 0) + 1);
  }
  return value => (numbers.get(nameOf(value)) ?? 0) >= Math.min(2, count);
}

/** What holds in at least one of the recordings. */
export function joinResults(all: readonly ReadonlyMap<string, Result>[]): Result[] {
  const joined = new Map<string, Result>();
  for (const [name, result] of all.flatMap(one => [...one])) {
    const { collected, early, last } = joined.get(name) ?? result;
    joined.set(name, {
      ...result,
      collected: collected || result.collected,
      early: early || result.early,
      last: last || result.last,
    });
  }
  return [...joined.values()].sort((a, b) => a.offset - b.offset || a.output - b.output);
}

/** Whether the loop keeps the values of all iterations. */
export function isKept({ collected, early }: Result): boolean {
  return collected || early;
}

/** Whether the loop gives the last iteration's value by itself. */
export function isFinal({ last, early }: Result): boolean {
  return last && !early;
}

/** The shape in all iterations, null where they differ; undefined: their ranks differ, or they are lists. */
export function shapeOver(run: Run, count: number, offset: number, output: number): Shape | undefined {
  const types = Array.from({ length: count }, (_, i) => stepAt(run, i, offset)!.outputs[output]!);
  if (types[0]?.dtype === VARIANT) return undefined;
  return types.map(one => one.shape).reduce<Shape | undefined>(joinShapes, types[0]?.shape);
}

/** Null where they differ; undefined if the ranks do. */
export function joinShapes(a: Shape | undefined, b: Shape | undefined): Shape | undefined {
  if (a?.length !== b?.length) return undefined;
  return a?.map((size, i) => (size === b![i] ? size : null));
}
