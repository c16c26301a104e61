/** Datasets that lie in files. Iterators find their place again by file and offset; nothing is read twice. */
import type { PathLike } from '../commit/paths.js';
import { Dataset } from './dataset.js';
import { type CSVConfig, type CSVRow, CSVRows } from './sources/csv.js';
import { Lines } from './sources/lines.js';
import { TFRecords } from './sources/tf-record.js';

/** Lines of UTF-8, without their ends (tf.data.TextLineDataset). Reading throws ERR_NOT_FOUND and ERR_IO. */
export class TextLineDataset extends Dataset<string> {
  constructor(files: PathLike | readonly PathLike[]) {
    super(new Lines(files));
  }
}

/**
 * The records of TFRecord files, uncompressed (tf.data.TFRecordDataset). Each is checked by its checksums. Reading throws
 * ERR_CHECKSUM and ERR_TRUNCATED, with the `offset` of the record; ERR_NOT_FOUND; ERR_IO.
 */
export class TFRecordDataset extends Dataset<Uint8Array> {
  constructor(files: PathLike | readonly PathLike[]) {
    super(new TFRecords(files));
  }
}

/**
 * The rows of CSV files as objects, by the names of their columns; `{ xs, ys }` where columns are labels (tf.data.csv). Quoted fields
 * may hold line ends. Reading throws ERR_CORRUPT for a row with too many or few fields, with its `offset`; ERR_MISMATCH for files
 * with different headers; ERR_INVALID_ARGUMENT for a config of an unknown column.
 */
export class CSVDataset extends Dataset<CSVRow | { xs: CSVRow; ys: CSVRow }> {
  readonly #rows: CSVRows;

  constructor(files: PathLike | readonly PathLike[], config: CSVConfig = {}) {
    const rows = new CSVRows(files, config);
    super(rows);
    this.#rows = rows;
  }

  /** Of the columns that elements have; reads the header. */
  async columnNames(): Promise<string[]> {
    return await this.#rows.columnNames();
  }
}
