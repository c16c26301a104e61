/** Rows of CSV files as objects (RFC 4180; columns and types as tfjs-data/src/datasets/csv_dataset.ts has them). */
import type { PathLike } from '../../commit/paths.js';
import { TensorBundleError } from '../../errors.js';
import { FileWindow } from './file-window.js';
import { decodeLine, readLine } from './lines.js';
import { type FileRecord, Records } from './records.js';

export type CSVValue = number | string | undefined;
export type CSVRow = Record<string, CSVValue>;

export interface CSVColumn {
  /** Default false. True: an empty field is an error. */
  required?: boolean;
  /** Default: a number where the field is one, else a text. 'bool' gives 1 or 0, 'int32' rounds down. */
  dtype?: 'int32' | 'float32' | 'bool' | 'string';
  /** Of an empty field; else it is undefined. */
  default?: number | string;
  /** Default false. True: elements are `{ xs, ys }`, and this column is in `ys`. */
  isLabel?: boolean;
}

export interface CSVConfig {
  /** Default true: the first row of each file names the columns. */
  hasHeader?: boolean;
  /** Instead of the names in the header; needed without one. */
  columnNames?: string[];
  columnConfigs?: Record<string, CSVColumn>;
  /** Default false. True: columns without a config are left out. */
  configuredColumnsOnly?: boolean;
  /** Default ','. One character. */
  delimiter?: string;
  /** Default false. True: columns are parted by any number of spaces. */
  delimWhitespace?: boolean;
}

export class CSVRows extends Records<CSVRow | { xs: CSVRow; ys: CSVRow }> {
  readonly kind = 'csv';
  readonly #config: CSVConfig;
  #names: readonly string[] | null;

  /** Throws ERR_INVALID_ARGUMENT. */
  constructor(files: PathLike | readonly PathLike[], config: CSVConfig) {
    super(files);
    const { hasHeader = true, columnNames, delimiter = ',', delimWhitespace = false } = config;
    if (!hasHeader && !columnNames) throw invalid('a CSV file without a header needs columnNames', undefined);
    if (delimWhitespace && config.delimiter !== undefined)
      throw invalid('give delimiter or delimWhitespace, not both', delimiter);
    if (delimiter.length !== 1 || delimiter === '"')
      throw invalid('delimiter must be one character, not a quote', delimiter);
    this.#config = config;
    this.#names = columnNames ? this.#checked(columnNames) : null;
  }

