/**
 * Bytes of a file in blocks, of which a bounded number is kept. The structures of an HDF5 file are small and lie close
 * together, so that thousands of them take few trips to the addon.
 */
import { TensorBundleError } from '../../errors.js';
import type { FileRange } from '../file-range.js';

/** A file of so few bytes is read whole. */
const SMALL_FILE_BYTES = 512 * 1024;
const BLOCK_BYTES = 16 * 1024;
/** In all blocks that are kept. */
const KEPT_BYTES = 4 * 1024 * 1024;

export class BlockCache {
  /** By number; the least recently used first. */
  readonly #blocks = new Map<number, Uint8Array | Promise<Uint8Array>>();
  readonly #blockBytes: number;

  constructor(private readonly range: FileRange) {
    this.#blockBytes = range.size <= SMALL_FILE_BYTES ? SMALL_FILE_BYTES : BLOCK_BYTES;
  }

  /** `length` bytes at a place of the range, where they must be. A view that must not be changed. */
  async bytes(at: number, length: number): Promise<Uint8Array> {
    const first = Math.floor(at / this.#blockBytes);
    const start = first * this.#blockBytes;
    if (at + length <= start + this.#blockBytes) {
      const block = await this.#block(first);
      return block.subarray(at - start, at - start + length);
    }
    // What needs more than two blocks is large: it would only drive out the others.
    if (length > this.#blockBytes) return await this.#read(at, length);
    const joined = new Uint8Array(length);
    const head = (await this.#block(first)).subarray(at - start);
    joined.set(head);
    joined.set((await this.#block(first + 1)).subarray(0, length - head.length), head.length);
    return joined;
  }

  async #block(number: number): Promise<Uint8Array> {
    const kept = this.#blocks.get(number);
    if (kept !== undefined) {
      this.#blocks.delete(number);
      this.#blocks.set(number, kept);
      return await kept;
    }
    if ((this.#blocks.size + 1) * this.#blockBytes > KEPT_BYTES) {
      const [oldest] = this.#blocks.keys();
      this.#blocks.delete(oldest!);
    }
    const start = number * this.#blockBytes;
    const reading = this.#read(start, Math.min(this.#blockBytes, this.range.size - start));
    this.#blocks.set(number, reading);
    try {
      const bytes = await reading;
      if (this.#blocks.get(number) === reading) this.#blocks.set(number, bytes);
      return bytes;
    } catch (error) {
      if (this.#blocks.get(number) === reading) this.#blocks.delete(number);
      throw error;
    }
  }

  async #read(at: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    try {
      await this.range.file.read(this.range.start + at, bytes);
    } catch (error) {
      if (!(error instanceof TensorBundleError) || this.range.start === 0) throw error;
      // The file is an archive then; the error should say which part of it was read.
      const { code, message, offset, cause } = error;
      throw new TensorBundleError(code, `${this.range.path}: ${message}`, { path: this.range.path, offset, cause });
    }
    return bytes;
  }
}
