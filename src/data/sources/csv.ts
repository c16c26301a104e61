/** Rows of CSV files as objects (RFC 4180; columns and types as in tfjs-data/src/datasets/csv_dataset.ts). */
import { TextDecoder, TextEncoder } from 'node:util';
import type { PathLike } from '../../commit/paths.js';
import { invalidArgument, TensorBundleError } from '../../errors.js';
import { type OptionList, refuseUnknown } from '../../options.js';
import { type Delimiter, fieldTexts, type ParsedRow, readRow, rowError } from './csv-row.js';
import { FileWindow } from './file-window.js';
import { type FileRecord, Records } from './records.js';

export type CSVValue = number | string | undefined;
export type CSVRow = Record<string, CSVValue>;

export interface CSVColumn {
  /** Default false. True: an empty field without a `default` is an error. */
  required?: boolean;
  /**
   * Default: a number if JavaScript's `Number` can read the field, otherwise a text. 'bool' gives 1 or 0; 'int32'
   * rounds down.
   */
  dtype?: 'int32' | 'float32' | 'bool' | 'string';
  /** The value of an empty field. Default: undefined. */
  default?: number | string;
  /**
   * Default false. True: elements are `{ xs, ys }`, this column is in `ys`, and an empty field without a `default` is
   * an error.
   */
  isLabel?: boolean;
}

export interface CSVConfig {
  /** Default true: the first row of each file names the columns. */
  hasHeader?: boolean;
  /** The names of the columns, instead of those in the header; needed if there is no header. Default: the header's. */
  columnNames?: string[];
  /** How single columns are read, by their names. Default: each with the defaults of CSVColumn. */
  columnConfigs?: Record<string, CSVColumn>;
  /** Default false. True: columns without a config are left out. */
  configuredColumnsOnly?: boolean;
  /** Default ','. One character, not a quote and not a line end. */
  delimiter?: string;
  /**
   * Default false. True: columns are separated by any number of spaces; there may also be spaces before and after the
   * row.
   */
  delimWhitespace?: boolean;
}

const COLUMN_OPTIONS: OptionList<CSVColumn> = {
  required: 'flag',
  dtype: ['int32', 'float32', 'bool', 'string'],
  default: true,
  isLabel: 'flag',
};
const CONFIG_OPTIONS: OptionList<CSVConfig> = {
  hasHeader: 'flag',
  columnNames: true,
  columnConfigs: true,
  configuredColumnsOnly: 'flag',
  delimiter: true,
  delimWhitespace: 'flag',
};

/** A file with more columns is most likely not a table, or has another delimiter. */
const MOST_COLUMNS = 2 ** 16;

export class CSVRows extends Records<CSVRow | { xs: CSVRow; ys: CSVRow }> {
  readonly kind = 'csv';
  readonly #config: CSVConfig;
  /** By the name of the column. A Map, because a column may have any name. */
  readonly #columns: ReadonlyMap<string, CSVColumn>;
  readonly #delimiter: Delimiter;
  #names: readonly string[] | null;

  /** Throws ERR_INVALID_ARGUMENT for bad options. */
  constructor(files: PathLike | readonly PathLike[], config: CSVConfig) {
    super(files);
    refuseUnknown(config, 'CSVDataset', CONFIG_OPTIONS);
    for (const [name, column] of Object.entries(config.columnConfigs ?? {}))
      refuseUnknown(column, `the column ${name} of CSVDataset`, COLUMN_OPTIONS);
    const { hasHeader = true, columnNames, columnConfigs = {}, delimiter = ',', delimWhitespace = false } = config;
    if (!hasHeader && !columnNames)
      throw invalidArgument('a CSV file without a header needs columnNames', { found: undefined });
    if (delimWhitespace && config.delimiter !== undefined)
      throw invalidArgument('give delimiter or delimWhitespace, not both', { found: delimiter });
    this.#config = config;
    this.#columns = new Map(Object.entries(columnConfigs));
    this.#delimiter = delimiterOf(delimWhitespace ? ' ' : delimiter, delimWhitespace);
    this.#names = columnNames ? this.#checked(columnNames) : null;
  }

