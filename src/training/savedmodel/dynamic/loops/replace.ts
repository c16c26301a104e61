/** Puts a loop in the place of the iterations that a program ran. */
import type { Graph, Loop, OutputType, Value } from '../../graphs/graph.js';
import { INT32 } from '../../graphs/type-numbers.js';
import {
  argumentsFor,
  carryOf,
  conditionGraph,
  FIRST_CARRIED,
  finalsOf,
  keptOf,
  LIST,
  type LoopTypes,
  movingFirsts,
  typeOver,
} from './arguments.js';
import { elementShape } from './body.js';
import type { Capture } from './layout.js';
import { int, int32, moved, of, operation, type Step, type, typeOf } from './nodes.js';
import { axisOf, constantAt, countOf, firstOf, type Plan, partOf } from './plan.js';
import { stacked, stepBetween } from './repeated-constants.js';
import { collectedBy, isFinal, isKept, joinShapes, type Result } from './results.js';
import { scalarValue } from './scalars.js';
import { operand, type Run, sourceOf, stepAt } from './slots.js';

/** What the loop gets, computed before it. */
interface Entry {
  readonly types: LoopTypes;
  readonly inputs: readonly Value[];
  readonly steps: readonly Step[];
}

export function entryOf(run: Run, count: number, plan: Plan): Entry {
  const { layout } = plan;
  const steps: Step[] = [];
  const made = (step: Step): Value => {
    steps.push(step);
    return of(step);
  };
  const lists = layout.lists.map((place, i) => {
    const part = partOf(run, place);
    const given = part.inputs[0]!;
    const turned = moved(given, axisOf(run, place), 0, part.place);
    const tensor = turned ? made(turned) : given;
    const attributes = { element_dtype: type(typeOf(given).dtype), shape_type: type(INT32) };
    return made(
      operation(
        'TensorListFromTensor',
        attributes,
        [tensor, of(elementShape(plan.partShapes[i]!))],
        [LIST],
        part.place,
      ),
    );
  });
  const sized = (list: number | undefined): { tensor: Value; axis: number } | undefined => {
    const place = list === undefined ? undefined : layout.lists[list];
    return place && { tensor: partOf(run, place).inputs[0]!, axis: axisOf(run, place) };
  };
  const number = scalarValue(plan.count, countOf(run, count, layout, plan.countedBy), sized(plan.countedBy), steps);
  const firsts = movingFirsts(plan).map(i =>
    scalarValue(plan.firsts[i]!, firstOf(run, layout, i), sized(layout.streams[i]!.list), steps),
  );
  const kept = keptOf(plan);
  const finals = finalsOf(plan);
  const reserve = (result: Result, size: Value): Value => {
    const { dtype } = typeOver(run, count, result.offset, result.output);
    const shape = plan.resultShapes[plan.results.indexOf(result)]!;
    const attributes = { element_dtype: type(dtype), shape_type: type(INT32) };
    return made(operation('TensorListReserve', attributes, [of(elementShape(shape)), size], [LIST], undefined));
  };
  const captures = [number, ...lists, ...layout.captures.map(one => captured(run, count, one)), ...firsts];
  const chains = layout.carries.map(({ distance, place }) =>
    // The value of `distance` iterations before is needed first.
    Array.from({ length: distance }, (_, i) => operand(run, distance - 1 - i, place.offset, place.slot)!),
  );
  const inputs = [
    of(int32(0)),
    of(int32(-1)),
    of(int32(0)),
    ...chains.flat(),
    ...kept.map(result => reserve(result, number)),
    ...finals.map(result => reserve(result, of(int32(1)))),
    ...captures,
  ];
  const carries = chains.map((chain, i) => {
    const { offset, output } = layout.carries[i]!;
    const made_ = typeOver(run, count, offset, output);
    const shape = [...chain.map(value => typeOf(value).shape), made_.shape].reduce<OutputType['shape'] | undefined>(
      joinShapes,
      made_.shape,
    );
    return chain.map(() => ({ dtype: made_.dtype, shape: shape ?? [] }));
  });
  return { types: { carries, kept, finals, captures: captures.map(typeOf) }, inputs, steps };
}

