/**
 * The slices of one partitioned tensor while they are added one by one: which of them a new one overlaps, without
 * comparing it with all. The tensor is divided into cells about as large as a slice; a slice is known in every cell it
 * touches, so only the slices of its own cells can overlap it.
 */
import { intersect, type TensorSlice } from '../format/slices.js';

/** A slice that touches more cells than this is compared with every other one: rare, and never wrong. */
const MAX_CELLS = 64;
const FIRST_DIVISION = 16;

export class SliceSet {
  readonly #slices: TensorSlice[] = [];
  #cells = new Map<string, TensorSlice[]>();
  /** Slices that touch too many cells to be listed there. */
  #wide: TensorSlice[] = [];
  /** Size of a cell in each dimension; none is 0. */
  #cellSize: number[] = [];
  #divideAt = FIRST_DIVISION;

  /** A slice added before that holds an element of this one. */
  overlapped(slice: TensorSlice): TensorSlice | undefined {
    const overlaps = (other: TensorSlice): boolean => intersect(other, slice) !== null;
    const keys = this.#keys(slice);
    if (keys === null) return this.#slices.find(overlaps);
    for (const key of keys) {
      const found = this.#cells.get(key)?.find(overlaps);
      if (found !== undefined) return found;
    }
    return this.#wide.find(overlaps);
  }

  add(slice: TensorSlice): void {
    // One without elements overlaps nothing, and would only distort the size of the cells.
    if (slice.size.includes(0)) return;
    this.#slices.push(slice);
    if (this.#slices.length < this.#divideAt) this.#file(slice);
    else this.#divide();
  }

  /** Cells of the mean size; again whenever there are twice as many slices, so that its cost stays linear. */
  #divide(): void {
    const count = this.#slices.length;
    this.#divideAt = 2 * count;
    this.#cellSize = this.#slices[0]!.size.map((_, axis) => {
      const total = this.#slices.reduce((sum, slice) => sum + slice.size[axis]!, 0);
      return Math.max(1, Math.ceil(total / count));
    });
    this.#cells = new Map();
    this.#wide = [];
    for (const slice of this.#slices) this.#file(slice);
  }

  #file(slice: TensorSlice): void {
    const keys = this.#keys(slice);
    if (keys === null) this.#wide.push(slice);
    for (const key of keys ?? []) {
      const cell = this.#cells.get(key);
      if (cell === undefined) this.#cells.set(key, [slice]);
      else cell.push(slice);
    }
  }

  /** Names of the cells the slice touches; null if they are too many. Before the first division there is one cell. */
  #keys(slice: TensorSlice): string[] | null {
    let keys = [''];
    for (const [axis, cellSize] of this.#cellSize.entries()) {
      const first = Math.floor(slice.begin[axis]! / cellSize);
      const last = Math.floor((slice.begin[axis]! + slice.size[axis]! - 1) / cellSize);
      if (keys.length * (last - first + 1) > MAX_CELLS) return null;
      const places = Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
      keys = keys.flatMap(key => places.map(place => `${key},${place}`));
    }
    return keys;
  }
}
