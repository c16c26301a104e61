/** Datasets that lie in files. Iterators find their place again by file and offset; nothing is read twice. */
import type { PathLike } from '../commit/paths.js';
import { Dataset } from './dataset.js';
import { type CSVConfig, type CSVRow, CSVRows } from './sources/csv.js';
import { Lines } from './sources/lines.js';
import { TFRecords } from './sources/tf-record.js';

/**
 * Lines of UTF-8, without their ends (tf.data.TextLineDataset). Reading throws ERR_NOT_FOUND, ERR_IO, and ERR_TOO_LARGE for a line of
 * more than 256 MiB.
 */
export class TextLineDataset extends Dataset<string> {
  constructor(files: PathLike | readonly PathLike[]) {
    super(new Lines(files));
  }
}

/**
 * The records of TFRecord files, uncompressed (tf.data.TFRecordDataset). Each is checked by its checksums. Reading throws
 * ERR_CHECKSUM, ERR_TRUNCATED, and ERR_TOO_LARGE above 2 GiB, with the `offset` of the record; ERR_NOT_FOUND; ERR_IO.
 */
export class TFRecordDataset extends Dataset<Uint8Array> {
  constructor(files: PathLike | readonly PathLike[]) {
    super(new TFRecords(files));
  }
}

/**
 * The rows of CSV files as objects, by the names of their columns; `{ xs, ys }` where columns are labels (tf.data.csv).
 *
 * Files are read as RFC 4180 has it: a quote opens a field only as its first character (`5" long` is a text of seven characters);
 * within quotes two quotes are one, and line ends are text, kept as they are. Beyond RFC 4180: rows end in LF, CR LF or CR; empty
 * lines are passed over (a row of one empty field is `""`), and so is a UTF-8 mark at the beginning of the file; any character may
 * be the delimiter. Of bytes that are no UTF-8, U+FFFD is made, as in TensorFlow.js. What could only be guessed at is an error: a
 * quote that is never closed, text after a closing quote (Python's csv module keeps it), a row with too many or few fields.
 *
 * Reading throws ERR_CORRUPT for these, with the line in its text and the `offset` of the quote, of the text, or of the row;
 * ERR_TOO_LARGE for a row of more than 16 MiB or 65,536 columns; ERR_MISMATCH for a header that differs from `columnNames` in
 * number, or from that of the files before; ERR_INVALID_ARGUMENT for names that are not different, and for a config of an unknown
 * column; ERR_TRUNCATED for a file without a header; ERR_NOT_SUPPORTED for UTF-16. Any name will do: `__proto__`, or none.
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
