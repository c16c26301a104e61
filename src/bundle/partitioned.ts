/**
 * Reads ranges, and tensors that are stored as slices (tensorflow/core/util/tensor_bundle/tensor_bundle.cc,
 * GetSliceValue).
 */
import { TensorBundleError, throwIfAborted } from '../errors.js';
import { boxRuns } from '../format/box-runs.js';
import type { TensorData } from '../format/dtypes.js';
import type { TensorSlice } from '../format/slices.js';
import { inTurns } from '../format/turns.js';
import { arrayOf } from '../storage/arrays.js';
import type { SharedPart, SliceIndex } from './slice-index.js';
import type { StoredTensor } from './stored-tensor.js';
import { inFileOrder } from './tensor-ranges.js';
import type { TensorReader } from './tensor-reader.js';

/** The box that `begin` and `size` mean in `shape`. Throws ERR_SHAPE. */
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
    `begin [${begin}], size [${size}] is not a range of '${name}' with shape [${shape}]`,
    {
      tensor: name,
      expected: [...shape],
      found: { begin: [...begin], size: [...size] },
    },
  );
}

/**
 * A box of a partitioned tensor, put together from every slice that holds a part of it. Throws ERR_SLICE_GAP if the
 * slices leave out a part of the box, ERR_NOT_SUPPORTED for a variant that would have to be joined. Strings are joined
 * too: SaveV2 stores slices of them, although RestoreV2 can only give back a slice exactly as it was stored.
 */
export async function assemble(
  tensors: TensorReader,
  slices: SliceIndex,
  box: TensorSlice,
  options: { copy: boolean; signal: AbortSignal | undefined },
): Promise<TensorData> {
  const { name, full } = slices;
  const { dtype } = full;
  const exact = slices.exactly(box);
  if (exact >= 0) return readWhole(tensors, slices.part(exact).stored, options.copy);
  const wanted = await inTurns(slices.within(box), options.signal, 'reading');
  // The numbers of all parts are compared with their files before an array for the whole box is made.
  for (const part of wanted) tensors.files.locate(part.stored);
  if (dtype.bytes === 0) return assembleElements(tensors, name, wanted, box);
  const target = arrayOf(name, dtype, box.size);
  const stored = wanted.map(part => part.stored).sort(inFileOrder);
  await tensors.checkIfAsked(stored, options.signal);
  for (const { box: place, stored, shared } of wanted) {
    throwIfAborted(options.signal, 'reading');
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

/** Strings have no fixed place in a shared array, so the elements of each slice are placed one by one. */
async function assembleElements(
  tensors: TensorReader,
  name: string,
  wanted: readonly SharedPart[],
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
