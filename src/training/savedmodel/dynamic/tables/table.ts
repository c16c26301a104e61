/** A constant's shape and numbers in one run. */
export interface Table {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/** How far apart in a row-major table two neighbours along each axis are. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides: number[] = [];
  let stride = 1;
  for (const size of [...shape].reverse()) {
    strides.unshift(stride);
    stride *= size;
  }
  return strides;
}

/** Calls with the position in the table and the index of every element, in order. The index is reused. */
export function eachIndex(
  shape: readonly number[],
  visit: (position: number, index: readonly number[]) => boolean,
): boolean {
  const index = shape.map(() => 0);
  const count = shape.reduce((product, size) => product * size, 1);
  for (let position = 0; position < count; position++) {
    if (!visit(position, index)) return false;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = (index[axis] as number) + 1;
      if ((index[axis] as number) < (shape[axis] as number)) break;
      index[axis] = 0;
    }
  }
  return true;
}
