/** The public writer: collects tensors without I/O, then saves them all at once. */
import '../disposal.js';
import { type PathLike, savePathOf } from '../commit/paths.js';
import { TensorBundleError } from '../errors.js';
import { extentsOf, isFullSlice, type TensorSlice } from '../format/slices.js';
import { type OptionList, refuseUnknown } from '../options.js';
import type { Item } from './item.js';
import { ItemList } from './item-list.js';
import { abortWith } from './lazy-sources.js';
import { save, saveTarget } from './save-bundle.js';
import { elementCount, shapeOf } from './shapes.js';
import { itemOf, type TensorSource } from './source.js';
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
 * same tensors in the same order. `finish()` atomically replaces an existing checkpoint with the same name.
 *
 * @example
 * await using writer = new CheckpointWriter('out/model');
 * writer.add('kernel', { dtype: 'float32', shape: [2, 2], data: new Float32Array([1, 2, 3, 4]) });
 * await writer.finish();
 */
export class CheckpointWriter implements AsyncDisposable {
  readonly #options: CheckedOptions;
  readonly #abort = new AbortController();
  #list = new ItemList();
  #finishing: Promise<SaveResult> | null = null;

  /** As it was given; for a URL, its path. */
  readonly prefix: string;

  /**
   * Does no I/O. `finish()` creates missing directories. A prefix that ends in '/' stands for the files `.index` and
   * `.data-…` in that directory. Throws ERR_INVALID_ARGUMENT for an option; ERR_NOT_SUPPORTED for a URL that is not
   * `file:`, and for the name of a file in another format (`.h5`, `.keras`, `.safetensors`, …).
   */
  constructor(prefix: PathLike, options: WriterOptions = {}) {
    const checked = checkOptions(options, 'CheckpointWriter', WRITER_OPTIONS);
    this.prefix = savePathOf(prefix);
    this.#options = checked;
  }

  /**
   * Adds a tensor. Synchronous, no I/O. The order of the calls is the order in the data files.
   *
   * The data is referenced until `finish()` settles; `finish()` copies it piece by piece. What is written into the
   * array before that may be saved or not. If its buffer is transferred (to a worker, by structuredClone), detached or
   * resized before that, `finish()` rejects with ERR_SHAPE.
   *
   * `shard` puts the tensor into that data file (numbers that no tensor has are closed up); default: chosen by the
   * option `shards` of the writer. A shape has at most 254 dimensions, and the product of its sizes, taken in order,
   * stays below 2^53 at every step: TensorFlow's RestoreV2 refuses other shapes ("Invalid tensor shape"). Throws
   * ERR_DUPLICATE_NAME, ERR_BAD_NAME, ERR_SHAPE, ERR_DTYPE, ERR_STATE.
   */
  add(name: string, tensor: TensorSource, options?: { shard?: number }): this {
    if (options !== undefined) refuseUnknown(options, 'add', ADD_OPTIONS);
    this.#checkOpen();
    this.#list.add(itemOf(name, tensor, options?.shard));
    return this;
  }

  /**
   * Adds one part of a partitioned tensor of shape `fullShape`: the box that starts at `begin` and has the source's
   * shape. A part that covers everything is stored as a plain tensor. Gaps may be written (for parts to be merged
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
    const item = itemOf(name, tensor, options.shard);
    const full = shapeOf(name, fullShape);
    const extent: TensorSlice = { begin: shapeOf(name, begin), size: [...item.shape] };
    elementCount(name, full);
    checkExtent(name, full, extent);
    if (!isFullSlice(extent, full)) item.slice = { fullShape: full, box: extent, extents: extentsOf(extent, full) };
    this.#list.add(item);
    return this;
  }

  /**
   * Writes and commits everything. May be called once.
   *
   * Rejects with ERR_ABORTED, ERR_EXISTS, ERR_LOCKED, ERR_NO_SPACE, ERR_PERMISSION, ERR_IO, ERR_INVALID_ARGUMENT (a
   * prefix that does not name a file), ERR_SHAPE or ERR_DTYPE (from a lazy source), whatever a source throws, and
   * ERR_STATE for a second call. In all of these cases nothing is committed and no file is left.
   * ERR_DURABILITY_UNCERTAIN means: it is committed, but the last sync failed.
   *
   * If several saves of this process to one prefix run at once, the one that was called last stays. An earlier one that
   * ends later counts as replaced. If the later one is not durable and the earlier one is, the later one is synced as
   * well; ERR_DURABILITY_UNCERTAIN if that fails.
   */
  finish(): Promise<SaveResult> {
    try {
      this.#checkOpen();
      const target = saveTarget(this.prefix);
      const letGo = abortWith(this.#abort, this.#options.signal);
      const options = { ...this.#options, signal: this.#abort.signal };
      this.#finishing = save(target, this.#taken(), options).finally(letGo);
      return this.#finishing;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Stops a `finish()` in progress and waits for it; no file is left. May be called several times. After the commit it
   * has no effect.
   */
  async abort(): Promise<void> {
    this.#abort.abort(new TensorBundleError('ERR_ABORTED', 'abort() was called'));
    this.#taken();
    await this.#finishing?.catch(() => undefined);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.abort();
  }

  /** What was added. Nothing is kept of it: a program may keep the writer. */
  #taken(): readonly Item[] {
    const { items } = this.#list;
    this.#list = new ItemList();
    return items;
  }

  #checkOpen(): void {
    if (this.#finishing === null && !this.#abort.signal.aborted) return;
    const what = this.#finishing === null ? 'aborted' : 'finished';
    throw new TensorBundleError('ERR_STATE', `this writer was ${what}; make a new one for another save`, {
      path: this.prefix,
    });
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