  /** Names of the columns that elements have. Throws what reading throws. */
  async columnNames(): Promise<string[]> {
    const [file] = this.files;
    if (!this.#names && file !== undefined) await this.first(new FileWindow(file));
    return this.#config.configuredColumnsOnly ? [...this.#columns.keys()] : [...(this.#names ?? [])];
  }

  /** The offset after the header, whose names are checked. */
  override async first(file: FileWindow): Promise<number> {
    if (this.#config.hasHeader === false) return 0;
    const header = await readRow(file, 0, this.#delimiter);
    if (header === null) {
      if (this.#names) return 0;
      throw new TensorBundleError(
        'ERR_TRUNCATED',
        `${file.path} is empty, so it lacks a header with the names of its columns`,
        {
          path: file.path,
        },
      );
    }
    if (header.fields > MOST_COLUMNS)
      throw await rowError(
        'ERR_TOO_LARGE',
        file,
        header.begin,
        `more than ${MOST_COLUMNS} columns, the most there may be`,
      );
    const found = fieldTexts(header, this.#delimiter);
    const expected = this.#names ?? this.#checked(found);
    this.#names = expected;
    const isOther = !this.#config.columnNames && found.some((name, i) => name !== expected[i]);
    if (found.length !== expected.length || isOther)
      throw new TensorBundleError(
        'ERR_MISMATCH',
        `${file.path} does not have the columns of ${this.#config.columnNames ? 'columnNames' : 'the files before it'}`,
        { path: file.path, expected, found },
      );
    return header.end;
  }

  async read(file: FileWindow, offset: number): Promise<FileRecord<CSVRow | { xs: CSVRow; ys: CSVRow }> | null> {
    // A restored iterator begins in the middle and has not read the header.
    if (!this.#names) await this.first(file);
    const row = await readRow(file, offset, this.#delimiter);
    if (row === null) return null;
    const names = this.#names!;
    if (row.fields !== names.length)
      throw await rowError(
        'ERR_CORRUPT',
        file,
        row.begin,
        `the row has ${row.fields} fields for ${names.length} columns`,
        {
          expected: names.length,
          found: row.fields,
        },
      );
    return { element: await this.#element(names, row, file), end: row.end };
  }

  async #element(names: readonly string[], row: ParsedRow, file: FileWindow) {
    const fields = fieldTexts(row, this.#delimiter);
    // Lists of entries, because a column may be called __proto__, which cannot be assigned to an object.
    const xs: [string, CSVValue][] = [];
    const ys: [string, CSVValue][] = [];
    for (const [i, name] of names.entries()) {
      const config = this.#columns.get(name);
      if (config === undefined && this.#config.configuredColumnsOnly) continue;
      const value = parsedField(fields[i]!, config);
      if (value === undefined && (config?.required || config?.isLabel))
        throw await rowError(
          'ERR_CORRUPT',
          file,
          row.begin,
          `the field of ${name} is empty, but this column must have a value`,
          {
            expected: name,
          },
        );
      (config?.isLabel ? ys : xs).push([name, value]);
    }
    const features: CSVRow = Object.fromEntries(xs);
    return ys.length > 0 ? { xs: features, ys: Object.fromEntries(ys) } : features;
  }

  #checked(names: readonly string[]): readonly string[] {
    const known = new Set(names);
    if (known.size !== names.length)
      throw invalidArgument('the names of CSV columns must all be different', { found: names });
    const unknown = [...this.#columns.keys()].filter(name => !known.has(name));
    if (unknown.length > 0)
      throw invalidArgument(`there is no CSV column ${unknown.join(', ')}; there are ${names.join(', ')}`, {
        found: unknown,
      });
    return [...names];
  }
}

function delimiterOf(text: string, isRepeated: boolean): Delimiter {
  const bytes = new TextEncoder().encode(typeof text === 'string' ? text : '');
  // Refuses a lone surrogate, which UTF-8 cannot express, and U+FFFD, which stands for any bytes that are not UTF-8.
  const isOne = [...new TextDecoder().decode(bytes)].length === 1 && !['"', '\n', '\r', '\ufffd'].includes(text);
  if (!isOne || !new TextDecoder().decode(bytes).startsWith(text))
    throw invalidArgument('delimiter must be one character, not a quote and not a line end', { found: text });
  return { text, bytes, isRepeated };
}

function parsedField(field: string, config: CSVColumn | undefined): CSVValue {
  if (field === '') return config?.default;
  const number = Number(field);
  if (config?.dtype === 'string') return field;
  if (config?.dtype === 'bool') return field === '1' || field.toLowerCase() === 'true' ? 1 : 0;
  if (Number.isNaN(number)) return field;
  return config?.dtype === 'int32' ? Math.floor(number) : number;
}
