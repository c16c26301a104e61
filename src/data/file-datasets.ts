/**
 * Datasets in files. Restored iterators find their place by file and offset, without reading again what comes before.
 */
import type { PathLike } from '../commit/paths.js';
import { Dataset } from './dataset.js';
import { type CSVConfig, type CSVRow, CSVRows } from './sources/csv.js';
import { Lines } from './sources/lines.js';
import { TFRecords } from './sources/tf-record.js';

/**
 * Lines of UTF-8, without their ends (tf.data.TextLineDataset). Reading throws ERR_NOT_FOUND; ERR_IO; ERR_TOO_LARGE for
 * a line of more than 256 MiB.
 */
export class TextLineDataset extends Dataset<string> {
  constructor(files: PathLike | readonly PathLike[]) {
    super(new Lines(files));
  }
}

/**
 * The records of TFRecord files, uncompressed (tf.data.TFRecordDataset). The checksums of each are compared. Reading
 * throws ERR_CHECKSUM, ERR_TRUNCATED, and ERR_TOO_LARGE above 2 GiB, with the `offset` of the record; ERR_NOT_FOUND;
 * ERR_IO.
 */
export class TFRecordDataset extends Dataset<Uint8Array> {
  constructor(files: PathLike | readonly PathLike[]) {
    super(new TFRecords(files));
  }
}

/**
 * The rows of CSV files as objects, by the names of their columns; `{ xs, ys }` if columns are labels (tf.data.csv).
 *
 * Files are read as RFC 4180 says. A quote opens a field only as its first character (`5" long` is a text of seven
 * characters). Within quotes, two quotes stand for one, and line ends belong to the text. In addition: rows end in LF,
 * CR LF or CR; empty lines are passed over (a row with one empty field is `""`); a UTF-8 byte order mark at the
 * beginning of the file is passed over; any character can be the delimiter. Bytes that are not UTF-8 become U+FFFD, as
 * in TensorFlow.js. Any name is allowed for a column, `__proto__` and the empty one included. If the meaning could only
 * be guessed, that is an error: a quote that is never closed, text after a closing quote (Python's csv module keeps
 * it), a row with too many or too few fields.
 *
 * Reading throws:
 *
 * - ERR_CORRUPT for these errors, with the line in the message and the `offset` of the quote, of the text, or of the
 *   row.
 * - ERR_TOO_LARGE for a row of more than 16 MiB or 65,536 columns.
 * - ERR_MISMATCH for a header that has not as many names as `columnNames`, or that differs from the header of the
 *   files before.
 * - ERR_INVALID_ARGUMENT for names that are used twice, and for a config of an unknown column.
 * - ERR_TRUNCATED for a file without a header; ERR_NOT_SUPPORTED for UTF-16.
 */
export class CSVDataset extends Dataset<CSVRow | { xs: CSVRow; ys: CSVRow }> {
  readonly #rows: CSVRows;

  constructor(files: PathLike | readonly PathLike[], config: CSVConfig = {}) {
    const rows = new CSVRows(files, config);
    super(rows);
    this.#rows = rows;
  }

  /** The names of the columns that elements have. Reads the header. */
  async columnNames(): Promise<string[]> {
    return await this.#rows.columnNames();
  }
}