function captured(run: Run, count: number, { place, what }: Capture): Value {
  const { offset, slot } = place;
  switch (what) {
    case 'operand':
      return operand(run, 0, offset, slot)!;
    case 'whole':
      return partOf(run, place).inputs[0]!;
    case 'table':
      return of(stacked(Array.from({ length: count }, (_, i) => constantAt(run, i, offset, slot)!)));
    case 'step': {
      const first = constantAt(run, 0, offset, slot)!;
      // Nothing is added in a run's only iteration.
      return of(stepBetween(first, count > 1 ? constantAt(run, 1, offset, slot)! : first)!);
    }
  }
}

/**
 * The loop's place is that of its first step. `known` gets the operations that take results of all iterations apart.
 */
export function putLoop(run: Run, count: number, plan: Plan, entry: Entry, body: Graph, known: Set<Step>): void {
  const { draft, start, period } = run;
  const { types, inputs } = entry;
  const place = draft.steps[start]!.place;
  const loop: Loop = {
    kind: 'loop',
    condition: conditionGraph(types),
    body,
    inputs,
    outputs: argumentsFor(types).all.map(argument => argument.outputs[0]!),
    ...(place && { place }),
  };
  const steps: Step[] = [...entry.steps, loop];
  const made = (step: Step): Value => {
    steps.push(step);
    return of(step);
  };
  const firstOfChain = (carry: number): number => types.carries.slice(0, carry).flat().length;
  const afterCarries = FIRST_CARRIED + types.carries.flat().length;
  const all = new Map<Result, Step>();
  const last = new Map<Result, Value>();
  for (const [i, result] of types.kept.entries()) {
    all.set(result, unpackOf(run, count, plan, result, { node: loop, index: afterCarries + i }, made));
  }
  for (const result of plan.results.filter(isFinal)) {
    const carry = carryOf(result, plan.layout);
    const list = afterCarries + types.kept.length + types.finals.indexOf(result);
    last.set(
      result,
      carry === undefined
        ? finalOf(run, count, plan, result, { node: loop, index: list }, made)
        : { node: loop, index: FIRST_CARRIED + firstOfChain(carry) },
    );
  }
  for (const step of all.values()) known.add(step);
  const results = new Map(plan.results.map(result => [`${result.offset}:${result.output}`, result]));
  const collects = new Map<Step, (value: Value) => boolean>();
  draft.replace(start, count * period, steps, (value, user) => {
    const source = sourceOf(run, value);
    if (!source || source.iteration >= count) return undefined;
    const result = results.get(`${source.offset}:${value.index}`)!;
    if (user && !collects.has(user)) collects.set(user, collectedBy(run, count, user));
    if (isKept(result) && (result.early || (user && collects.get(user)!(value)))) {
      return { node: all.get(result)!, index: source.iteration };
    }
    return last.get(result);
  });
}

/** The values of all iterations: the list as one tensor, taken apart again. */
function unpackOf(run: Run, count: number, plan: Plan, result: Result, list: Value, made: (step: Step) => Value): Step {
  const { dtype, shape } = typeOver(run, count, result.offset, result.output);
  const element = elementShape(plan.resultShapes[plan.results.indexOf(result)]!);
  const place = stepAt(run, 0, result.offset)?.place;
  const whole = made(
    operation(
      'TensorListStack',
      { element_dtype: type(dtype), num_elements: int(-1) },
      [list, of(element)],
      [{ dtype, shape: [count, ...shape] }],
      place,
    ),
  );
  const parts = Array.from({ length: count }, () => ({ dtype, shape }));
  const attributes = { num: int(count), T: type(dtype), axis: int(0) };
  const unpack = operation('Unpack', attributes, [whole], parts, place);
  made(unpack);
  return unpack;
}

function finalOf(run: Run, count: number, plan: Plan, result: Result, list: Value, made: (step: Step) => Value): Value {
  const final = typeOver(run, count, result.offset, result.output);
  const element = elementShape(plan.resultShapes[plan.results.indexOf(result)]!);
  const inputs = [list, of(int32(0)), of(element)];
  const place = stepAt(run, 0, result.offset)?.place;
  return made(operation('TensorListGetItem', { element_dtype: type(final.dtype) }, inputs, [final], place));
}
