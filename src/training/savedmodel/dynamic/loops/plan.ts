/** A loop as all recordings have it. */

import { sameValues } from '../../graphs/constant-values.js';
import type { Constant, Shape } from '../../graphs/graph.js';
import type { Draft } from './draft.js';
import { type FixedConstants, type Layout, layoutOf, type SlotPlace } from './layout.js';
import { isSmall, stepBetween } from './repeated-constants.js';
import { isFinal, isKept, joinResults, joinShapes, type Result, resultsOf, shapeOver } from './results.js';
import { hasScalar, type Measured, type Scalar, scalarOf } from './scalars.js';
import { countIterations, learnSlots, operand, partsOf, type Run, type Slot, splitAxis } from './slots.js';

export interface Plan {
  readonly period: number;
  readonly slots: readonly (readonly Slot[])[];
  readonly fixed: FixedConstants;
  readonly layout: Layout;
  /** Of the parts in each list. */
  readonly partShapes: readonly Shape[];
  readonly results: readonly Result[];
  /** Of each result. */
  readonly resultShapes: readonly Shape[];
  /** How often the loop runs, and the list whose length this follows. */
  readonly count: Scalar;
  readonly countedBy: number | undefined;
  /** The part that the first iteration takes of each stream. */
  readonly firsts: readonly Scalar[];
}

/** Where a loop may begin, in all drafts, and what its body may be. */
export interface Candidate {
  readonly drafts: readonly Draft[];
  /** The draft in which the loop runs often. */
  readonly learner: Draft;
  readonly start: number;
  readonly period: number;
  /** Whether it may have constants that follow no rule. */
  readonly allowsTables: boolean;
}

/**
 * The plan of the loop that begins there; undefined if there is none that runs more often in some recordings than in
 * others. `repeated`: how many iterations there seem to be in the learner. `loose`: the constants, by `offset:slot`,
 * that are not to be in the body.
 */
export function planLoop(
  { drafts, learner, start, period, allowsTables }: Candidate,
  loose: ReadonlySet<string> = new Set(),
): { plan: Plan | undefined; repeated: number } {
  const learned = learnSlots({ draft: learner, start, period }, allowsTables);
  if (!learned) return { plan: undefined, repeated: 1 };
  const { slots, count: repeated } = learned;
  const runs = drafts.map((draft): Run => ({ draft, start, period }));
  const counts = runs.map(run => countIterations(run, slots));
  const isLoop = new Set(counts).size > 1 && Math.min(...counts) >= leastCount(slots);
  return { plan: isLoop ? planFor(runs, counts, slots, loose) : undefined, repeated };
}

function planFor(
  runs: readonly Run[],
  counts: readonly number[],
  slots: readonly (readonly Slot[])[],
  loose: ReadonlySet<string>,
): Plan | undefined {
  const fixed = fixedConstants(runs, counts, slots, loose);
  const layouts = runs.map(run => layoutOf(run, slots, fixed));
  const [layout] = layouts as [Layout];
  if (layouts.some(one => JSON.stringify(one) !== JSON.stringify(layout))) return undefined;
  const results = joinResults(runs.map((run, i) => resultsOf(run, counts[i]!)));
  const resultShapes = results.map(result =>
    runs.map((run, i) => shapeOver(run, counts[i]!, result.offset, result.output)).reduce(joinShapes),
  );
  if (!resultShapes.every(shape => shape !== undefined)) return undefined;
  const partShapes = layout.lists.map(place =>
    runs.map(run => partOf(run, place).outputs[0]?.shape).reduce(joinShapes),
  );
  if (!partShapes.every(shape => shape !== undefined)) return undefined;
  const plan: Plan = {
    period: runs[0]!.period,
    slots,
    fixed,
    layout,
    partShapes,
    results,
    resultShapes,
    ...counted(runs, counts, layout),
    firsts: layout.streams.map((_, i) => scalarOf(runs.map(run => firstOf(run, layout, i)))),
  };
  return runs.every((run, i) => agrees(run, counts[i]!, plan)) ? plan : undefined;
}

/** A value of several iterations before needs that many first values. */
function leastCount(slots: readonly (readonly Slot[])[]): number {
  const distances = slots.flat().map(slot => (slot.kind === 'carried' ? slot.distance : 1));
  return Math.max(1, ...distances);
}

/** How often the loop of a plan runs that begins at `start`; 0: there is none. */
export function countFor(draft: Draft, start: number, plan: Plan): number {
  const run = { draft, start, period: plan.period };
  const count = countIterations(run, plan.slots);
  if (count < leastCount(plan.slots)) return 0;
  if (JSON.stringify(layoutOf(run, plan.slots, plan.fixed)) !== JSON.stringify(plan.layout)) return 0;
  return agrees(run, count, plan) ? count : 0;
}

/**
 * The constants in the body that are others where the same steps repeat again. These are outside of the body then,
 * provided that the steps repeat more often in some drafts: so they are in a loop themselves.
 */
