/** The public writer: collects tensors without I/O, then saves them all at once. */
import '../disposal.js';
import type { Committed } from '../commit/latest-name.js';
import { type PathLike, savePathOf } from '../commit/paths.js';
import { TensorBundleError } from '../errors.js';
import { decodeSliceKey, extentsOf, isFullSlice, type TensorSlice } from '../format/slices.js';
import { LONG_NAME_LENGTH, MAX_LONG_NAMES } from '../format/table-format.js';
import { isWellFormed } from '../format/utf8-order.js';
import { type OptionList, refuseUnknown } from '../options.js';
import { abortWith } from './lazy-sources.js';
import { save, saveTarget } from './save-bundle.js';
import { elementCount, shapeOf } from './shapes.js';
import { SliceSet } from './slice-set.js';
import { type Item, type ItemSlice, itemOf, type TensorSource } from './source.js';
import {
  type CheckedOptions,
  checkOptions,
  type SaveResult,
  WRITER_OPTIONS,
  type WriterOptions,
} from './writer-options.js';

const ADD_OPTIONS: OptionList<{ shard?: number }> = { shard: true };

/**
 * Writes one checkpoint: `PREFIX.index` and `PREFIX.data-SSSSS-of-NNNNN`, byte for byte as TensorFlow's SaveV2 for the
 * same tensors in the same order. What is there under the same name is replaced atomically by `finish()`.
 *
 * @example
 * await using writer = new CheckpointWriter('out/model');
 * writer.add('kernel', { dtype: 'float32', shape: [2, 2], data: new Float32Array([1, 2, 3, 4]) });
 * await writer.finish();
 */
export class CheckpointWriter implements AsyncDisposable {
  readonly #options: CheckedOptions;
  readonly #abort = new AbortController();
  readonly #items: Item[] = [];
  readonly #plain = new Set<string>();
  readonly #sliced = new Map<string, { first: Item; slices: SliceSet }>();
  #longNames = 0;
  #call: number | undefined;
  #onCommitted: ((committed: Committed) => void) | undefined;
  #finishing: Promise<SaveResult> | null = null;

  /** As it was given; of a URL, its path. */
  readonly prefix: string;

  /**
   * No I/O. Missing directories are created by `finish()`. A prefix that ends in '/' is the one of the files `.index`
   * and `.data-…` in that directory. Throws ERR_INVALID_ARGUMENT for an option; ERR_NOT_SUPPORTED for a URL that is
   * not `file:`, and for the name of a file in another format (`.h5`, `.keras`, `.safetensors`, …).
   */
  constructor(prefix: PathLike, options: WriterOptions = {}) {
    const checked = checkOptions(options, 'CheckpointWriter', WRITER_OPTIONS);
    this.prefix = savePathOf(prefix);
    this.#options = checked;
  }

