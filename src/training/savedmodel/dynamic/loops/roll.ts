/** Loops of a program, found in recordings of the operations that they executed. */
import type { Graph } from '../../graphs/graph.js';
import { bodyOf } from './body.js';
import { Draft } from './draft.js';
import { labelOf } from './labels.js';
import type { Step } from './nodes.js';
import { gather, isCollection } from './parts.js';
import { type Candidate, countFor, looseConstants, type Plan, planLoop } from './plan.js';
import { entryOf, putLoop } from './replace.js';
import { settle } from './settle.js';
import { countIterations, type Run } from './slots.js';

/**
 * Puts a Loop in the place of each loop that ran more often in some recordings of a function than in others. What no
 * loop explains stays as it is: then the results differ in their operations.
 *
 * Where two recordings first differ, a loop has just ended in one of them and goes on in the other: the loop is found
 * from there. Loops in loops come first, as they end first.
 */
export function roll(graphs: readonly Graph[]): Graph[] {
  const rolling = new Rolling(graphs.map(Draft.of));
  while (rolling.rollNext());
  return rolling.finish();
}

/** Where two drafts differ first, and the one of them that has more steps. */
interface Parting {
  readonly at: number;
  readonly learner: Draft;
}

interface Found {
  readonly candidate: Candidate;
  readonly plan: Plan;
  /** How many steps after the loop all recordings have in common; infinity if these are all that they have. */
  readonly agreed: number;
}

class Rolling {
  readonly #drafts: readonly Draft[];
  /** Operations that take results of all iterations apart. */
  readonly #known = new Set<Step>();
  #done = 0;

  constructor(drafts: readonly Draft[]) {
    this.#drafts = drafts;
  }

