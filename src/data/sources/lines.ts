/** Lines of text, without their ends. */
import { TextDecoder } from 'node:util';
import { TensorBundleError } from '../../errors.js';
import { ShortSteps } from '../iteration/short-steps.js';
import type { FileWindow } from './file-window.js';
import { type FileRecord, Records } from './records.js';

const [LINE_FEED, CARRIAGE_RETURN] = [10, 13];
const PART_BYTES = 64 * 1024;

/** A JavaScript string can hold about twice as much. A file with longer lines is most likely not a text file. */
const MOST_LINE_BYTES = 256 * 1024 * 1024;

/** Keeps a byte order mark, as TensorFlow does. */
const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true });

export class Lines extends Records<string> {
  readonly kind = 'textLines';

  /** Throws ERR_TOO_LARGE, with the offset of the line. */
  async read(file: FileWindow, offset: number): Promise<FileRecord<string> | null> {
    const bytes = await file.at(offset, PART_BYTES);
    if (bytes.length === 0) return null;
    const length = bytes.indexOf(LINE_FEED!);
    if (length < 0 && bytes.length === PART_BYTES) return await readLong(file, offset);
    if (length < 0) return { element: UTF8.decode(bytes), end: offset + bytes.length };
    const cut = bytes[length - 1] === CARRIAGE_RETURN ? length - 1 : length;
    return { element: UTF8.decode(bytes.subarray(0, cut)), end: offset + length + 1 };
  }
}

/** Reads a long line part by part, so that no byte is looked at twice. */
async function readLong(file: FileWindow, offset: number): Promise<FileRecord<string>> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const turns = new ShortSteps();
  let text = '';
  for (let at = offset; at - offset < MOST_LINE_BYTES; at += PART_BYTES) {
    const bytes = await file.at(at, PART_BYTES);
    const length = bytes.indexOf(LINE_FEED!);
    const isLast = length >= 0 || bytes.length < PART_BYTES;
    text += decoder.decode(length < 0 ? bytes : bytes.subarray(0, length), { stream: !isLast });
    if (isLast && length < 0) return { element: text, end: at + bytes.length };
    if (isLast) return { element: text.endsWith('\r') ? text.slice(0, -1) : text, end: at + length + 1 };
    await turns.give();
  }
  throw new TensorBundleError(
    'ERR_TOO_LARGE',
    `the line at byte ${offset} of ${file.path} has more than ${MOST_LINE_BYTES} bytes, the most that a line ` +
      `may have; is it a text file?`,
    { path: file.path, offset, expected: MOST_LINE_BYTES },
  );
}
