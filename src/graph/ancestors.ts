/** What is true of an object because it is true of something below it. */

/** Marks every ancestor of a marked node, in place; cycles are fine. `parents` are by node number. */
export function markAncestors(marked: boolean[], parents: readonly (readonly number[])[]): boolean[] {
  const queue = marked.flatMap((yes, number) => (yes ? [number] : []));
  for (let number = queue.pop(); number !== undefined; number = queue.pop()) {
    for (const parent of parents[number]!) {
      if (marked[parent]) continue;
      marked[parent] = true;
      queue.push(parent);
    }
  }
  return marked;
}