  /** False: all recordings have the same operations, or differ in something that is not a loop. */
  rollNext(): boolean {
    const parting = partingOf(this.#drafts);
    if (!parting || parting.at <= this.#done) return false;
    const found = this.#findLoop(parting, false) ?? this.#findLoop(parting, true);
    if (found) this.#roll(found);
    return found !== undefined;
  }

  /**
   * The loop with the shortest body after which the recordings agree for a while. Should they never agree for as long
   * as an iteration, it is the one after which they agree for longest.
   */
  #findLoop(parting: Parting, allowsTables: boolean): Found | undefined {
    let best: Found | undefined;
    for (let period = 1; period <= parting.at; period++) {
      if (!repeats(parting.learner, parting.at, period)) continue;
      const found = this.#findPeriod(parting, period, allowsTables);
      if (found && found.agreed >= period) return found;
      if (found && found.agreed > (best?.agreed ?? 0)) best = found;
    }
    return best;
  }

  /** In the steps around the parting that repeat in the learner with this period. */
  #findPeriod({ at, learner }: Parting, period: number, allowsTables: boolean): Found | undefined {
    let start = at - period;
    while (start > 0 && labelOf(learner.steps[start - 1]!) === labelOf(learner.steps[start - 1 + period]!)) start--;
    for (; start + period <= at; start++) {
      const candidate: Candidate = { drafts: this.#drafts, learner, start, period, allowsTables };
      const { plan, repeated } = planLoop(candidate);
      // Iterations that are as many in all recordings are not what is looked for.
      if (!plan) {
        start += (repeated - 1) * period;
        continue;
      }
      const ends = this.#drafts.map(draft => start + countFor(draft, start, plan) * period);
      const agreed = Math.min(...this.#drafts.map((_, i) => this.#agreed(i, ends)));
      if (agreed > 0) return { candidate, plan, agreed };
    }
    return undefined;
  }

  /** How many steps of the draft `i` are like those of the first, from the end of the loop in each; all: infinity. */
  #agreed(i: number, ends: readonly number[]): number {
    const [first, other] = [this.#drafts[0]!.steps, this.#drafts[i]!.steps];
    const [from, at] = [ends[0]!, ends[i]!];
    const isAlike = (k: number): boolean => labelOf(first[from + k]!) === labelOf(other[at + k]!);
    const length = Math.min(first.length - from, other.length - at);
    let count = 0;
    while (count < length && isAlike(count)) count++;
    const areAll = count === first.length - from && count === other.length - at;
    return areAll ? Number.POSITIVE_INFINITY : count;
  }

  #roll({ candidate, plan: first }: Found): void {
    const { learner, start, period } = candidate;
    const pattern = learner.steps.slice(start, start + period).map(labelOf);
    const again = this.#drafts.map(draft => [...repetitions(draft, start, first, pattern)]);
    const loose = looseConstants(again, first);
    const plan = (loose.size > 0 && planLoop(candidate, loose).plan) || first;
    const isSettled = this.#put(this.#drafts, start, plan);
    this.#done = start;
    // The same loop may come again, as when it is in a loop itself.
    if (isSettled) return;
    for (const draft of this.#drafts) {
      for (const run of repetitions(draft, start + 1, plan, pattern)) {
        if (countFor(draft, run.start, plan) > 1) this.#put([draft], run.start, plan);
      }
    }
  }

  /** Returns whether the body had steps whose numbers of inputs or outputs differ between recordings. */
  #put(drafts: readonly Draft[], start: number, plan: Plan): boolean {
    const all = drafts.map(draft => {
      const run: Run = { draft, start, period: plan.period };
      const count = countFor(draft, start, plan);
      const entry = entryOf(run, count, plan);
      return { run, count, entry, body: bodyOf(run, count, plan, entry.types) };
    });
    const isSettled = settle(
      all.map(one => one.body),
      this.#known,
    );
    for (const { run, count, entry, body } of all) putLoop(run, count, plan, entry, body.finish(), this.#known);
    for (const draft of drafts) this.#gather(draft, start);
    return isSettled;
  }

  #gather(draft: Draft, from: number): void {
    for (let at = draft.steps.length - 1; at > from; at--) {
      const step = draft.steps[at]!;
      if (isCollection(step) && step.inputs.some(({ node }) => this.#known.has(node as Step))) {
        gather(draft, at, this.#known);
      }
    }
  }

  finish(): Graph[] {
    if (!partingOf(this.#drafts)) settle(this.#drafts, this.#known);
    return this.#drafts.map(draft => draft.finish());
  }
}

function partingOf(drafts: readonly Draft[]): Parting | undefined {
  const [first] = drafts as [Draft];
  let parting: Parting | undefined;
  for (const draft of drafts) {
    const length = Math.min(first.steps.length, draft.steps.length);
    let at = 0;
    while (at < length && labelOf(first.steps[at]!) === labelOf(draft.steps[at]!)) at++;
    if (at === length && first.steps.length === draft.steps.length) continue;
    if (parting && parting.at <= at) continue;
    parting = { at, learner: first.steps.length > draft.steps.length ? first : draft };
  }
  return parting;
}

/** Whether the steps before a position are like those after it. */
function repeats({ steps }: Draft, at: number, period: number): boolean {
  if (at + period > steps.length) return false;
  for (let i = at; i < at + period; i++) if (labelOf(steps[i]!) !== labelOf(steps[i - period]!)) return false;
  return true;
}

/** Where the steps of a plan run at least twice. The draft may change meanwhile, at the last of these and after it. */
function* repetitions(draft: Draft, from: number, { period, slots }: Plan, pattern: readonly string[]): Iterable<Run> {
  for (let start = from; start + 2 * period <= draft.steps.length; start++) {
    const isLike = pattern.every((label, i) => labelOf(draft.steps[start + i]!) === label);
    if (!isLike || !repeats(draft, start + period, period)) continue;
    const run = { draft, start, period };
    const count = countIterations(run, slots);
    if (count < 2) continue;
    yield run;
    // Unless it was replaced, the next one begins after it.
    if (draft.steps[start] && labelOf(draft.steps[start]!) === pattern[0]) start += count * period - 1;
  }
}
