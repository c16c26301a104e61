/** Lines of text, without their ends. */
import type { FileWindow } from './file-window.js';
import { type FileRecord, Records } from './records.js';

const [LINE_FEED, CARRIAGE_RETURN] = [10, 13];
const GUESS = 4096;

export class Lines extends Records<string> {
  readonly kind = 'textLines';

  async read(file: FileWindow, offset: number): Promise<FileRecord<string> | null> {
    const line = await readLine(file, offset);
    return line && { element: decodeLine(line.bytes), end: line.end };
  }
}

/** As TensorFlow, which keeps a mark of the byte order. */
export function decodeLine(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}

/** Null at the end of the file. The bytes are not to be kept. */
export async function readLine(file: FileWindow, offset: number): Promise<{ bytes: Uint8Array; end: number } | null> {
  for (let length = GUESS; ; length *= 2) {
    const bytes = await file.at(offset, length);
    if (bytes.length === 0) return null;
    const end = bytes.indexOf(LINE_FEED!);
    if (end < 0 && bytes.length === length) continue;
    const line = end < 0 ? bytes : bytes.subarray(0, end);
    const cut = end >= 0 && line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line;
    return { bytes: cut, end: offset + line.length + (end < 0 ? 0 : 1) };
  }
}