export function looseConstants(again: readonly (readonly Run[])[], { layout }: Plan): Set<string> {
  const loose = new Set<string>();
  if (new Set(again.map(runs => runs.length)).size < 2) return loose;
  const [first, ...others] = again.flat();
  for (const [offset, sources] of layout.sources.entries()) {
    for (const [slot, { kind }] of sources.entries()) {
      const constant = kind === 'constant' && constantAt(first!, 0, offset, slot);
      if (!constant) continue;
      const isSame = others.every(run => {
        const other = constantAt(run, 0, offset, slot);
        return other && sameValues(constant, other);
      });
      if (!isSame) loose.add(`${offset}:${slot}`);
    }
  }
  return loose;
}

/** Whether the numbers, shapes and uses of a run are among those of the plan. */
function agrees(run: Run, count: number, plan: Plan): boolean {
  const { layout, results, resultShapes, partShapes } = plan;
  if (!hasScalar(countOf(run, count, layout, plan.countedBy), plan.count)) return false;
  if (!plan.firsts.every((scalar, i) => hasScalar(firstOf(run, layout, i), scalar))) return false;
  if (!partShapes.every((shape, i) => covers(shape, partOf(run, layout.lists[i]!).outputs[0]?.shape))) return false;
  const used = resultsOf(run, count);
  for (const [i, result] of results.entries()) {
    const found = used.get(`${result.offset}:${result.output}`);
    if (found && isKept(found) && !isKept(result)) return false;
    if (found && isFinal(found) && !isFinal(result) && !result.early) return false;
    if (found?.early && !result.early) return false;
    const shape = shapeOver(run, count, result.offset, result.output);
    if (!covers(resultShapes[i]!, shape)) return false;
    // What is kept must be of one size.
    if (isKept(result) && shape?.includes(null)) return false;
  }
  const names = new Set(results.map(({ offset, output }) => `${offset}:${output}`));
  return [...used.keys()].every(name => names.has(name));
}

function covers(shape: Shape, found: Shape | undefined): boolean {
  return found?.length === shape.length && shape.every((size, i) => size === null || size === found[i]);
}

function counted(runs: readonly Run[], counts: readonly number[], layout: Layout): Pick<Plan, 'count' | 'countedBy'> {
  for (const list of layout.lists.keys()) {
    const count = scalarOf(runs.map((run, i) => countOf(run, counts[i]!, layout, list)));
    if (count.kind === 'relative') return { count, countedBy: list };
  }
  return { count: { kind: 'moving' }, countedBy: undefined };
}

export function countOf(run: Run, count: number, layout: Layout, list: number | undefined): Measured {
  return { value: count, size: list === undefined ? undefined : partOf(run, layout.lists[list]!).outputs.length };
}

/** The number of the part that the first iteration takes, and how many there are in the list. */
export function firstOf(run: Run, { streams }: Layout, stream: number): Measured {
  const { place, list } = streams[stream]!;
  const { node, index } = operand(run, 0, place.offset, place.slot)!;
  return { value: index, size: list === undefined ? undefined : node.outputs.length };
}

/** The step that gives the parts of a tensor. */
export function partOf(run: Run, { offset, slot }: SlotPlace): NonNullable<ReturnType<typeof partsOf>> {
  return partsOf(operand(run, 0, offset, slot)!)!;
}

/** The axis along which it does. */
export function axisOf(run: Run, place: SlotPlace): number {
  return splitAxis(partOf(run, place));
}

function fixedConstants(
  runs: readonly Run[],
  counts: readonly number[],
  slots: readonly (readonly Slot[])[],
  loose: ReadonlySet<string>,
): FixedConstants {
  const operands = new Set<string>();
  const steps = new Map<string, Constant>();
  for (const [offset, ofStep] of slots.entries()) {
    for (const [i, { kind }] of ofStep.entries()) {
      const firsts = runs.map(run => constantAt(run, 0, offset, i));
      if (kind === 'invariant' && allSame(firsts) && !loose.has(`${offset}:${i}`)) operands.add(`${offset}:${i}`);
      if (kind !== 'affine') continue;
      // A run of one iteration does not show the step.
      const found = runs.flatMap((run, k) => (counts[k]! > 1 ? [differenceAt(run, offset, i)] : []));
      if (allSame(found)) steps.set(`${offset}:${i}`, found[0]!);
    }
  }
  return { operands, steps };
}

function allSame(constants: readonly (Constant | undefined)[]): boolean {
  const [first] = constants;
  return first !== undefined && isSmall(first) && constants.every(one => one && sameValues(first, one));
}

export function constantAt(run: Run, iteration: number, offset: number, slot: number): Constant | undefined {
  const node = operand(run, iteration, offset, slot)?.node;
  return node?.kind === 'constant' ? node : undefined;
}

function differenceAt(run: Run, offset: number, slot: number): Constant | undefined {
  const [first, second] = [constantAt(run, 0, offset, slot), constantAt(run, 1, offset, slot)];
  return first && second && stepBetween(first, second);
}
