/** Cuts an array into boxes of bounded size whose elements follow each other in C order. */

interface Box {
  readonly begin: readonly number[];
  readonly size: readonly number[];
  /** Elements. */
  readonly count: number;
}

/**
 * The boxes, in order: each has at most `most` elements, but at least one. Where whole rows fit, a box has as many of
 * them as is a multiple of `rows` (those of a chunk), so that no chunk is read twice without need.
 */
export function* boxesOf(shape: readonly number[], most: number, rows = 1): Generator<Box> {
  if (shape.includes(0)) return;
  // The dimensions from `inner` on fit into a box together.
  let inner = shape.length;
  let elements = 1;
  while (inner > 0 && elements * shape[inner - 1]! <= most) elements *= shape[--inner]!;
  if (inner === 0) {
    yield { begin: shape.map(() => 0), size: shape, count: elements };
    return;
  }
  const axis = inner - 1;
  const fitting = Math.max(1, Math.floor(most / elements));
  const step = axis === 0 && fitting > rows ? fitting - (fitting % rows) : fitting;
  const begin = shape.map(() => 0);
  for (;;) {
    const length = Math.min(step, shape[axis]! - begin[axis]!);
    const size = shape.map((whole, i) => (i < axis ? 1 : i === axis ? length : whole));
    yield { begin: [...begin], size, count: elements * length };
    begin[axis]! += length;
    for (let i = axis; begin[i] === shape[i]; i--) {
      if (i === 0) return;
      begin[i] = 0;
      begin[i - 1]!++;
    }
  }
}
