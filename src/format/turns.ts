/**
 * Long computations in steps. A caller with an event loop to keep alive gives it a turn between steps, and can stop at
 * a signal. Other callers run all steps at once.
 */

import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { throwIfAborted } from '../errors.js';

/** A computation that stops now and then, so that others may run. */
export type Steps<T> = Generator<void, T, void>;

/** The longest time without a turn for others: everything else in the process waits for it. */
const TURN_MS = 15;

export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** Runs the steps, with turns for others between them. Throws ERR_ABORTED; `action` says what was aborted. */
export async function inTurns<T>(steps: Steps<T>, signal: AbortSignal | undefined, action: string): Promise<T> {
  for (let started = performance.now(); ; ) {
    const step = steps.next();
    if (step.done) return step.value;
    if (performance.now() - started < TURN_MS) continue;
    await nextTurn();
    throwIfAborted(signal, action);
    started = performance.now();
  }
}

/**
 * The items in the order of `compare`; equal ones keep their order. It works in steps because one sort of many items
 * would block the event loop.
 */
export function* sorted<T>(items: readonly T[], compare: (a: T, b: T) => number): Steps<T[]> {
  const RUN = 8192;
  let from: T[] = [];
  for (let at = 0; at < items.length; at += RUN) {
    for (const item of items.slice(at, at + RUN).sort(compare)) from.push(item);
    yield;
  }
  for (let run = RUN; run < items.length; run *= 2) {
    const to: T[] = [];
    for (let start = 0; start < from.length; start += 2 * run) {
      const middle = Math.min(start + run, from.length);
      const end = Math.min(start + 2 * run, from.length);
      let [left, right] = [start, middle];
      while (left < middle || right < end) {
        const takeLeft = right === end || (left < middle && compare(from[left]!, from[right]!) <= 0);
        to.push(takeLeft ? from[left++]! : from[right++]!);
        if (to.length % RUN === 0) yield;
      }
    }
    from = to;
  }
  return from;
}
