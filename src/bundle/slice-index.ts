/**
 * The slices of one partitioned tensor. They are checked against each other once, and then found by range: a read looks
 * only at the slices that hold a part of its range, and decodes only their entries.
 */
import { TensorBundleError } from '../errors.js';
import { BoxTree } from '../format/box-tree.js';
import type { StoredEntry } from '../format/entry.js';
import { covers, intersect, overlaps, sliceOf, type TensorSlice } from '../format/slices.js';
import type { Steps } from '../format/turns.js';
import type { IndexFile } from './index-file.js';
import type { StoredTensor } from './stored-tensor.js';

export interface SlicePart {
  /** Where the slice lies in the whole tensor. */
  box: TensorSlice;
  stored: StoredTensor;
}

/** A slice, and the part of a wanted box that it holds. */
export interface SharedPart extends SlicePart {
  shared: TensorSlice;
}

const STEP_SLICES = 1024;
/** The most slices that an error lists. */
const MAX_NAMED = 100;

export class SliceIndex {
  readonly #parts = new Map<string, StoredTensor>();

  private constructor(
    private readonly index: IndexFile,
    readonly name: string,
    readonly full: StoredEntry,
    readonly boxes: readonly TensorSlice[],
    private readonly tree: BoxTree,
  ) {}

  /** Throws ERR_SLICE_OVERLAP, ERR_TOO_LARGE. */
  static *build(index: IndexFile, name: string, full: StoredEntry): Steps<SliceIndex> {
    const boxes: TensorSlice[] = [];
    for (const extents of full.slices) {
      if (boxes.length % STEP_SLICES === 0) yield;
      boxes.push(sliceOf(extents, full.shape));
    }
    const tree = yield* BoxTree.build(boxes);
    if ((yield* overlaps(boxes, tree)) !== null) {
      throw new TensorBundleError(
        'ERR_SLICE_OVERLAP',
        `${index.path}: stored slices of '${name}' overlap; the index is damaged`,
        {
          path: index.path,
          tensor: name,
        },
      );
    }
    return new SliceIndex(index, name, full, boxes, tree);
  }

  /**
   * Throws ERR_SLICE_GAP unless the slices hold the whole tensor. A tensor may be stored in part, but then it cannot be
   * read whole.
   */
  requireWhole(): void {
    const { shape } = this.full;
    this.#requireCover({ begin: shape.map(() => 0), size: shape }, this.boxes, this.boxes);
  }

  /** Throws ERR_SLICE_GAP unless `shared` covers the box. `shared` is what the slices `found` hold of it. */
  #requireCover(box: TensorSlice, shared: readonly TensorSlice[], found: readonly TensorSlice[]): void {
    if (covers(shared, box.size)) return;
    const { path } = this.index;
    throw new TensorBundleError(
      'ERR_SLICE_GAP',
      `${path}: the stored slices of '${this.name}' leave out a part of [${box.begin}] + [${box.size}]; ` +
        'is a part still to be merged?',
      { path, tensor: this.name, expected: box, found: found.slice(0, MAX_NAMED) },
    );
  }

  /**
   * The slice at a position in the stored list. Throws ERR_CORRUPT if its entry is missing or contradicts the full one.
   */
  part(i: number): SlicePart {
    const box = this.boxes[i]!;
    const extents = this.full.slices[i]!;
    // Found by its extents, because slices without elements do not overlap, and a list may name one any number of
    // times.
    const key = extents.map(({ start, length }) => `${start}+${length}`).join();
    let stored = this.#parts.get(key);
    if (stored === undefined) {
      stored = this.index.slice(this.name, this.full, extents, box.size);
      this.#parts.set(key, stored);
    }
    return { box, stored };
  }

  /** All slices, in stored order. */
  *parts(): Steps<SlicePart[]> {
    const parts: SlicePart[] = [];
    for (let i = 0; i < this.boxes.length; i++) {
      parts.push(this.part(i));
      if (i % STEP_SLICES === 0) yield;
    }
    return parts;
  }

  /**
   * The slices that hold a part of the box, in stored order. Throws ERR_CORRUPT, and ERR_SLICE_GAP if they leave out a
   * part of the box.
   */
  *within(box: TensorSlice): Steps<SharedPart[]> {
    const parts: SharedPart[] = [];
    for (const i of this.holding(box)) {
      const part = this.part(i);
      parts.push({ ...part, shared: intersect(part.box, box)! });
      if (parts.length % STEP_SLICES === 0) yield;
    }
    this.#requireCover(
      box,
      parts.map(part => part.shared),
      parts.map(part => part.box),
    );
    return parts;
  }

  /** Positions of the slices that hold a part of the box, in stored order. */
  holding(box: TensorSlice): number[] {
    return [...this.tree.find(box)].sort((a, b) => a - b);
  }

  /** Position of the slice that is exactly the box; -1 if there is none. */
  exactly(box: TensorSlice): number {
    const same = (i: number): boolean => {
      const { begin, size } = this.boxes[i]!;
      return begin.every((start, axis) => start === box.begin[axis]! && size[axis] === box.size[axis]);
    };
    // Slices without elements are not in the tree.
    if (box.size.includes(0)) return this.boxes.findIndex((_, i) => same(i));
    return this.holding(box).find(same) ?? -1;
  }
}

/** All slices of a tensor in stored order. They are not checked against each other. Throws ERR_CORRUPT. */
export function sliceParts(index: IndexFile, name: string, full: StoredEntry): SlicePart[] {
  const known = new Map<string, SlicePart>();
  return full.slices.map(extents => {
    const key = extents.map(({ start, length }) => `${start}+${length}`).join();
    let part = known.get(key);
    if (part === undefined) {
      const box = sliceOf(extents, full.shape);
      part = { box, stored: index.slice(name, full, extents, box.size) };
      known.set(key, part);
    }
    return part;
  });
}