  /**
   * Adds a tensor. Synchronous, no I/O; the data is referenced until `finish()` settles, which copies it piece by
   * piece when its turn comes. If its buffer is transferred (to a worker, by structuredClone), detached or resized
   * before, `finish()` rejects with ERR_SHAPE; what is written into it before may be saved or not. The order of the
   * data files is the order of add. `shard` puts the tensor into that data file (numbers without a tensor are closed
   * up). A shape has at most 254 dimensions, and the product of its sizes, taken in order, stays below 2^53 at every
   * step: TensorFlow's RestoreV2 refuses other shapes ("Invalid tensor shape"). Throws ERR_DUPLICATE_NAME,
   * ERR_BAD_NAME, ERR_SHAPE, ERR_DTYPE, ERR_STATE.
   */
  add(name: string, tensor: TensorSource, options: { shard?: number } = {}): this {
    refuseUnknown(options, 'add', ADD_OPTIONS);
    this.#checkOpen();
    checkName(name);
    this.#countName(name);
    if (this.#plain.has(name) || this.#sliced.has(name)) throw duplicate(name);
    const item = itemOf(name, tensor, options.shard);
    this.#plain.add(name);
    this.#items.push(item);
    return this;
  }

  /**
   * Adds one part of a partitioned tensor: the box that starts at `begin` and has the source's shape, of a tensor of
   * `fullShape`. A part that covers everything is stored as a plain tensor. Gaps may be written (parts to be merged
   * later); reading such a tensor whole is ERR_SLICE_GAP. Throws as `add`, and ERR_SLICE_OVERLAP.
   */
  addSlice(
    name: string,
    fullShape: readonly number[],
    begin: readonly number[],
    tensor: TensorSource,
    options: { shard?: number } = {},
  ): this {
    refuseUnknown(options, 'addSlice', ADD_OPTIONS);
    this.#checkOpen();
    checkName(name);
    this.#countName(name);
    const item = itemOf(name, tensor, options.shard);
    const full = shapeOf(name, fullShape);
    const extent: TensorSlice = { begin: shapeOf(name, begin), size: [...item.shape] };
    elementCount(name, full);
    checkExtent(name, full, extent);
    if (isFullSlice(extent, full)) return this.add(name, tensor, options);
    if (this.#plain.has(name)) throw duplicate(name);
    const others = this.#sliced.get(name) ?? { first: item, slices: new SliceSet() };
    item.slice = { fullShape: full, box: extent, extents: extentsOf(extent, full) };
    checkAgainst(item, item.slice, others.first, others.slices);
    others.slices.add(extent);
    this.#sliced.set(name, others);
    this.#items.push(item);
    return this;
  }

  /**
   * Writes and commits everything; once. Rejects with ERR_ABORTED, ERR_EXISTS, ERR_LOCKED, ERR_NO_SPACE,
   * ERR_PERMISSION, ERR_IO, ERR_INVALID_ARGUMENT (a prefix that names no file), ERR_SHAPE or ERR_DTYPE (from a lazy
   * source), what a source throws, ERR_STATE on a second call: nothing is committed and no file is left.
   * ERR_DURABILITY_UNCERTAIN: committed, but the last sync failed.
   *
   * Of saves to one prefix that nobody waited for, the last that this process has called stays: one that ends after a
   * later one counts as replaced by it. Where that one has no syncs and this one has, that one is synced then;
   * ERR_DURABILITY_UNCERTAIN if it cannot be.
   */
  finish(): Promise<SaveResult> {
    try {
      this.#checkOpen();
      const target = saveTarget(this.prefix, this.#call);
      const letGo = abortWith(this.#abort, this.#options.signal);
      const options = { ...this.#options, signal: this.#abort.signal };
      this.#finishing = save(target, this.#items, options, this.#onCommitted).finally(letGo);
      return this.#finishing;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * `finish()` then counts as a call that was made before (`nextCall`). `onCommitted` gets the directory when it has
   * succeeded, and closes it.
   *
   * @internal
   */
  calledAt(call: number, onCommitted?: (committed: Committed) => void): this {
    this.#call = call;
    this.#onCommitted = onCommitted;
    return this;
  }

  /**
   * Stops a `finish()` in progress and waits for it; leaves no file. Idempotent; after the commit it has no effect.
   */
  async abort(): Promise<void> {
    this.#abort.abort(new TensorBundleError('ERR_ABORTED', 'abort() was called'));
    await this.#finishing?.catch(() => undefined);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.abort();
  }

  /** Few names may be very long: many would not be read again (FORMAT.md, limits). */
  #countName(name: string): void {
    if (name.length <= LONG_NAME_LENGTH / 3 || Buffer.byteLength(name) <= LONG_NAME_LENGTH) return;
    if (++this.#longNames <= MAX_LONG_NAMES) return;
    throw new TensorBundleError(
      'ERR_BAD_NAME',
      `more than ${MAX_LONG_NAMES} names have over ${LONG_NAME_LENGTH} bytes, one of them '${name.slice(0, 100)}…'; use shorter ones`,
      { expected: MAX_LONG_NAMES },
    );
  }

  #checkOpen(): void {
    if (this.#finishing === null && !this.#abort.signal.aborted) return;
    const what = this.#finishing === null ? 'aborted' : 'finished';
    throw new TensorBundleError('ERR_STATE', `this writer was ${what}; make a new one for another save`, {
      path: this.prefix,
    });
  }
}

/** A name in the form of a slice's key would be taken for one, and its tensor never be found again. */
function checkName(name: string): void {
  if (typeof name === 'string' && name !== '' && isWellFormed(name) && !isSliceKey(name)) return;
  throw new TensorBundleError(
    'ERR_BAD_NAME',
    "a tensor's name is a non-empty string without lone surrogates, and not in the form of a slice's key",
    { tensor: String(name) },
  );
}

function isSliceKey(name: string): boolean {
  if (!name.startsWith('\0')) return false;
  try {
    decodeSliceKey(Buffer.from(name));
    return true;
  } catch {
    return false;
  }
}

function checkExtent(name: string, fullShape: readonly number[], { begin, size }: TensorSlice): void {
  const fits =
    begin.length === fullShape.length &&
    size.length === fullShape.length &&
    begin.every((start, axis) => Number.isSafeInteger(start) && start >= 0 && start + size[axis]! <= fullShape[axis]!);
  if (fits) return;
  throw new TensorBundleError(
    'ERR_SHAPE',
    `slice of '${name}' at [${begin}] with shape [${size}] is not inside [${fullShape}]`,
    {
      tensor: name,
      expected: [...fullShape],
      found: { begin, size },
    },
  );
}

/** `first` may be the item itself; `slices` do not hold it yet. */
function checkAgainst(item: Item, { fullShape, box }: ItemSlice, first: Item, slices: SliceSet): void {
  const { name } = item;
  if (first.dtype.number !== item.dtype.number) {
    throw new TensorBundleError('ERR_DTYPE', `the slices of '${name}' have different dtypes`, {
      tensor: name,
      expected: first.dtype.name,
      found: item.dtype.name,
    });
  }
  if (String(first.slice!.fullShape) !== String(fullShape)) {
    throw new TensorBundleError('ERR_SHAPE', `the slices of '${name}' name different full shapes`, {
      tensor: name,
      expected: first.slice!.fullShape,
      found: [...fullShape],
    });
  }
  const overlapped = slices.overlapped(box);
  if (overlapped === undefined) return;
  throw new TensorBundleError(
    'ERR_SLICE_OVERLAP',
    `slice of '${name}' at [${box.begin}] overlaps the one at [${overlapped.begin}]`,
    {
      tensor: name,
      expected: overlapped,
      found: box,
    },
  );
}

function duplicate(name: string): TensorBundleError {
  return new TensorBundleError('ERR_DUPLICATE_NAME', `tensor '${name}' was added already`, { tensor: name });
}
