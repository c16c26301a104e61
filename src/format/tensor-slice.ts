/** A slice of a tensor as a box of indexes, and what two of them have in common. */

/** A box: first index and number of elements of each dimension. */
export interface TensorSlice {
  begin: number[];
  size: number[];
}

/** What both boxes hold, or null if nothing. */
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

/** Whether both boxes hold an element. */
export function meets(a: TensorSlice, b: TensorSlice): boolean {
  return axisApart(a, b) === a.begin.length;
}

/** The first axis on which they have nothing in common; their rank if there is none. */
export function axisApart(a: TensorSlice, b: TensorSlice): number {
  let axis = 0;
  for (; axis < a.begin.length; axis++) {
    const from = Math.max(a.begin[axis]!, b.begin[axis]!);
    if (Math.min(a.begin[axis]! + a.size[axis]!, b.begin[axis]! + b.size[axis]!) <= from) break;
  }
  return axis;
}
