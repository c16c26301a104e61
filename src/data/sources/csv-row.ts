/**
 * Finds one row of a CSV file in its bytes. The grammar is that of RFC 4180; each byte is looked at once. A quote opens
 * a field only as its first character. In a quoted field, two quotes stand for one, and line ends are text. After the
 * closing quote comes a delimiter, the end of the row, or the end of the file. Rows end in LF, CR LF or CR. Empty rows
 * are passed over, and so is a UTF-8 byte order mark at the beginning of the file.
 */
import { TextDecoder } from 'node:util';
import { TensorBundleError } from '../../errors.js';
import { ShortSteps } from '../iteration/short-steps.js';
import type { FileWindow } from './file-window.js';

/** The most bytes of a row. Without a limit, a quote that is not closed would make one row of all that follows. */
const MOST_ROW_BYTES = 16 * 1024 * 1024;
const PART_BYTES = 64 * 1024;

const [LINE_FEED, CARRIAGE_RETURN, QUOTE] = [10, 13, 34] as const;
const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** The delimiter between the fields of a row. */
export interface Delimiter {
  /** One character. */
  readonly text: string;
  readonly bytes: Uint8Array;
  /** True: several in a row count as one, and those at the ends of the row do not count. */
  readonly isRepeated: boolean;
}

export interface ParsedRow {
  readonly text: string;
  /** How many fields `fieldTexts` gives. Check it first: a text of only delimiters has millions of fields. */
  readonly fields: number;
  readonly begin: number;
  /** Offset of the byte after the row. */
  readonly end: number;
}

/**
 * The row that begins at `offset`; null at the end of the file. Throws ERR_CORRUPT and ERR_TOO_LARGE, with the offset
 * and the line; ERR_NOT_SUPPORTED for UTF-16.
 */
export async function readRow(file: FileWindow, offset: number, delimiter: Delimiter): Promise<ParsedRow | null> {
  const scan = new Scan(offset === 0 ? await textBegin(file) : offset, delimiter);
  const ahead = delimiter.bytes.length - 1;
  const turns = new ShortSteps();
  let decoder = UTF8;
  let text = '';
  for (;;) {
    const { at } = scan;
    const bytes = await file.at(at, PART_BYTES);
    const isLast = bytes.length < PART_BYTES;
    // Stops early enough that a delimiter is not cut in two.
    const isEnded = scan.next(bytes, isLast ? bytes.length : bytes.length - ahead);
    if (scan.isMisplaced) throw await misplaced(file, scan.at);
    if (scan.at - scan.begin > MOST_ROW_BYTES) throw await tooLong(file, scan);
    const part = bytes.subarray(Math.max(scan.begin - at, 0), scan.at - at);
    if (isEnded || isLast) {
      if (scan.isQuoted) throw await unclosed(file, scan.quote);
      if (scan.fields === 0) return null;
      text += decoder.decode(part);
      const end = isEnded ? await afterEnd(file, bytes, at, scan.at) : scan.at;
      return { text, fields: scan.fields, begin: scan.begin, end };
    }
    if (decoder === UTF8) decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    text += decoder.decode(part, { stream: true });
    await turns.give();
  }
}

/** Searches for the end of a row, part by part. */
class Scan {
  /** Offset of the next byte to look at. When the end of the row, or a misplaced byte, was found: its offset. */
  at: number;
  /** Offset of the row, after empty rows before it. */
  begin: number;
  fields = 0;
  /** Offset of the last quote that opened a field. */
  quote = 0;
  isMisplaced = false;
  /** 'closed' means after a quote in a quoted field. It may be the first of two that stand for one. */
  #state: 'begin' | 'plain' | 'quoted' | 'closed' = 'begin';
  readonly #delimiter: Delimiter;

  constructor(begin: number, delimiter: Delimiter) {
    this.at = begin;
    this.begin = begin;
    this.#delimiter = delimiter;
  }

  /** Whether the next byte is in a quoted field. */
  get isQuoted(): boolean {
    return this.#state === 'quoted';
  }

  /**
   * Looks at `length` bytes of a part that begins at `at`; only a delimiter may reach beyond them. True if the row has
   * ended or is wrong.
   */
  next(bytes: Uint8Array, length: number): boolean {
    const { bytes: mark, isRepeated } = this.#delimiter;
    const first = mark[0]!;
    const offset = this.at;
    let state = this.#state;
    let i = 0;
    let isOver = false;
    for (; i < length; i++) {
      const byte = bytes[i]!;
      if (state === 'quoted') {
        if (byte === QUOTE) state = 'closed';
      } else if (byte === first && (mark.length === 1 || isAt(bytes, i, mark))) {
        i += mark.length - 1;
        if (!isRepeated) this.fields += this.fields === 0 ? 2 : 1;
        else if (this.fields === 0) this.begin = offset + i + 1;
        state = 'begin';
      } else if (byte === LINE_FEED || byte === CARRIAGE_RETURN) {
        isOver = this.fields > 0;
        if (isOver) break;
        this.begin = offset + i + 1;
      } else if (state === 'begin') {
        // A field after a delimiter was counted with the delimiter.
        if (isRepeated || this.fields === 0) this.fields++;
        if (byte === QUOTE) this.quote = offset + i;
        state = byte === QUOTE ? 'quoted' : 'plain';
      } else if (state === 'closed') {
        this.isMisplaced = byte !== QUOTE;
        isOver = this.isMisplaced;
        if (isOver) break;
        state = 'quoted';
      }
    }
    this.#state = state;
    this.at = offset + i;
    return isOver;
  }
}

