/** The public reader: opens one generation of a checkpoint and reads from it as long as it is open. */
import '../disposal.js';
import type { PathLike } from '../commit/paths.js';
import { invalidArgument, requireMade, TensorBundleError } from '../errors.js';
import type { TensorValue } from '../format/dtypes.js';
import { refuseUnknown } from '../options.js';
import { ReadMemory, readingWith } from '../storage/read-memory.js';
import { checkBundle } from './check-bundle.js';
import type { Located } from './locate.js';
import { type Entry, NamedTensors } from './named-tensors.js';
import { openAtOnce } from './open-at-once.js';
import { type OpenBundle, openBundle } from './open-bundle.js';
import {
  OPEN_OPTIONS,
  type OpenOptions,
  PIECES_OPTIONS,
  READ_ALL_OPTIONS,
  READ_OPTIONS,
  type ReadAllOptions,
  type ReadOptions,
} from './read-options.js';
import { VERIFY_OPTIONS, type VerifyOptions, type VerifyReport, verifyBundle } from './verify.js';

export type { Entry, SliceEntry } from './named-tensors.js';

/** Where none are given, nothing has to be checked. */
const NO_OPTIONS: OpenOptions = {};

/**
 * Reads one checkpoint. An overwrite that happens meanwhile does not change what an open reader sees.
 *
 * @example
 * await using reader = await CheckpointReader.open('out/model');
 * const { shape, data } = await reader.read('kernel');
 */
export class CheckpointReader implements AsyncDisposable {
  readonly #bundle: OpenBundle;
  readonly #verify: boolean;
  #reading: NamedTensors | null = null;
  /** The number of reads and checks under way, and a function that is called when there are none left. */
  #pending = 0;
  #onIdle: (() => void) | null = null;
  #closing: Promise<void> | null = null;

  private constructor(bundle: OpenBundle, verify: boolean) {
    requireMade(bundle, 'CheckpointReader', 'await CheckpointReader.open(path)');
    this.#bundle = bundle;
    this.#verify = verify;
  }

