/** Where the operands of an iteration come from, and whether those of other iterations come from there as well. */

import { sameValues } from '../../graphs/constant-values.js';
import type { Operation, Value } from '../../graphs/graph.js';
import type { Draft } from './draft.js';
import { labelOf } from './labels.js';
import { intOf, type Step, typeOf } from './nodes.js';
import { firstNumber, isAffine, sameKind, stepBetween } from './repeated-constants.js';

/** Steps that seem to repeat: iteration i begins at start + i * period. */
export interface Run {
  readonly draft: Draft;
  readonly start: number;
  readonly period: number;
}

export type Slot =
  /** From the same iteration. */
  | { readonly kind: 'inner'; readonly offset: number; readonly output: number }
  /** From `distance` iterations before; the first iterations have other values instead. */
  | { readonly kind: 'carried'; readonly offset: number; readonly output: number; readonly distance: number }
  /** The same value in all iterations. */
  | { readonly kind: 'invariant' }
  /** A constant that grows by the same step. */
  | { readonly kind: 'affine' }
  /** Some other constant of the same shape. */
  | { readonly kind: 'table' }
  /** The output `stride` after the one of the iteration before, of a step with one output for each part of a tensor. */
  | { readonly kind: 'stream'; readonly stride: number };

/** How many iterations back a value may come from. */
const FARTHEST = 4;

export function stepAt({ draft, start, period }: Run, iteration: number, offset: number): Step | undefined {
  return draft.steps[start + iteration * period + offset];
}

/** The operand `slot` of a step. */
export function operand(run: Run, iteration: number, offset: number, slot: number): Value | undefined {
  return stepAt(run, iteration, offset)?.inputs[slot];
}

/** The iteration and offset that a value comes from; undefined if it is from before the run. */
export function sourceOf(run: Run, { node }: Value): { iteration: number; offset: number } | undefined {
  const position = run.draft.position(node);
  if (position === undefined || position < run.start) return undefined;
  const [distance, { period }] = [position - run.start, run];
  return { iteration: Math.floor(distance / period), offset: distance % period };
}

/** A step whose outputs are the parts of its first input. */
export function partsOf({ node }: Value): Operation | undefined {
  return node.kind === 'operation' && (node.op === 'Unpack' || isEvenSplit(node)) ? node : undefined;
}

function isEvenSplit({ op, outputs }: Operation): boolean {
  const shapes = new Set(outputs.map(output => output.shape.join()));
  return op === 'SplitV' && shapes.size === 1;
}

/** The axis along which the parts lie. */
export function splitAxis(parts: Operation): number {
  const [whole, , split] = parts.inputs;
  const axis = parts.op === 'Unpack' ? intOf(parts, 'axis') : firstNumber(split!.node);
  return axis < 0 ? axis + typeOf(whole!).shape.length : axis;
}

/**
 * The slots of each step of a run, and how many iterations have them; undefined if there are no two. Which slot it is
 * shows best in an iteration that is not among the first: all of these are tried.
 */
export function learnSlots(
  run: Run,
  allowsTables: boolean,
): { slots: readonly (readonly Slot[])[]; count: number } | undefined {
  let best: { slots: readonly (readonly Slot[])[]; count: number } | undefined;
  for (let shown = 1; shown <= FARTHEST && labelsRepeat(run, shown); shown++) {
    const slots = slotsShownBy(run, shown, allowsTables);
    const count = slots ? countIterations(run, slots) : 0;
    if (slots && count > shown && count > (best?.count ?? 1)) best = { slots, count };
  }
  return best;
}

function labelsRepeat(run: Run, iteration: number): boolean {
  for (let offset = 0; offset < run.period; offset++) if (!sameStep(run, iteration, offset)) return false;
  return true;
}

