/**
 * Long computations in steps. A caller with an event loop to keep alive gives it a turn between steps, and can stop at
 * a signal. Other callers run all steps at once.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { now } from '../clock.js';
import { throwIfAborted } from '../errors.js';

/** A computation that stops now and then, so that others may run. */
export type Steps<T> = Generator<void, T, void>;

/** The longest time without a turn for others: everything else in the process waits for it. */
const TURN_MS = 2;

export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** Runs the steps, with turns for others between them. Throws ERR_ABORTED; `action` says what was aborted. */
export async function inTurns<T>(steps: Steps<T>, signal: AbortSignal | undefined, action: string): Promise<T> {
  for (let started = now(); ; ) {
    const step = steps.next();
    if (step.done) return step.value;
    if (now() - started < TURN_MS) continue;
    await nextTurn();
    throwIfAborted(signal, action);
    started = now();
  }
}

/** Items that are sorted at once, or compared between two stops, at most. */
const RUN = 8192;
/** The same at first, because the first comparisons of a process run slow code. So few in all are just sorted. */
const FIRST_RUN = 256;
/** A part of them with at most this many runs that are in order already is not sorted, only merged. */
const FEW_RUNS = 32;

/**
 * The items in the order of `compare`; equal ones keep their order. It works in steps because one sort of many items
 * would block the event loop. Items that are in order already, or in a few runs (as numbered names are), take about one
 * comparison each.
 */
export function* sorted<T>(items: readonly T[], compare: (a: T, b: T) => number): Steps<T[]> {
  if (items.length <= FIRST_RUN) return [...items].sort(compare);
  let from: T[] = [];
  let ends: number[] = [];
  for (let at = 0, end = 0; at < items.length; at = end) {
    end = Math.min(at + runAfter(at), items.length);
    takeRuns(items, at, end, compare, from, ends);
    yield;
  }
  while (ends.length > 1) {
    const to: T[] = [];
    const joined: number[] = [];
    for (let i = 0, start = 0; i < ends.length; i += 2, start = to.length) {
      const merge = { items: from, left: start, middle: ends[i]!, right: ends[i]!, end: ends[i + 1] ?? ends[i]! };
      while (mergeSome(merge, compare, to)) yield;
      joined.push(to.length);
    }
    [from, ends] = [to, joined];
  }
  return from;
}

/** How many items may be looked at in one step after so many others. */
function runAfter(count: number): number {
  return Math.min(RUN, Math.max(FIRST_RUN, count));
}

/** Appends the items from `start` to `end` to `to`, as runs; `ends` has the end of each run. */
function takeRuns<T>(
  items: readonly T[],
  start: number,
  end: number,
  compare: (a: T, b: T) => number,
  to: T[],
  ends: number[],
): void {
  const breaks: number[] = [];
  for (let i = start + 1; i < end && breaks.length <= FEW_RUNS; i++)
    if (compare(items[i - 1]!, items[i]!) > 0) breaks.push(i);
  const few = breaks.length <= FEW_RUNS;
  const run = few ? items : items.slice(start, end).sort(compare);
  const first = few ? start : 0;
  if (to.length > 0 && compare(to.at(-1)!, run[first]!) <= 0) ends.pop();
  for (let i = 0; i < end - start; i++) to.push(run[first + i]!);
  if (few) for (const at of breaks) ends.push(at);
  ends.push(end);
}

/** Two runs that lie next to each other: from `left` to `middle`, and from `right` to `end`. */
interface Merge<T> {
  readonly items: readonly T[];
  left: number;
  readonly middle: number;
  right: number;
  readonly end: number;
}

/** Appends the next items of both runs to `to`; false when there are none left. */
function mergeSome<T>(merge: Merge<T>, compare: (a: T, b: T) => number, to: T[]): boolean {
  const { items, middle, end } = merge;
  let { left, right } = merge;
  const step = runAfter(to.length);
  for (let taken = 0; taken < step && (left < middle || right < end); taken++) {
    const takeLeft = right === end || (left < middle && compare(items[left]!, items[right]!) <= 0);
    to.push(takeLeft ? items[left++]! : items[right++]!);
  }
  merge.left = left;
  merge.right = right;
  return left < middle || right < end;
}
