/**
 * Finds the runs of elements that are contiguous in two row-major arrays, so that a box can be copied from one to the
 * other. Pure geometry: all numbers are elements, not bytes.
 */

/** `length` elements, at `source` in the first array and at `target` in the second. */
interface BoxRun {
  source: number;
  target: number;
  length: number;
}

/**
 * The runs of a box of `size` that begins at `sourceBegin` in the first array and at `targetBegin` in the second, in
 * row-major order. Each is as long as both arrays allow: trailing dimensions that the box fills in both become one run.
 */
export function* boxRuns(
  sourceShape: readonly number[],
  sourceBegin: readonly number[],
  targetShape: readonly number[],
  targetBegin: readonly number[],
  size: readonly number[],
): Generator<BoxRun> {
  if (size.some(n => n === 0)) return;
  // The dimensions from `inner` on are contiguous in both arrays.
  let inner = size.length;
  let length = 1;
  while (inner > 0) {
    inner--;
    length *= size[inner]!;
    if (size[inner] !== sourceShape[inner] || size[inner] !== targetShape[inner]) break;
  }
  const sourceStrides = strides(sourceShape);
  const targetStrides = strides(targetShape);
  let source = position(sourceStrides, sourceBegin);
  let target = position(targetStrides, targetBegin);
  const index = new Array<number>(inner).fill(0);
  for (;;) {
    yield { source, target, length };
    let axis = inner - 1;
    for (; axis >= 0; axis--) {
      source += sourceStrides[axis]!;
      target += targetStrides[axis]!;
      if (++index[axis]! < size[axis]!) break;
      source -= size[axis]! * sourceStrides[axis]!;
      target -= size[axis]! * targetStrides[axis]!;
      index[axis] = 0;
    }
    if (axis < 0) return;
  }
}

function strides(shape: readonly number[]): number[] {
  const result = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) result[axis] = result[axis + 1]! * shape[axis + 1]!;
  return result;
}

function position(strides: readonly number[], begin: readonly number[]): number {
  return begin.reduce((sum, start, axis) => sum + start * strides[axis]!, 0);
}
