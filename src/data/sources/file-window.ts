/**
 * Reads a file part by part, from any offset. It holds no file descriptor, so a caller that stops reading need not
 * close it.
 */
import { basename, dirname, resolve } from 'node:path';
import { TensorBundleError } from '../../errors.js';
import { crc32c } from '../../format/crc.js';
import { withDirectory } from '../../storage/directory.js';
import type { ReadableFile } from '../../storage/file.js';

const WINDOW_BYTES = 1024 * 1024;

export class FileWindow {
  #offset = 0;
  #bytes = new Uint8Array(0);
  /** Size of the file in bytes; Infinity until it is known. */
  #size = Infinity;

  constructor(readonly path: string) {}

  /** Size of the file in bytes. Throws what `at` throws. */
  async size(): Promise<number> {
    if (this.#size === Infinity) await this.at(0, 1);
    return this.#size;
  }

  /**
   * `length` bytes, or fewer at the end of the file. It is a view of the window: copy it to keep it. Throws
   * ERR_NOT_FOUND, ERR_IO.
   */
  async at(offset: number, length: number): Promise<Uint8Array> {
    const wanted = Math.max(0, Math.min(length, this.#size - offset));
    const begin = offset - this.#offset;
    if (this.#size === Infinity || begin < 0 || begin + wanted > this.#bytes.length) {
      await this.#read(offset, length);
      return await this.at(offset, length);
    }
    return this.#bytes.subarray(begin, begin + wanted);
  }

  /**
   * `length` bytes, which the file must have, in memory that the caller owns, and their CRC32C. Long parts are read and
   * checked in another thread. Throws what `at` throws, and ERR_TOO_LARGE if there is not enough memory.
   */
  async copy(offset: number, length: number): Promise<{ bytes: Uint8Array; crc: number }> {
    if (length <= WINDOW_BYTES) {
      const bytes = (await this.at(offset, length)).slice();
      return { bytes, crc: crc32c(bytes) };
    }
    const bytes = this.#room(offset, length);
    return { bytes, crc: await this.#open(file => file.read(offset, bytes)) };
  }

  async #read(offset: number, length: number): Promise<void> {
    await this.#open(async file => {
      // Allocates no more than the file holds.
      const bytes = new Uint8Array(Math.max(0, Math.min(Math.max(length, WINDOW_BYTES), file.size - offset)));
      if (bytes.length > 0) await file.read(offset, bytes);
      this.#size = file.size;
      this.#offset = offset;
      this.#bytes = bytes;
    });
  }

  async #open<T>(use: (file: ReadableFile) => Promise<T>): Promise<T> {
    const absolute = resolve(this.path);
    // The root is not an entry of another directory, so it cannot be opened by name.
    if (absolute === '/') throw noFile(this.path, null);
    const found = await withDirectory(dirname(absolute), async directory => {
      const file = await directory.open(basename(absolute)).catch(error => {
        if (isNotACheckpoint(error)) throw noFile(this.path, error);
        throw error;
      });
      if (file === null) return null;
      try {
        return { used: await use(file) };
      } finally {
        await file.close();
      }
    }).catch(error => {
      // For a path like `file/x`: nothing is below a file.
      if (isNotACheckpoint(error)) return null;
      throw error;
    });
    if (found !== null) return found.used;
    throw new TensorBundleError('ERR_NOT_FOUND', `there is no file ${this.path}`, { path: this.path });
  }

  #room(offset: number, length: number): Uint8Array {
    try {
      return new Uint8Array(length);
    } catch (cause) {
      const message = `there is not enough memory for ${length} bytes at byte ${offset} of ${this.path}`;
      throw new TensorBundleError('ERR_TOO_LARGE', message, { path: this.path, offset, found: length, cause });
    }
  }
}

function isNotACheckpoint(error: unknown): boolean {
  return error instanceof TensorBundleError && error.code === 'ERR_NOT_A_CHECKPOINT';
}

function noFile(path: string, cause: unknown): TensorBundleError {
  return new TensorBundleError('ERR_IO', `${path} is not a regular file; give the file itself`, {
    path,
    expected: 'file',
    ...(cause !== null && { cause }),
  });
}