  /** Made when it is first needed: opening a checkpoint to list it should not wait for the code that reads. */
  get #tensors(): NamedTensors {
    this.#reading ??= new NamedTensors(this.#bundle, this.#verify);
    return this.#reading;
  }

  /**
   * Opens PREFIX, PREFIX.index, PREFIX.data-* or a directory (its SavedModel, else its latest checkpoint); `dir/` is
   * the prefix `dir/` if there is a file `dir/.index`, else the directory. A path may be a `file:` URL, as text or as a
   * URL object. `verify`: 'open' checks every tensor now, 'read' (default) each when it is read, 'never' none. Rejects
   * with ERR_NOT_FOUND, ERR_NOT_A_CHECKPOINT, ERR_V1_FORMAT, ERR_TRUNCATED, ERR_CHECKSUM, ERR_CORRUPT, ERR_TOO_LARGE,
   * ERR_MISSING_SHARD, ERR_PERMISSION, ERR_IO, ERR_ABORTED; ERR_NOT_SUPPORTED for a URL that is not `file:`.
   */
  static async open(path: PathLike, options: OpenOptions = NO_OPTIONS): Promise<CheckpointReader> {
    if (options !== NO_OPTIONS) refuseUnknown(options, 'CheckpointReader.open', OPEN_OPTIONS);
    const bundle = await openAtOnce(path, options.signal);
    return options === NO_OPTIONS ? new CheckpointReader(bundle, true) : await CheckpointReader.#over(bundle, options);
  }

  /**
   * As `open`, for a checkpoint that was located; closes its directory.
   *
   * @internal
   */
  static async openLocated(located: Located, options: OpenOptions = {}): Promise<CheckpointReader> {
    return await CheckpointReader.#over(await openBundle(located, { signal: options.signal }), options);
  }

  static async #over(bundle: OpenBundle, options: OpenOptions): Promise<CheckpointReader> {
    const reader = new CheckpointReader(bundle, options.verify !== 'never');
    if (options.verify !== 'open') return reader;
    try {
      await checkBundle(bundle, reader.#tensors.reader, options.signal);
      return reader;
    } catch (error) {
      await reader.close();
      throw error;
    }
  }

  /** The prefix that was opened. */
  get prefix(): string {
    return this.#bundle.prefix;
  }

  /** Number of data files, from the header of the index. */
  get numShards(): number {
    return this.#bundle.index.numShards;
  }

  /**
   * The names of all tensors, in the order of their UTF-8 bytes. The object graph is one of them; the header and the
   * keys of slices are not.
   */
  names(): string[] {
    this.#checkOpen();
    return [...this.#bundle.index.names()];
  }

  /** Whether the checkpoint has a tensor of this name. */
  has(name: string): boolean {
    this.#checkOpen();
    return this.#bundle.index.has(name);
  }

  /** Type, shape and place of a tensor. Throws ERR_NOT_FOUND, and ERR_CORRUPT for a damaged entry. */
  entry(name: string): Entry {
    this.#checkOpen();
    return this.#tensors.entry(name);
  }

  /**
   * A tensor, or the box of it that `begin` and `size` name. A range of a string or variant reads it whole.
   * Rejects with ERR_NOT_FOUND, ERR_SHAPE (the range), ERR_CHECKSUM, ERR_TRUNCATED, ERR_CORRUPT, ERR_SLICE_GAP,
   * ERR_SLICE_OVERLAP, ERR_DTYPE, ERR_TOO_LARGE, ERR_CLOSED, ERR_ABORTED, ERR_IO.
   */
  read(name: string, options: ReadOptions = {}): Promise<TensorValue> {
    return this.#track(() => {
      refuseUnknown(options, 'read', READ_OPTIONS);
      return this.#tensors.read(name, options);
    });
  }

  /**
   * The tensors with these names, in the order of the names, each as `read(name)` gives it. A name may occur more than
   * once. The tensors are read in the order of the files, many in one call: prefer this to one `read` per name. Nothing
   * is read if one of the names does not exist. All values are in memory together; if that is too much, ask for them in
   * parts. Rejects with ERR_INVALID_ARGUMENT (`names` is not an array of strings) and as `read` does. If several
   * tensors are damaged, the error is about the one that comes first in the files.
   */
  readAll(names: readonly string[], options: ReadAllOptions = {}): Promise<TensorValue[]> {
    return this.#track(() => {
      refuseUnknown(options, 'readAll', READ_ALL_OPTIONS);
      return readingWith(new ReadMemory(false), memory => this.#tensors.readAll(namesOf(names), options, memory));
    });
  }

  /**
   * As `readAll` with `copy: true`, into memory that TensorFlow.js takes without a copy.
   *
   * @internal
   */
  readForTensors(names: readonly string[], memory: ReadMemory, signal?: AbortSignal): Promise<TensorValue[]> {
    return this.#track(() => this.#tensors.readAll(names, { copy: true, signal }, memory));
  }

  /**
   * Compares the checksums of tensors without keeping their bytes, whatever `verify` says. For a partitioned tensor it
   * checks all slices, and that they leave no gap. What was checked before is not read again. A name may occur more
   * than once. Progress is in bytes, with the phase 'verify'. Rejects with the problem that comes first in the files:
   * ERR_CHECKSUM, ERR_TRUNCATED, ERR_CORRUPT, ERR_SLICE_GAP, ERR_SLICE_OVERLAP, ERR_DTYPE (no type at all),
   * ERR_TOO_LARGE, ERR_MISSING_SHARD, ERR_IO; ERR_NOT_FOUND before anything is read, ERR_CLOSED, ERR_ABORTED,
   * ERR_INVALID_ARGUMENT (`names` is not an array of strings).
   */
  check(names: readonly string[], options: VerifyOptions = {}): Promise<void> {
    return this.#track(() => {
      refuseUnknown(options, 'check', VERIFY_OPTIONS);
      return this.#tensors.check(namesOf(names), options);
    });
  }

  /**
   * The bytes of a tensor in order (little-endian, row-major), for tensors that are too large for an array. The
   * checksum is checked before the first piece. A piece is as many whole elements as fit into `bytes` (default 4 MiB),
   * but at least one. A variant is cut at any byte. For a string tensor each piece is one element, whatever its length.
   * `close` waits for the current piece; asking for another then rejects with ERR_CLOSED. Pieces are copies and do not
   * keep a file open. Rejects with ERR_INVALID_ARGUMENT (`bytes`) and as `read` does.
   */
  async *pieces(name: string, options: { bytes?: number } = {}): AsyncGenerator<Uint8Array> {
    refuseUnknown(options, 'pieces', PIECES_OPTIONS);
    const steps = this.#tensors.pieces(name, options.bytes);
    for (;;) {
      // `close` waits only for this step, never for the consumer between two steps, because the consumer may be the one
      // that closes.
      const step = await this.#track(() => steps.next());
      if (step.done) return;
      yield step.value;
    }
  }

  /**
   * Checks every checksum and every rule of the structure. Damage is in the report; it rejects only for ERR_ABORTED and
   * ERR_CLOSED.
   */
  verify(options: VerifyOptions = {}): Promise<VerifyReport> {
    return this.#track(() => {
      refuseUnknown(options, 'verify', VERIFY_OPTIONS);
      return verifyBundle(this.#bundle, options);
    });
  }

  /** Waits for reads in progress. Views that were given out stay valid. May be called several times. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    if (this.#pending > 0)
      await new Promise<void>(resolve => {
        this.#onIdle = resolve;
      });
    this.#reading?.reader.release();
    await this.#bundle.close();
  }

  /** Runs an action that `close` waits for. */
  async #track<T>(action: () => Promise<T>): Promise<T> {
    this.#checkOpen();
    this.#pending++;
    try {
      return await action();
    } finally {
      if (--this.#pending === 0) this.#onIdle?.();
    }
  }

  #checkOpen(): void {
    if (this.#closing === null) return;
    throw new TensorBundleError('ERR_CLOSED', `this reader of ${this.prefix} is closed; open another`, {
      path: this.prefix,
    });
  }
}

/** A copy of an array of names. Throws ERR_INVALID_ARGUMENT. */
function namesOf(names: readonly string[]): readonly string[] {
  // The copy is checked, because `every` skips the holes of the original.
  const copy = Array.isArray(names) ? [...names] : [null];
  if (copy.every(name => typeof name === 'string')) return copy;
  throw invalidArgument('give the names of tensors as an array of strings', {
    expected: 'an array of strings',
    found: names,
  });
}
