/**
 * A data file of a checkpoint that has more files than may be open at once. It is opened when it is read, and only if
 * it is still the file that was there when the checkpoint was opened.
 */
import type { FileStat } from '../binding.js';
import { TensorBundleError } from '../errors.js';
import { type DescriptorPool, Reopenable } from './descriptor-pool.js';
import type { Directory } from './directory.js';
import type { ReadableFile } from './file.js';
import type { RangeResults } from './range-batch.js';

/** What tells two files of the same name apart. The time is needed too, since an inode number may be used again. */
type Known = Pick<FileStat, 'identity' | 'size' | 'mode' | 'modified'>;

export class PooledFile implements ReadableFile {
  readonly path: string;
  readonly size: number;
  readonly identity: string;
  readonly mode: number;
  readonly modified: bigint;
  readonly #file: Reopenable<ReadableFile>;

  /** `opened` is the file if it is open already. */
  constructor(
    pool: DescriptorPool,
    directory: Directory,
    readonly name: string,
    known: Known,
    opened: ReadableFile | null,
  ) {
    this.path = directory.pathOf(name);
    this.size = known.size;
    this.identity = known.identity;
    this.mode = known.mode;
    this.modified = known.modified;
    this.#file = new Reopenable(
      pool,
      async () => this.#check(await directory.stat(name)),
      () => this.#open(directory),
      opened,
    );
  }

  readAll(maxBytes: number): Promise<Uint8Array> {
    return this.#file.use(file => file.readAll(maxBytes));
  }

  read(offset: number, into: ArrayBufferView): Promise<number> {
    return this.#file.use(file => file.read(offset, into));
  }

  checksum(offset: number, length: number): Promise<number> {
    return this.#file.use(file => file.checksum(offset, length));
  }

  readRanges(offsets: readonly number[], into: readonly ArrayBufferView[]): Promise<RangeResults> {
    return this.#file.use(file => file.readRanges(offsets, into));
  }

  readPacked(offsets: Float64Array, lengths: Float64Array, into: Uint8Array): Promise<Uint32Array> {
    return this.#file.use(file => file.readPacked(offsets, lengths, into));
  }

  checksumRanges(offsets: readonly number[], lengths: readonly number[]): Promise<RangeResults> {
    return this.#file.use(file => file.checksumRanges(offsets, lengths));
  }

  map(offset: number, length: number): Promise<ArrayBuffer | null> {
    return this.#file.use(file => file.map(offset, length));
  }

  close(): Promise<void> {
    return this.#file.release();
  }

  async #open(directory: Directory): Promise<ReadableFile> {
    const file = await directory.open(this.name);
    try {
      this.#check(file);
      return file!;
    } catch (error) {
      await file?.close();
      throw error;
    }
  }

  #check(found: Omit<Known, 'mode'> | null): void {
    const { path, identity, size, modified } = this;
    if (found?.identity === identity && found.size === size && found.modified === modified) return;
    throw new TensorBundleError(
      'ERR_MISSING_SHARD',
      `${path} was ${found === null ? 'removed' : 'replaced'} after the checkpoint was opened. It has more data ` +
        `files than are kept open at once, and this one was not open; open the checkpoint again`,
      { path, expected: identity, found: found?.identity },
    );
  }
}
