/**
 * Sizes that are unlike those at which formulas were found. A function may do something else there: for more than 16
 * rows, for rows that a limit cuts off, or where two dimensions are equal.
 */
import type { Run } from './trial.js';

/** One dimension has this size, the others are as in the first run. */
const ALONE = [2, 3, 33, 130];
/** Of known layers. */
const ALONE_IN_LAYERS = [33];
/** All dimensions have this size. */
const TOGETHER = 6;
/** Values of all tensors of a run, and its operations where loops have more of them. */
const MOST_VALUES = 2_000_000;
const MOST_OPERATIONS = 5_000;

interface FarSizes {
  readonly sizes: readonly number[];
  /** Undefined: all dimensions are equal. */
  readonly group: number | undefined;
}

/**
 * None at which a run is expected to cost too much. `known`: those of the dimensions that layers of TensorFlow.js have,
 * or undefined if the function may be anything. Known layers compute the same for every batch.
 */
export function* farSizes(runs: readonly Run[], known?: readonly { isBatch: boolean }[]): Iterable<FarSizes> {
  const seen = new Set(runs.map(({ sizes }) => sizes.join()));
  const [{ sizes: first, graph }] = runs as [Run];
  const values = valuesIn(runs[0] as Run);
  const isUnrolled = runs.some(run => run.graph.nodes.length !== graph.nodes.length);
  for (const group of first.keys()) {
    if (known?.[group]?.isBatch) continue;
    for (const size of known ? ALONE_IN_LAYERS : ALONE) {
      const growth = Math.max(1, size / (first[group] as number));
      if (values * growth > MOST_VALUES) continue;
      if (isUnrolled && graph.nodes.length * growth > MOST_OPERATIONS) continue;
      const sizes = first.map((old, other) => (other === group ? size : old));
      if (!seen.has(sizes.join())) yield { sizes, group };
    }
  }
  if (first.length > 1 && !known) yield { sizes: first.map(() => TOGETHER), group: undefined };
}

function valuesIn({ graph }: Run): number {
  const counts = graph.nodes.flatMap(({ outputs }) =>
    outputs.map(({ shape }) => shape.reduce<number>((product, size) => product * (size as number), 1)),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}