function sameStep(run: Run, iteration: number, offset: number): boolean {
  const [first, step] = [stepAt(run, 0, offset), stepAt(run, iteration, offset)];
  return (
    first !== undefined &&
    step !== undefined &&
    first.inputs.length === step.inputs.length &&
    first.outputs.length === step.outputs.length &&
    labelOf(first) === labelOf(step)
  );
}

function slotsShownBy(run: Run, shown: number, allowsTables: boolean): Slot[][] | undefined {
  const slots: Slot[][] = [];
  for (let offset = 0; offset < run.period; offset++) {
    const found = stepAt(run, shown, offset)!.inputs.map((_, i) => slotShownBy(run, shown, offset, i));
    if (!found.every(slot => slot !== undefined && (allowsTables || slot.kind !== 'table'))) return undefined;
    slots.push(found as Slot[]);
  }
  return slots;
}

function slotShownBy(run: Run, shown: number, offset: number, slot: number): Slot | undefined {
  const value = operand(run, shown, offset, slot)!;
  const source = sourceOf(run, value);
  if (source) {
    const distance = shown - source.iteration;
    if (distance < 0) return undefined;
    const place = { offset: source.offset, output: value.index };
    return distance === 0 ? { kind: 'inner', ...place } : { kind: 'carried', ...place, distance };
  }
  const before = operand(run, shown - 1, offset, slot)!;
  if (isSame(before, value)) return { kind: 'invariant' };
  if (partsOf(value) && before.node === value.node) return { kind: 'stream', stride: value.index - before.index };
  if (before.node.kind !== 'constant' || value.node.kind !== 'constant' || !sameKind(before.node, value.node)) {
    return undefined;
  }
  const [first, second] = [operand(run, 0, offset, slot)!.node, operand(run, 1, offset, slot)!.node];
  if (first.kind !== 'constant' || second.kind !== 'constant') return undefined;
  const step = stepBetween(first, second);
  return step && isAffine(value.node, first, step, shown) ? { kind: 'affine' } : { kind: 'table' };
}

function isSame(a: Value, b: Value): boolean {
  if (a.node === b.node) return a.index === b.index;
  return a.node.kind === 'constant' && b.node.kind === 'constant' && sameValues(a.node, b.node);
}

/** How many iterations from the first on have these slots. */
export function countIterations(run: Run, slots: readonly (readonly Slot[])[]): number {
  let count = 0;
  while (fits(run, slots, count)) count++;
  return count;
}

function fits(run: Run, slots: readonly (readonly Slot[])[], iteration: number): boolean {
  for (const [offset, ofStep] of slots.entries()) {
    if (!sameStep(run, iteration, offset)) return false;
    if (stepAt(run, iteration, offset)!.inputs.length !== ofStep.length) return false;
    for (const [i, slot] of ofStep.entries()) if (!slotFits(run, slot, iteration, offset, i)) return false;
  }
  return true;
}

function slotFits(run: Run, slot: Slot, iteration: number, offset: number, i: number): boolean {
  const value = operand(run, iteration, offset, i)!;
  const source = sourceOf(run, value);
  if (slot.kind === 'inner' || slot.kind === 'carried') {
    const from = slot.kind === 'inner' ? iteration : iteration - slot.distance;
    if (from < 0) return source === undefined;
    return source?.iteration === from && source.offset === slot.offset && value.index === slot.output;
  }
  if (source) return false;
  const first = operand(run, 0, offset, i)!;
  if (slot.kind === 'invariant') return isSame(first, value);
  if (slot.kind === 'stream') {
    return (
      first.node === value.node && partsOf(value) !== undefined && value.index === first.index + slot.stride * iteration
    );
  }
  if (first.node.kind !== 'constant' || value.node.kind !== 'constant') return false;
  if (slot.kind === 'table' || iteration === 0) return sameKind(first.node, value.node);
  const second = operand(run, 1, offset, i)!.node;
  const step = second.kind === 'constant' && stepBetween(first.node, second);
  return step ? isAffine(value.node, first.node, step, iteration) : false;
}
