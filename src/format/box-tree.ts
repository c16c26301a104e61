/**
 * A tree of bounding boxes. It finds the boxes that share elements with a given box, without looking at each of them.
 * All boxes have the same rank. The tree is split where the boxes are furthest apart, so that slices in a regular
 * pattern are told apart in a few steps.
 */
import { axisApart, type TensorSlice } from './tensor-slice.js';
import { type Steps, sorted } from './turns.js';

const LEAF = 8;
/** Boxes that are looked at between two stops. */
const STEP_BOXES = 4096;

/** Boxes `start` to `end` of the order. The halves of an inner node are the next node and the node `right`. */
interface Node {
  start: number;
  end: number;
  /** 0 for a leaf. */
  right: number;
}

export class BoxTree {
  /** How many axes of nodes and boxes were looked at so far. */
  looks = 0;
  readonly #nodes: Node[] = [];
  /** For each node and each axis of `#axes`: the first index, and the index after the last. */
  #bounds: number[] = [];
  /** Axes on which the boxes differ. */
  readonly #axes: number[];
  #order: number[];

  private constructor(private readonly boxes: readonly TensorSlice[]) {
    const first = boxes[0];
    this.#axes = (first?.begin ?? [])
      .map((_, axis) => axis)
      .filter(axis =>
        boxes.some(box => box.begin[axis] !== first!.begin[axis] || box.size[axis] !== first!.size[axis]),
      );
    this.#order = [];
  }

  /** Boxes without elements are never found. The boxes must not change afterwards. */
  static *build(boxes: readonly TensorSlice[]): Steps<BoxTree> {
    const tree = new BoxTree(boxes);
    for (const [i, box] of boxes.entries()) {
      if (!box.size.includes(0)) tree.#order.push(i);
      if (i % STEP_BOXES === 0) yield;
    }
    if (tree.#order.length > 0) yield* tree.#split(0, tree.#order.length, -1);
    return tree;
  }

  /** Indexes of the boxes that share elements with `box`. */
  *find(box: TensorSlice): Generator<number, void, void> {
    if (this.#nodes.length === 0 || box.size.includes(0)) return;
    const waiting = [0];
    while (waiting.length > 0) {
      const number = waiting.pop()!;
      if (!this.#near(number, box)) continue;
      const { start, end, right } = this.#nodes[number]!;
      if (right > 0) {
        waiting.push(right, number + 1);
        continue;
      }
      for (let at = start; at < end; at++) {
        const i = this.#order[at]!;
        if (this.#meets(this.boxes[i]!, box)) yield i;
      }
    }
  }

  #near(number: number, box: TensorSlice): boolean {
    const axes = this.#axes;
    let at = 2 * axes.length * number;
    // Counted apart, because a tree of equal boxes has no axes.
    this.looks++;
    for (const axis of axes) {
      this.looks++;
      const begin = box.begin[axis]!;
      if (this.#bounds[at]! >= begin + box.size[axis]! || this.#bounds[at + 1]! <= begin) return false;
      at += 2;
    }
    return true;
  }

  #meets(a: TensorSlice, b: TensorSlice): boolean {
    const axis = axisApart(a, b);
    this.looks += axis + 1;
    return axis === a.begin.length;
  }

  /**
   * Makes the node for a part of the order, and all nodes below it. The part is already sorted by the axis `sortedBy`.
   */
  *#split(start: number, end: number, sortedBy: number): Steps<void> {
    const number = this.#nodes.push({ start, end, right: 0 }) - 1;
    const axis = yield* this.#measure(start, end);
    // Boxes that are all the same cannot be told apart: a search finds either all of them or none.
    if (end - start <= LEAF || axis < 0) return;
    if (axis !== sortedBy) {
      const centre = (i: number): number => 2 * this.boxes[i]!.begin[axis]! + this.boxes[i]!.size[axis]!;
      const part = yield* sorted(this.#order.slice(start, end), (a, b) => centre(a) - centre(b));
      for (const [i, box] of part.entries()) this.#order[start + i] = box;
    }
    const middle = (start + end) >>> 1;
    yield* this.#split(start, middle, axis);
    this.#nodes[number]!.right = this.#nodes.length;
    yield* this.#split(middle, end, axis);
  }

  /**
   * Stores the bounds of a new node. Gives the axis on which its boxes are furthest apart in proportion to their size;
   * -1 if they are the same on every axis.
   */
  *#measure(start: number, end: number): Steps<number> {
    let best = -1;
    let most = 0;
    for (const axis of this.#axes) {
      let [low, high, first, last, total] = [Infinity, -Infinity, Infinity, -Infinity, 0];
      for (let at = start; at < end; at++) {
        const { begin, size } = this.boxes[this.#order[at]!]!;
        const [from, length] = [begin[axis]!, size[axis]!];
        low = Math.min(low, from);
        high = Math.max(high, from + length);
        first = Math.min(first, 2 * from + length);
        last = Math.max(last, 2 * from + length);
        total += length;
        if (at % STEP_BOXES === 0) yield;
      }
      this.#bounds.push(low, high);
      const spread = (last - first) / (total / (end - start));
      if (spread > most) [best, most] = [axis, spread];
    }
    return best;
  }
}
