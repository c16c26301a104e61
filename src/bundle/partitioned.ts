/** Ranges, and tensors that are stored as slices (tensorflow/core/util/tensor_bundle/tensor_bundle.cc, GetSliceValue). */
import { TensorBundleError } from '../errors.js';
import { boxRuns } from '../format/boxes.js';
import type { NumericArray, TensorData } from '../format/dtypes.js';
import type { StoredEntry } from '../format/entry.js';
import { covers, intersect, overlaps, sliceOf, type TensorSlice } from '../format/slices.js';
import type { IndexFile } from './index-file.js';
import type { StoredTensor, TensorReader } from './tensor-reader.js';

export interface SlicePart {
  /** Where the slice lies in the whole tensor. */
  box: TensorSlice;
  stored: StoredTensor;
}

/** The stored slices of a partitioned tensor, in stored order. Throws ERR_CORRUPT. */
export function sliceParts(index: IndexFile, name: string, full: StoredEntry): SlicePart[] {
  return full.slices.map(extents => {
    const box = sliceOf(extents, full.shape);
    if (!box.begin.every((start, axis) => start + box.size[axis]! <= full.shape[axis]!)) {
      throw new TensorBundleError(
        'ERR_CORRUPT',
        `${index.path}: a slice of '${name}' lies outside of [${full.shape}]`,
        {
          path: index.path,
          tensor: name,
          expected: full.shape,
          found: box,
        },
      );
    }
    return { box, stored: index.slice(name, full, extents, box.size) };
  });
}

/** The box that `begin` and `size` name in `shape`. Throws ERR_SHAPE. */
export function rangeOf(
  name: string,
  shape: readonly number[],
  begin: readonly number[] = shape.map(() => 0),
  size: readonly number[] = shape.map(() => -1),
): TensorSlice {
  const box = {
    begin: [...begin],
    size: size.map((n, axis) => (n === -1 ? shape[axis]! - begin[axis]! : n)),
  };
  const fits =
    begin.length === shape.length &&
    size.length === shape.length &&
    shape.every((full, axis) => {
      const [start, length] = [box.begin[axis]!, box.size[axis]!];
      return (
        Number.isSafeInteger(start) &&
        Number.isSafeInteger(length) &&
        start >= 0 &&
        length >= 0 &&
        start + length <= full
      );
    });
  if (fits) return box;
  throw new TensorBundleError(
    'ERR_SHAPE',
    `begin [${begin}], size [${size}] is no range of '${name}' with shape [${shape}]`,
    {
      tensor: name,
      expected: [...shape],
      found: { begin: [...begin], size: [...size] },
    },
  );
}

/**
 * A box of a partitioned tensor, put together from every slice that holds a part of it.
 * Throws ERR_SLICE_OVERLAP if stored slices overlap, ERR_SLICE_GAP if they leave a part of the box out, ERR_NOT_SUPPORTED
 * for a variant that would have to be joined. Strings are joined too: SaveV2 stores slices of them, though RestoreV2 can
 * only give back a slice exactly as it was stored.
 */
export async function assemble(
  tensors: TensorReader,
  index: IndexFile,
  name: string,
  full: StoredEntry,
  box: TensorSlice,
  copy: boolean,
): Promise<TensorData> {
  const dtype = index.dtypeOf(name, full);
  const parts = sliceParts(index, name, full);
  const exact = parts.find(
    part => String(part.box.begin) === String(box.begin) && String(part.box.size) === String(box.size),
  );
  if (overlaps(parts.map(part => part.box)) !== null) {
    throw new TensorBundleError('ERR_SLICE_OVERLAP', `${index.path}: stored slices of '${name}' overlap`, {
      path: index.path,
      tensor: name,
    });
  }
  if (exact) return readWhole(tensors, exact.stored, copy);
  const wanted = parts.flatMap(part => {
    const shared = intersect(part.box, box);
    return shared === null ? [] : [{ ...part, shared }];
  });
  if (
    !covers(
      wanted.map(part => part.shared),
      box.size,
    )
  ) {
    throw new TensorBundleError(
      'ERR_SLICE_GAP',
      `${index.path}: the stored slices of '${name}' leave out a part of [${box.begin}] + [${box.size}]; is a part still to be merged?`,
      {
        path: index.path,
        tensor: name,
        expected: box,
        found: parts.map(part => part.box),
      },
    );
  }
  // Each part's numbers agree with its file before anything of the whole size is made.
  for (const part of wanted) tensors.locate(part.stored);
  if (dtype.bytes === 0) return assembleElements(tensors, name, wanted, box);
  const target: NumericArray = tensors.allocate(name, dtype, box.size);
  for (const { box: place, stored, shared } of wanted) {
    const inSlice = { begin: shared.begin.map((start, axis) => start - place.begin[axis]!), size: shared.size };
    const inTarget = shared.begin.map((start, axis) => start - box.begin[axis]!);
    await tensors.copyBox(stored, inSlice, target, box.size, inTarget);
  }
  return target;
}

function readWhole(tensors: TensorReader, stored: StoredTensor, copy: boolean): Promise<TensorData> {
  if (stored.dtype.name === 'string') return tensors.strings(stored);
  return stored.dtype.name === 'variant' ? tensors.variant(stored) : tensors.numeric(stored, copy);
}

/** Strings have no place of their own in a shared array: each slice's elements are put where they belong, one by one. */
async function assembleElements(
  tensors: TensorReader,
  name: string,
  wanted: readonly (SlicePart & { shared: TensorSlice })[],
  box: TensorSlice,
): Promise<TensorData> {
  const elements: Uint8Array[] = [];
  for (const { box: place, stored, shared } of wanted) {
    if (stored.dtype.name === 'variant') {
      throw new TensorBundleError(
        'ERR_NOT_SUPPORTED',
        `'${name}' is a partitioned variant; only a stored slice of it can be read, by exactly its range`,
        { tensor: name },
      );
    }
    const part = await tensors.strings(stored);
    const inSlice = shared.begin.map((start, axis) => start - place.begin[axis]!);
    const inTarget = shared.begin.map((start, axis) => start - box.begin[axis]!);
    for (const run of boxRuns(place.size, inSlice, box.size, inTarget, shared.size))
      for (let i = 0; i < run.length; i++) elements[run.target + i] = part[run.source + i]!;
  }
  return elements;
}
