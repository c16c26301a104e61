/**
 * Reads small tensors that are asked for one after another, in the order of the file. From the second on, a read brings
 * the bytes after it along, so that the next ones need no trip to the addon. Each is compared with its own checksum, in
 * the array that is handed out.
 *
 * Bytes that were brought along are handed out at most once, and only forwards: a tensor that is read again comes from
 * the file again.
 */
import { native } from '../binding.js';
import { TensorBundleError } from '../errors.js';
import type { ReadableFile } from '../storage/file.js';

/** The most bytes that are kept. */
const WINDOW_BYTES = 128 * 1024;
/** Larger reads bring nothing along: for them a trip is a small part of the time. */
const SMALL_BYTES = 32 * 1024;
/** How far behind the end of the last read the next one may begin. */
const GAP_BYTES = 4096;

interface Window {
  readonly file: ReadableFile;
  readonly start: number;
  readonly bytes: Uint8Array;
}

export class ReadAhead {
  #window: Window | null = null;
  #last: ReadableFile | null = null;
  /** The end of the last read. */
  #end = 0;
  /** Reads under way. Where several run at once, the storage joins them into one call already. */
  #running = 0;

  /** As `file.read`. */
  read(file: ReadableFile, offset: number, into: ArrayBufferView): number | Promise<number> {
    const follows = file === this.#last && offset >= this.#end && this.#running === 0;
    const isNext = follows && offset - this.#end <= GAP_BYTES && into.byteLength <= SMALL_BYTES;
    this.#last = file;
    this.#end = offset + into.byteLength;
    if (follows && this.#window?.file === file) {
      const crc = take(this.#window, offset, into);
      if (crc !== null) return crc;
    }
    this.#window = null;
    return this.#count(isNext ? this.#readAhead(file, offset, into) : file.read(offset, into));
  }

  /** Lets go of the bytes. */
  release(): void {
    this.#window = null;
    this.#last = null;
  }

  async #count(read: Promise<number>): Promise<number> {
    this.#running++;
    try {
      return await read;
    } finally {
      this.#running--;
    }
  }

  async #readAhead(file: ReadableFile, offset: number, into: ArrayBufferView): Promise<number> {
    const length = Math.min(WINDOW_BYTES, file.size - offset);
    if (length <= into.byteLength) return await file.read(offset, into);
    const window = { file, start: offset, bytes: new Uint8Array(length) };
    try {
      await file.read(offset, window.bytes);
    } catch (error) {
      if (!(error instanceof TensorBundleError)) throw error;
      // What cannot be read may belong to another tensor.
      return await file.read(offset, into);
    }
    // A read that was begun meanwhile is somewhere else.
    if (this.#running === 1 && this.#end === offset + into.byteLength) this.#window = window;
    return take(window, offset, into)!;
  }
}

/** CRC32C of the bytes, copied from a window; null if they are not all in it. */
function take({ start, bytes }: Window, offset: number, into: ArrayBufferView): number | null {
  const at = offset - start;
  if (at < 0 || at + into.byteLength > bytes.length) return null;
  const target = new Uint8Array(into.buffer, into.byteOffset, into.byteLength);
  target.set(bytes.subarray(at, at + target.length));
  return native.crc32c(target);
}
