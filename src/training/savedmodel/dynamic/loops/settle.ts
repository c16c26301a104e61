/** Steps whose numbers of inputs or outputs differ between recordings, replaced by such whose numbers do not. */
import type { Operation, Value } from '../../graphs/graph.js';
import { INT32 } from '../../graphs/type-numbers.js';
import type { Draft } from './draft.js';
import { int32s, of, operation, type Step, type } from './nodes.js';
import { gather, isCollection, partAt } from './parts.js';
import { partsOf, splitAxis } from './slots.js';

/** The drafts have the same sequence of operations. Returns whether there was such a step. */
export function settle(drafts: readonly Draft[], known: ReadonlySet<Step>): boolean {
  let found = false;
  const length = Math.min(...drafts.map(draft => draft.steps.length));
  // Steps that come later use the outputs of those before, so they go first.
  for (let at = length - 1; at >= 0; at--) {
    const steps = drafts.map(draft => draft.steps[at]!);
    const isMoving = (count: (step: Step) => number): boolean => new Set(steps.map(count)).size > 1;
    if (steps.every(isCollection) && isMoving(step => step.inputs.length)) {
      for (const draft of drafts) gather(draft, at, known);
      found = true;
    } else if (steps.every(step => partsOf(of(step))) && isMoving(step => step.outputs.length)) {
      takeApart(drafts, at);
      found = true;
    }
  }
  return found;
}

/** Only the parts that are used. */
function takeApart(drafts: readonly Draft[], at: number): void {
  const used = drafts.map(draft => usedOutputs(draft, at));
  const steps = drafts.map(draft => draft.steps[at] as Operation);
  if (new Set(used.map(one => one.length)).size > 1) return;
  const fromEnd = used[0]!.map((_, i) => {
    const indexes = used.map(one => one[i]!);
    return new Set(indexes.map((index, k) => index - steps[k]!.outputs.length)).size === 1;
  });
  for (const [k, draft] of drafts.entries()) {
    const step = steps[k]!;
    const parts = used[k]!.map((index, i) =>
      step.op === 'Unpack' ? partAt(step, index, fromEnd[i]!) : cutAt(step, index),
    );
    const instead = new Map(used[k]!.map((index, i) => [index, of(parts[i]!)]));
    draft.replace(at, 1, parts, ({ node, index }) => (node === step ? instead.get(index) : undefined));
  }
}

function usedOutputs({ steps, outputs, assignments }: Draft, at: number): number[] {
  const step = steps[at]!;
  const values: readonly Value[] = [
    ...steps.slice(at + 1).flatMap(later => later.inputs),
    ...outputs,
    ...assignments.map(one => one.value),
  ];
  return [...new Set(values.filter(value => value.node === step).map(value => value.index))].sort((a, b) => a - b);
}

/** The part `index` of a tensor that SplitV takes apart. */
function cutAt(split: Operation, index: number): Operation {
  const result = split.outputs[index]!;
  const axis = splitAxis(split);
  const begin = int32s(result.shape.map((size, i) => (i === axis ? index * size! : 0)));
  const size = int32s(result.shape.map((one, i) => (i === axis ? one! : -1)));
  const attributes = { T: type(result.dtype), Index: type(INT32) };
  return operation('Slice', attributes, [split.inputs[0]!, of(begin), of(size)], [result], split.place);
}
