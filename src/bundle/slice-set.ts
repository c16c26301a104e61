/**
 * The slices of one partitioned tensor while they are added one by one. It finds the slice that a new one overlaps
 * without comparing it with all. The slices are in trees, each at least twice as large as the next, so that a slice
 * moves to a larger tree only a logarithmic number of times.
 */
import { BoxTree } from '../format/box-tree.js';
import { meets, type TensorSlice } from '../format/tensor-slice.js';
import { atOnce } from '../format/turns.js';

/** This many are compared one by one before they get a tree. */
const MAX_RECENT = 32;

export class SliceSet {
  #recent: TensorSlice[] = [];
  readonly #trees: { tree: BoxTree; slices: TensorSlice[] }[] = [];

  /** An earlier slice that shares an element with this one. */
  overlapped(slice: TensorSlice): TensorSlice | undefined {
    const recent = this.#recent.find(other => meets(other, slice));
    if (recent !== undefined) return recent;
    for (const { tree, slices } of this.#trees) {
      for (const i of tree.find(slice)) return slices[i];
    }
    return undefined;
  }

  add(slice: TensorSlice): void {
    // A slice without elements overlaps nothing.
    if (slice.size.includes(0)) return;
    this.#recent.push(slice);
    if (this.#recent.length < MAX_RECENT) return;
    let slices = this.#recent;
    this.#recent = [];
    while (this.#trees.length > 0 && this.#trees.at(-1)!.slices.length <= slices.length)
      slices = [...this.#trees.pop()!.slices, ...slices];
    this.#trees.push({ tree: atOnce(BoxTree.build(slices)), slices });
  }
}
