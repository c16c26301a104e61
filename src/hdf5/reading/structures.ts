/** The structures of one open HDF5 file, by their addresses. Nothing outside of the file is ever read. */
import { TensorBundleError, throwIfAborted } from '../../errors.js';
import type { FileRange } from '../file-range.js';
import { BlockCache } from './block-cache.js';
import { Fields, type Widths } from './fields.js';
import { readSuperblock, type Superblock } from './superblock.js';

export class Structures {
  readonly widths: Widths;
  readonly root: number;
  readonly #base: number;
  #isClosed = false;

  private constructor(
    readonly range: FileRange,
    private readonly blocks: BlockCache,
    { widths, base, root }: Superblock,
    private readonly signal: AbortSignal | undefined,
  ) {
    this.widths = widths;
    this.root = root;
    this.#base = base;
  }

  /** Throws as `readSuperblock`; `signal` ends all reads. */
  static async open(range: FileRange, signal: AbortSignal | undefined): Promise<Structures> {
    const blocks = new BlockCache(range);
    return new Structures(range, blocks, await readSuperblock(range, blocks), signal);
  }

  /** Throws ERR_ABORTED or ERR_CLOSED. */
  requireOpen(): void {
    const { path } = this.range;
    throwIfAborted(this.signal, `reading ${path}`);
    if (this.#isClosed) throw new TensorBundleError('ERR_CLOSED', `${path} is closed; open it again`, { path });
  }

  close(): void {
    this.#isClosed = true;
  }

  /** The bytes that addresses can name. */
  get size(): number {
    return this.range.size - this.#base;
  }

  /** `length` bytes at an address. Throws ERR_CORRUPT if they are not in the file. */
  async fields(address: number | null, length: number, what: string): Promise<Fields> {
    const offset = this.place(address, length, what);
    this.requireOpen();
    const bytes = await this.blocks.bytes(offset - this.range.start, length);
    return new Fields(bytes, { path: this.range.path, offset }, this.widths);
  }

  /** The same, but fewer bytes at the end of the file. */
  async fieldsUpTo(address: number | null, length: number, what: string): Promise<Fields> {
    return await this.fields(address, Math.max(1, Math.min(length, this.size - (address ?? 0))), what);
  }

  /** Where `length` bytes at an address are in the file of the range. Throws ERR_CORRUPT if they are not in it. */
  place(address: number | null, length: number, what: string, tensor?: string): number {
    const { path, start } = this.range;
    if (address !== null && length <= this.size && address <= this.size - length) return start + this.#base + address;
    const where = address === null ? 'nowhere' : `at ${address} to ${address + length}`;
    throw new TensorBundleError(
      'ERR_CORRUPT',
      `${path}: ${what} should lie ${where}, but the file has ${this.size} bytes; the file is damaged, restore it ` +
        `from another copy`,
      { path, tensor, offset: address ?? undefined, expected: this.size, found: (address ?? 0) + length },
    );
  }
}
