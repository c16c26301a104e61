/** The arguments of a loop's functions. */
import type { Argument, Graph, OutputType, Shape, Value } from '../../graphs/graph.js';
import { BOOL, INT32, VARIANT } from '../../graphs/type-numbers.js';
import { Draft } from './draft.js';
import type { Layout } from './layout.js';
import { of, operation, type } from './nodes.js';
import type { Plan } from './plan.js';
import { isFinal, isKept, joinShapes, type Result } from './results.js';
import { type Run, stepAt } from './slots.js';

export const COUNTER: OutputType = { dtype: INT32, shape: [] };
export const LIST: OutputType = { dtype: VARIANT, shape: [] };

/**
 * What a loop gets after the counter, the greatest number of iterations and the number of the round, in this order.
 * The counter and the round are always equal, but only TensorFlow uses the counter: programs that convert graphs, such
 * as tf2onnx, take it away and count themselves.
 */
export interface LoopTypes {
  /** Of each carried value: that of the iteration before, then that of the one before it, and so on. */
  readonly carries: readonly (readonly OutputType[])[];
  /** Each has a list of the values of all iterations. */
  readonly kept: readonly Result[];
  /** Each has a list of one element, the value of the last iteration. */
  readonly finals: readonly Result[];
  /** The number of iterations, the lists of parts, the other captures, and the numbers of the first parts. */
  readonly captures: readonly OutputType[];
}

/** The carried value that gives the result of the last iteration. */
export function carryOf({ offset, output }: Result, { carries }: Layout): number | undefined {
  const found = carries.findIndex(carry => carry.offset === offset && carry.output === output);
  return found < 0 ? undefined : found;
}

export function keptOf({ results }: Plan): Result[] {
  return results.filter(isKept);
}

export function finalsOf({ results, layout }: Plan): Result[] {
  return results.filter(result => isFinal(result) && carryOf(result, layout) === undefined);
}

/** The streams whose first part has a number that is not the same in all recordings: it is captured. */
export function movingFirsts({ firsts }: Plan): number[] {
  return [...firsts.keys()].filter(i => firsts[i]!.kind !== 'fixed');
}

/** The type of an output in all iterations, null where dimensions differ. */
export function typeOver(run: Run, count: number, offset: number, output: number): OutputType {
  const types = Array.from({ length: count }, (_, i) => stepAt(run, i, offset)!.outputs[output]!);
  const shape = types.map(one => one.shape).reduce<Shape | undefined>(joinShapes, types[0]!.shape);
  return { dtype: types[0]!.dtype, shape: shape ?? [] };
}

export interface LoopArguments {
  readonly all: readonly Argument[];
  readonly counter: Value;
  readonly most: Value;
  readonly round: Value;
  readonly carries: readonly (readonly Value[])[];
  readonly kept: readonly Value[];
  readonly finals: readonly Value[];
  readonly count: Value;
  readonly captures: readonly Value[];
}

export function argumentsFor({ carries, kept, finals, captures }: LoopTypes): LoopArguments {
  const all: Argument[] = [];
  const named = (name: string, type_: OutputType): Value => {
    const made: Argument = { kind: 'argument', name, outputs: [type_] };
    all.push(made);
    return of(made);
  };
  const counter = named('loop_counter', COUNTER);
  const most = named('maximum_iterations', COUNTER);
  const round = named('round', COUNTER);
  const made = {
    carries: carries.map((types, i) => types.map((one, k) => named(`state_${i}_${k}`, one))),
    kept: kept.map((_, i) => named(`results_${i}`, LIST)),
    finals: finals.map((_, i) => named(`last_${i}`, LIST)),
  };
  const [count, ...rest] = captures.map((one, i) => named(`capture_${i}`, one)) as [Value, ...Value[]];
  return { all, counter, most, round, ...made, count, captures: rest };
}

/** Of the first carried value in a loop's arguments. */
export const FIRST_CARRIED = 3;

/** Whether not all rounds are done. */
export function conditionGraph(types: LoopTypes): Graph {
  const { all, round, count } = argumentsFor(types);
  const less = operation('Less', { T: type(INT32) }, [round, count], [{ dtype: BOOL, shape: [] }], undefined);
  return new Draft({ inputs: all, outputs: [of(less)], assignments: [] }, [less]).finish();
}
