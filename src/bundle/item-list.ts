/** Collects the items of one save. Each name is used once, except by slices that belong together. */
import { TensorBundleError } from '../errors.js';
import { LONG_NAME_LENGTH, MAX_LONG_NAMES } from '../format/table-format.js';
import type { Item, ItemSlice } from './item.js';
import { SliceSet } from './slice-set.js';

interface SlicedTensor {
  readonly first: ItemSlice;
  readonly dtype: Item['dtype'];
  readonly slices: SliceSet;
}

export class ItemList {
  readonly #items: Item[] = [];
  readonly #plain = new Set<string>();
  readonly #sliced = new Map<string, SlicedTensor>();
  #longNames = 0;

  /** In the order in which they were added. */
  get items(): readonly Item[] {
    return this.#items;
  }

  /**
   * Throws ERR_DUPLICATE_NAME for a name that is already there, unless both are slices; ERR_DTYPE, ERR_SHAPE or
   * ERR_SLICE_OVERLAP for a slice that does not fit those before; ERR_BAD_NAME for too many very long names. The item
   * is not added then.
   */
  add(item: Item): void {
    const { name, slice } = item;
    this.#countName(name);
    if (slice !== undefined) {
      if (this.#plain.has(name)) throw duplicate(name);
      this.#addSlice(item, slice);
    } else {
      const before = this.#plain.size;
      if (this.#sliced.size > 0 && this.#sliced.has(name)) throw duplicate(name);
      // One look-up both finds a duplicate and adds the name.
      if (this.#plain.add(name).size === before) throw duplicate(name);
    }
    this.#items.push(item);
  }

  #addSlice({ name, dtype }: Item, slice: ItemSlice): void {
    const tensor = this.#sliced.get(name) ?? { first: slice, dtype, slices: new SliceSet() };
    checkAgainst(name, dtype, slice, tensor);
    tensor.slices.add(slice.box);
    this.#sliced.set(name, tensor);
  }

  /** Only a few names may be very long: a checkpoint with many of them could not be read again (FORMAT.md, limits). */
  #countName(name: string): void {
    if (name.length <= LONG_NAME_LENGTH / 3 || Buffer.byteLength(name) <= LONG_NAME_LENGTH) return;
    if (++this.#longNames <= MAX_LONG_NAMES) return;
    throw new TensorBundleError(
      'ERR_BAD_NAME',
      `more than ${MAX_LONG_NAMES} names have over ${LONG_NAME_LENGTH} bytes, one of them ` +
        `'${name.slice(0, 100)}…'; use shorter ones`,
      { expected: MAX_LONG_NAMES },
    );
  }
}

function checkAgainst(
  name: string,
  dtype: Item['dtype'],
  { fullShape, box }: ItemSlice,
  { first, dtype: firstType, slices }: SlicedTensor,
): void {
  if (firstType.number !== dtype.number) {
    throw new TensorBundleError('ERR_DTYPE', `the slices of '${name}' have different dtypes`, {
      tensor: name,
      expected: firstType.name,
      found: dtype.name,
    });
  }
  if (String(first.fullShape) !== String(fullShape)) {
    throw new TensorBundleError('ERR_SHAPE', `the slices of '${name}' are of tensors with different shapes`, {
      tensor: name,
      expected: [...first.fullShape],
      found: [...fullShape],
    });
  }
  const overlapped = slices.overlapped(box);
  if (overlapped === undefined) return;
  throw new TensorBundleError(
    'ERR_SLICE_OVERLAP',
    `slice of '${name}' at [${box.begin}] overlaps the one at [${overlapped.begin}]`,
    { tensor: name, expected: overlapped, found: box },
  );
}

function duplicate(name: string): TensorBundleError {
  return new TensorBundleError(
    'ERR_DUPLICATE_NAME',
    `there is a tensor '${name}' already; each name may be used once`,
    {
      tensor: name,
    },
  );
}
