/** A slice of a tensor as a box of indexes, and what two such boxes have in common. */

/** A box: the first index and the number of elements in each dimension. */
export interface TensorSlice {
  begin: number[];
  size: number[];
}

/** The box that is in both; null if they have no element in common. */
export function intersect(a: TensorSlice, b: TensorSlice): TensorSlice | null {
  const begin: number[] = [];
  const size: number[] = [];
  for (let axis = 0; axis < a.begin.length; axis++) {
    const from = Math.max(a.begin[axis]!, b.begin[axis]!);
    const to = Math.min(a.begin[axis]! + a.size[axis]!, b.begin[axis]! + b.size[axis]!);
    if (to <= from) return null;
    begin.push(from);
    size.push(to - from);
  }
  return { begin, size };
}

/** Whether the boxes have an element in common. */
export function meets(a: TensorSlice, b: TensorSlice): boolean {
  return axisApart(a, b) === a.begin.length;
}

/** The first axis on which the boxes are apart; their rank if there is none. */
export function axisApart(a: TensorSlice, b: TensorSlice): number {
  let axis = 0;
  for (; axis < a.begin.length; axis++) {
    const from = Math.max(a.begin[axis]!, b.begin[axis]!);
    if (Math.min(a.begin[axis]! + a.size[axis]!, b.begin[axis]! + b.size[axis]!) <= from) break;
  }
  return axis;
}
