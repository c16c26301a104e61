/** A file, a part at a time, wherever one begins. Holds no descriptor: who stops reading owes nothing. */
import { basename, dirname, resolve } from 'node:path';
import { TensorBundleError } from '../../errors.js';
import { crc32c } from '../../format/crc.js';
import { withDirectory } from '../../storage/directory.js';
import type { ReadableFile } from '../../storage/file.js';

const WINDOW_BYTES = 1024 * 1024;

export class FileWindow {
  #offset = 0;
  #bytes = new Uint8Array(0);
  /** Bytes of the file; known when it has been looked at. */
  #size = Infinity;

  constructor(readonly path: string) {}

  /** Bytes of the file. Throws as `at`. */
  async size(): Promise<number> {
    if (this.#size === Infinity) await this.at(0, 1);
    return this.#size;
  }

  /** What there is of so many bytes: fewer at the end of the file. Not to be kept. Throws ERR_NOT_FOUND, ERR_IO. */
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
   * So many bytes, which the file has: the caller's own, and their CRC32C. What is long is read and checked beside the
   * event loop. Throws as `at`, and ERR_TOO_LARGE where there is no memory for it.
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
      // Nothing is allocated that the file does not hold.
      const bytes = new Uint8Array(Math.max(0, Math.min(Math.max(length, WINDOW_BYTES), file.size - offset)));
      if (bytes.length > 0) await file.read(offset, bytes);
      this.#size = file.size;
      this.#offset = offset;
      this.#bytes = bytes;
    });
  }

  async #open<T>(use: (file: ReadableFile) => Promise<T>): Promise<T> {
    const absolute = resolve(this.path);
    // The root has no name in another directory.
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
      // `file/x`: nothing is below a file.
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
      const message = `there is no memory for the ${length} bytes at byte ${offset} of ${this.path}`;
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