function isAt(bytes: Uint8Array, at: number, mark: Uint8Array): boolean {
  for (let i = 1; i < mark.length; i++) if (bytes[at + i] !== mark[i]) return false;
  return true;
}

/** The fields of a row that `readRow` returned. */
export function fieldTexts({ text }: ParsedRow, { text: delimiter, isRepeated }: Delimiter): string[] {
  const fields: string[] = [];
  for (let at = 0; ; at += delimiter.length) {
    if (isRepeated && (at === text.length || text[at] === delimiter)) {
      if (at === text.length) return fields;
      continue;
    }
    let end: number;
    if (text[at] === '"') {
      end = closingQuote(text, at + 1);
      fields.push(undoubled(text.slice(at + 1, end)));
      end = end + 1 === text.length ? -1 : end + 1;
    } else {
      end = text.indexOf(delimiter, at);
      fields.push(text.slice(at, end < 0 ? undefined : end));
    }
    if (end < 0) return fields;
    at = end;
  }
}

function closingQuote(text: string, from: number): number {
  for (let at = from; ; at++) {
    if (text.charCodeAt(at) !== QUOTE) continue;
    if (text.charCodeAt(at + 1) !== QUOTE) return at;
    at++;
  }
}

const SHORT = 1024;

/** Makes one quote of two. Not with `replaceAll` in a long text, where it takes seconds for millions of quotes. */
function undoubled(field: string): string {
  if (!field.includes('"')) return field;
  if (field.length <= SHORT) return field.replaceAll('""', '"');
  const units = new Uint16Array(field.length);
  let length = 0;
  for (let i = 0; i < field.length; i++) {
    const unit = field.charCodeAt(i);
    units[length++] = unit;
    if (unit === QUOTE) i++;
  }
  return Buffer.from(units.buffer, 0, 2 * length).toString('utf16le');
}

/** Offset of the first byte after a UTF-8 byte order mark, if there is one. */
async function textBegin(file: FileWindow): Promise<number> {
  const [a, b, c] = await file.at(0, 3);
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff))
    throw new TensorBundleError('ERR_NOT_SUPPORTED', `${file.path} is UTF-16; write it as UTF-8`, { path: file.path });
  return a === 0xef && b === 0xbb && c === 0xbf ? 3 : 0;
}

/** Offset after the end of a row: a carriage return and a line feed are one end. */
async function afterEnd(file: FileWindow, bytes: Uint8Array, offset: number, end: number): Promise<number> {
  if (bytes[end - offset] !== CARRIAGE_RETURN) return end + 1;
  const at = end + 1 - offset;
  const next = at < bytes.length ? bytes[at] : (await file.at(end + 1, 1))[0];
  return next === LINE_FEED ? end + 2 : end + 1;
}

/** The number of a line, counted as editors do. Only for messages. */
async function lineAt(file: FileWindow, offset: number): Promise<number> {
  const turns = new ShortSteps();
  let line = 1;
  let before = 0;
  for (let at = 0; at < offset; at += PART_BYTES) {
    const bytes = await file.at(at, Math.min(PART_BYTES, offset - at));
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i]!;
      if (byte === CARRIAGE_RETURN || (byte === LINE_FEED && before !== CARRIAGE_RETURN)) line++;
      before = byte;
    }
    await turns.give();
  }
  return line;
}

/** An error about `what` is wrong at an offset. */
export async function rowError(
  code: 'ERR_CORRUPT' | 'ERR_TOO_LARGE',
  file: FileWindow,
  offset: number,
  what: string,
  details: { expected?: unknown; found?: unknown } = {},
): Promise<TensorBundleError> {
  const line = await lineAt(file, offset);
  return new TensorBundleError(code, `line ${line} of ${file.path}, at byte ${offset}: ${what}`, {
    path: file.path,
    offset,
    ...details,
  });
}

function misplaced(file: FileWindow, offset: number): Promise<TensorBundleError> {
  const what = 'there is text after the quote that closes a field; within a quoted field, a quote is written as two';
  return rowError('ERR_CORRUPT', file, offset, what);
}

function unclosed(file: FileWindow, offset: number): Promise<TensorBundleError> {
  const what =
    'the quote that opens this field is never closed; quote a field that begins with a quote, and write that quote ' +
    'as two';
  return rowError('ERR_CORRUPT', file, offset, what);
}

function tooLong(file: FileWindow, scan: Scan): Promise<TensorBundleError> {
  const limit = `the row has more than ${MOST_ROW_BYTES} bytes, the most that a row may have`;
  return scan.isQuoted
    ? rowError('ERR_TOO_LARGE', file, scan.quote, `${limit}; is the quote here never closed?`)
    : rowError('ERR_TOO_LARGE', file, scan.begin, limit);
}
