/**
 * The slices of one partitioned tensor, checked against each other once and then found by the range that is wanted: a read
 * looks at the slices that hold a part of it, and decodes the entries of these only.
 */
import { TensorBundleError } from '../errors.js';
import { BoxTree } from '../format/box-tree.js';
import type { StoredEntry } from '../format/entry.js';
import { covers, overlaps, sliceOf, type TensorSlice } from '../format/slices.js';
import type { Steps } from '../format/turns.js';
import type { IndexFile } from './index-file.js';
import type { StoredTensor } from './tensor-reader.js';

export interface SlicePart {
  /** Where the slice lies in the whole tensor. */
  box: TensorSlice;
  stored: StoredTensor;
}

const STEP_SLICES = 1024;

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
      throw new TensorBundleError('ERR_SLICE_OVERLAP', `${index.path}: stored slices of '${name}' overlap`, {
        path: index.path,
        tensor: name,
      });
    }
    return new SliceIndex(index, name, full, boxes, tree);
  }

  /** Whether the slices hold all of the tensor. */
  get complete(): boolean {
    return covers(this.boxes, this.full.shape);
  }

  /** The slice at a position in the stored list. Throws ERR_CORRUPT if its entry is missing or contradicts the full one. */
  part(i: number): SlicePart {
    const box = this.boxes[i]!;
    const extents = this.full.slices[i]!;
    // Slices without elements do not overlap, and a list may name one any number of times.
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
    // One without elements is in no tree.
    if (box.size.includes(0)) return this.boxes.findIndex((_, i) => same(i));
    return this.holding(box).find(same) ?? -1;
  }
}

/** The slices of a tensor in stored order, unchecked against each other, at once. Throws ERR_CORRUPT. */
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