  /** Of the columns that elements have. Throws as reading does. */
  async columnNames(): Promise<string[]> {
    const [file] = this.files;
    if (!this.#names && file !== undefined) await this.first(new FileWindow(file));
    const { configuredColumnsOnly, columnConfigs = {} } = this.#config;
    return configuredColumnsOnly ? Object.keys(columnConfigs) : [...(this.#names ?? [])];
  }

  /** After the header. */
  override async first(file: FileWindow): Promise<number> {
    if (this.#config.hasHeader === false) return 0;
    const header = await readRow(file, 0);
    if (header === null) {
      if (this.#names) return 0;
      throw new TensorBundleError('ERR_TRUNCATED', `${file.path} is empty: it lacks the names of its columns`, {
        path: file.path,
      });
    }
    const names = this.#fields(header.text, file, 0);
    if (this.#config.columnNames) return header.end;
    this.#names ??= this.#checked(names);
    if (names.join('\n') !== this.#names.join('\n'))
      throw new TensorBundleError('ERR_MISMATCH', `${file.path} has other columns than the files before it`, {
        path: file.path,
        expected: this.#names,
        found: names,
      });
    return header.end;
  }

  async read(file: FileWindow, offset: number): Promise<FileRecord<CSVRow | { xs: CSVRow; ys: CSVRow }> | null> {
    // A restored iterator begins in the middle.
    if (!this.#names) await this.first(file);
    let row = await readRow(file, offset);
    while (row !== null && row.text === '') row = await readRow(file, row.end);
    if (row === null) return null;
    const fields = this.#fields(row.text, file, row.begin);
    const names = this.#names!;
    if (fields.length !== names.length)
      throw new TensorBundleError(
        'ERR_CORRUPT',
        `the row at byte ${row.begin} of ${file.path} has ${fields.length} fields; there are ${names.length} columns`,
        { path: file.path, offset: row.begin, expected: names.length, found: fields.length },
      );
    return { element: this.#element(names, fields, file, row.begin), end: row.end };
  }

  #element(names: readonly string[], fields: readonly string[], file: FileWindow, offset: number) {
    const { columnConfigs = {}, configuredColumnsOnly } = this.#config;
    const [xs, ys]: [CSVRow, CSVRow] = [{}, {}];
    for (const [i, name] of names.entries()) {
      const config = columnConfigs[name];
      if (config === undefined && configuredColumnsOnly) continue;
      const value = parsed(fields[i]!, config);
      if (value === undefined && (config?.required || config?.isLabel))
        throw new TensorBundleError(
          'ERR_CORRUPT',
          `the row at byte ${offset} of ${file.path} lacks a value of ${name}`,
          {
            path: file.path,
            offset,
            expected: name,
          },
        );
      (config?.isLabel ? ys : xs)[name] = value;
    }
    return Object.keys(ys).length > 0 ? { xs, ys } : xs;
  }

  #checked(names: readonly string[]): readonly string[] {
    if (new Set(names).size !== names.length) throw invalid('names of CSV columns must differ', names);
    const unknown = Object.keys(this.#config.columnConfigs ?? {}).filter(name => !names.includes(name));
    if (unknown.length > 0)
      throw invalid(`there is no CSV column ${unknown.join(', ')}; there are ${names.join(', ')}`, unknown);
    return [...names];
  }

  #fields(text: string, file: FileWindow, offset: number): string[] {
    const { delimiter = ',', delimWhitespace } = this.#config;
    const fields = splitRow(text, delimWhitespace ? ' ' : delimiter);
    if (fields === null)
      throw new TensorBundleError(
        'ERR_CORRUPT',
        `the row at byte ${offset} of ${file.path} has a quote that is not closed`,
        {
          path: file.path,
          offset,
        },
      );
    return delimWhitespace ? fields.filter(field => field !== '') : fields;
  }
}

/** Lines up to that where quotes are even: a quoted field may hold line ends. */
async function readRow(file: FileWindow, begin: number): Promise<{ text: string; begin: number; end: number } | null> {
  let text = '';
  for (let end = begin; ; ) {
    const line = await readLine(file, end);
    if (line === null) return end === begin ? null : { text, begin, end };
    text = end === begin ? decodeLine(line.bytes) : `${text}\n${decodeLine(line.bytes)}`;
    end = line.end;
    if (text.split('"').length % 2 === 1) return { text, begin, end };
  }
}

/** Null if a quote is not closed. */
function splitRow(text: string, delimiter: string): string[] | null {
  const fields: string[] = [];
  for (let at = 0; ; at++) {
    if (text[at] !== '"') {
      const end = text.indexOf(delimiter, at);
      fields.push(text.slice(at, end < 0 ? undefined : end));
      if (end < 0) return fields;
      at = end;
      continue;
    }
    let field = '';
    for (at++; ; at++) {
      const end = text.indexOf('"', at);
      if (end < 0) return null;
      field += text.slice(at, end);
      at = end + 1;
      if (text[at] !== '"') break;
      field += '"';
    }
    // What follows a closed quote belongs to the field as it is.
    const end = text.indexOf(delimiter, at);
    fields.push(field + text.slice(at, end < 0 ? undefined : end));
    if (end < 0) return fields;
    at = end;
  }
}

function parsed(field: string, config: CSVColumn | undefined): CSVValue {
  if (field === '') return config?.default;
  const number = Number(field);
  if (config?.dtype === 'string') return field;
  if (config?.dtype === 'bool') return field === '1' || field.toLowerCase() === 'true' ? 1 : 0;
  if (Number.isNaN(number)) return field;
  return config?.dtype === 'int32' ? Math.floor(number) : number;
}

function invalid(message: string, found: unknown): TensorBundleError {
  return new TensorBundleError('ERR_INVALID_ARGUMENT', message, { found });
}
