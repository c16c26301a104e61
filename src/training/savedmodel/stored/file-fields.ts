/**
 * The fields of a message that lies in a file. What a field holds is not read, so a field may be of any size. The wire
 * format is that of protobuf's encoding.md.
 */
import { TensorBundleError } from '../../../errors.js';
import { FIXED32, LENGTH, VARINT } from '../../../format/wire.js';
import type { ReadableFile } from '../../../storage/file.js';

const FIXED64 = 1;
/** A tag and a length, each at its longest. */
const HEAD_BYTES = 15;
const WINDOW_BYTES = 64 * 1024;
/** Far above any real file: one for each signature, asset and graph. */
const MAX_FIELDS = 2 ** 17;
const MAX_VARINT_BYTES = 10;

/** Bytes `start` to `end` of the file are the field, and `content` to `end` what it holds. */
export interface FileField {
  readonly number: number;
  readonly start: number;
  readonly content: number;
  readonly end: number;
}

/**
 * The fields of the message in bytes `start` to `end`. Throws ERR_TRUNCATED if a field goes beyond the end of the file,
 * ERR_CORRUPT for anything else that is not a message, and ERR_TOO_LARGE above 131,072 fields.
 */
export async function fieldsInFile(file: ReadableFile, start = 0, end = file.size): Promise<readonly FileField[]> {
  const fields: FileField[] = [];
  const window = new Window(file);
  for (let at = start; at < end; ) {
    await window.moveTo(at);
    const field = fieldAt(window, at, end);
    if (fields.push(field) > MAX_FIELDS) {
      throw new TensorBundleError('ERR_TOO_LARGE', `${file.path} has a message of more than ${MAX_FIELDS} fields`, {
        path: file.path,
        expected: MAX_FIELDS,
      });
    }
    at = field.end;
  }
  return fields;
}

function fieldAt(window: Window, start: number, limit: number): FileField {
  const tag = window.varint(start);
  const number = Math.floor(tag.value / 8);
  const wireType = tag.value % 8;
  if (number === 0 || tag.value > 0xffff_ffff) throw window.corrupt(start, 'an impossible field tag');
  if (wireType === VARINT) return within({ number, start, content: tag.end, end: window.varint(tag.end).end });
  if (wireType === FIXED64) return within({ number, start, content: tag.end, end: tag.end + 8 });
  if (wireType === FIXED32) return within({ number, start, content: tag.end, end: tag.end + 4 });
  // Groups are not in use.
  if (wireType !== LENGTH) throw window.corrupt(start, `a field of the wire type ${wireType}`);
  const length = window.varint(tag.end);
  return within({ number, start, content: length.end, end: length.end + length.value });

  function within(field: FileField): FileField {
    if (field.end <= limit) return field;
    if (limit === window.size) throw window.truncated(start);
    throw window.corrupt(start, 'a field that is longer than its message');
  }
}

/** A part of the file in memory. */
class Window {
  readonly #file: ReadableFile;
  readonly #bytes: Uint8Array;
  #start = 0;
  #length = 0;

  constructor(file: ReadableFile) {
    this.#file = file;
    this.#bytes = new Uint8Array(Math.min(WINDOW_BYTES, file.size));
  }

  get size(): number {
    return this.#file.size;
  }

  /** Afterwards the head of a field that begins there is in memory, as far as the file goes. */
  async moveTo(at: number): Promise<void> {
    const needed = Math.min(at + HEAD_BYTES + MAX_VARINT_BYTES, this.size);
    if (at >= this.#start && needed <= this.#start + this.#length) return;
    this.#start = at;
    this.#length = Math.min(this.#bytes.length, this.size - at);
    await this.#file.read(at, this.#bytes.subarray(0, this.#length));
  }

  varint(at: number): { value: number; end: number } {
    let value = 0;
    let factor = 1;
    for (let i = 0; i < MAX_VARINT_BYTES; i++) {
      const byte = this.#bytes[at + i - this.#start]!;
      if (at + i >= this.#start + this.#length) throw this.truncated(at);
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return { value, end: at + i + 1 };
      factor *= 128;
    }
    throw this.corrupt(at, 'a number of more than 10 bytes');
  }

  truncated(offset: number): TensorBundleError {
    const { path } = this.#file;
    return new TensorBundleError('ERR_TRUNCATED', `${path} ends within the field that begins at byte ${offset}`, {
      path,
      offset,
    });
  }

  corrupt(offset: number, what: string): TensorBundleError {
    const { path } = this.#file;
    const message = `${path} has ${what} at byte ${offset}; it is damaged, or no file of a SavedModel`;
    return new TensorBundleError('ERR_CORRUPT', message, { path, offset });
  }
}
