/**
 * The directory of a zip archive: which entries there are, and where. Read by yauzl, through the storage, and checked:
 * the number and the names of entries are bounded, names are unique and stay below the archive, and no entry lies in
 * another.
 */
import type { Entry, RandomAccessReader, ZipFile } from 'yauzl';
import { TensorBundleError } from '../errors.js';
import { isError } from '../realms.js';
import type { ReadableFile } from '../storage/file.js';

type Yauzl = typeof import('yauzl');

/** Far more than Keras writes: three, and the assets of the layers. */
const MAX_ENTRIES = 10_000;
/** Of the directory itself: names, comments and other fields. */
const MAX_DIRECTORY_BYTES = 16 * 1024 ** 2;
/** The directory is read a few dozen bytes at a time, so more is kept at hand. */
const WINDOW_BYTES = 128 * 1024;
/** Without the name. */
const HEADER_BYTES = 30;
const DIRECTORY_RECORD_BYTES = 46;

/** `PK` and 5, 6: the record that ends every archive. */
const END = Buffer.from([0x50, 0x4b, 5, 6]);
/** The most that may follow after the beginning of that record. */
const END_BYTES = 22 + 65_535;

/** An open archive for yauzl. Its faults are faults of the file: they become errors that say so. */
export class ArchiveDirectory {
  private constructor(
    private readonly file: ReadableFile,
    private readonly zip: ZipFile,
    private readonly source: { onFault: (error: unknown) => void },
    readonly entries: ReadonlyMap<string, Entry>,
  ) {}

  /** Throws ERR_CORRUPT, ERR_TRUNCATED, ERR_TOO_LARGE, ERR_NOT_SUPPORTED, ERR_IO. The file stays open. */
  static async read(file: ReadableFile): Promise<ArchiveDirectory> {
    await checkEnd(file);
    // Most programs read no archive.
    const yauzl = (await import('yauzl')).default as Yauzl;
    const source = sourceOver(yauzl, file);
    const zip = await ask<ZipFile>(file, source, done => {
      yauzl.fromRandomAccessReader(source, file.size, { autoClose: false, lazyEntries: true }, done);
    });
    const all = await allEntries(file, zip, source);
    checkOverlaps(file, all);
    return new ArchiveDirectory(file, zip, source, byName(file, all));
  }

  /** Where the bytes of an entry begin. They are inside of the file. */
  async startOf(entry: Entry): Promise<number> {
    const header = await ask<{ fileDataStart: number; fileName: Buffer; compressionMethod: number }>(
      this.file,
      this.source,
      done => this.zip.readLocalFileHeader(entry, {}, done),
    );
    if (!header.fileName.equals(entry.fileNameRaw) || header.compressionMethod !== entry.compressionMethod)
      throw corrupt(this.file, `the directory and the header of ${entry.fileName} contradict each other`);
    return header.fileDataStart;
  }
}

/** An archive that a download or a copy has not finished lacks its end. */
async function checkEnd(file: ReadableFile): Promise<void> {
  const tail = Buffer.alloc(Math.min(file.size, END_BYTES));
  await file.read(file.size - tail.length, tail);
  if (tail.includes(END)) return;
  throw new TensorBundleError(
    'ERR_TRUNCATED',
    `${file.path} is a zip archive without its end, so a part of the file is missing; copy or download it again`,
    { path: file.path, offset: file.size },
  );
}

type Source = RandomAccessReader & { onFault: (error: unknown) => void };

function sourceOver(yauzl: Yauzl, file: ReadableFile): Source {
  class FileSource extends yauzl.RandomAccessReader {
    /** What yauzl throws while it takes bytes would otherwise reach nobody. */
    onFault: (error: unknown) => void = () => undefined;
    #window: { readonly start: number; readonly bytes: Uint8Array } = { start: 0, bytes: new Uint8Array() };

    override read(
      buffer: Buffer,
      offset: number,
      length: number,
      position: number,
      callback: (error: Error | null, bytesRead?: number) => void,
    ): void {
      this.#bytes(position, length)
        .then(
          bytes => {
            buffer.set(bytes, offset);
            callback(null, length);
          },
          (error: Error) => callback(error),
        )
        .catch((error: unknown) => this.onFault(error));
    }

    override close(callback: (error: Error | null) => void): void {
      callback(null);
    }

    async #bytes(position: number, length: number): Promise<Uint8Array> {
      if (!(position >= 0 && position + length <= file.size))
        throw corrupt(file, `it refers to bytes at ${position}, but has ${file.size}`);
      const { start, bytes } = this.#window;
      if (position >= start && position + length <= start + bytes.length)
        return bytes.subarray(position - start, position - start + length);
      const next = new Uint8Array(Math.min(Math.max(length, WINDOW_BYTES), file.size - position));
      await file.read(position, next);
      this.#window = { start: position, bytes: next };
      return next.subarray(0, length);
    }
  }
  return new FileSource();
}

/** One question to yauzl. */
async function ask<T>(
  file: ReadableFile,
  source: { onFault: (error: unknown) => void },
  question: (done: (error: Error | null, answer: T) => void) => void,
): Promise<T> {
  try {
    return await new Promise<T>((resolve, reject) => {
      source.onFault = reject;
      question((error, answer) => (error ? reject(error) : resolve(answer)));
    });
  } catch (cause) {
    if (cause instanceof TensorBundleError) throw cause;
    throw corrupt(file, isError(cause) ? cause.message : String(cause), cause);
  }
}

async function allEntries(file: ReadableFile, zip: ZipFile, source: Source): Promise<Entry[]> {
  if (zip.entryCount > MAX_ENTRIES) throw tooLarge(file, `has ${zip.entryCount} entries`, MAX_ENTRIES, zip.entryCount);
  const entries: Entry[] = [];
  let bytes = 0;
  for (;;) {
    const entry = await ask<Entry | null>(file, source, done => {
      zip.removeAllListeners();
      zip.once('entry', (one: Entry) => done(null, one));
      zip.once('end', () => done(null, null));
      zip.once('error', (error: Error) => done(error, null));
      zip.readEntry();
    });
    if (entry === null) return entries;
    bytes += DIRECTORY_RECORD_BYTES + entry.fileNameLength + entry.extraFieldLength + entry.fileCommentLength;
    if (bytes > MAX_DIRECTORY_BYTES) throw tooLarge(file, 'has a larger directory', MAX_DIRECTORY_BYTES, bytes);
    entries.push(entry);
  }
}

/** An archive whose entries share their bytes is a bomb, or damaged. */
function checkOverlaps(file: ReadableFile, entries: readonly Entry[]): void {
  const sorted = [...entries].sort((a, b) => a.relativeOffsetOfLocalHeader - b.relativeOffsetOfLocalHeader);
  for (const [i, entry] of sorted.entries()) {
    const { relativeOffsetOfLocalHeader: start, compressedSize, uncompressedSize, fileName } = entry;
    const end = start + HEADER_BYTES + entry.fileNameLength + compressedSize;
    const next = sorted[i + 1]?.relativeOffsetOfLocalHeader ?? file.size;
    if (!Number.isSafeInteger(uncompressedSize) || !Number.isSafeInteger(end) || end > next)
      throw corrupt(file, `its entry ${fileName} would end at ${end}, beyond ${next}`);
  }
}

/** Without directories. */
function byName(file: ReadableFile, entries: readonly Entry[]): ReadonlyMap<string, Entry> {
  const named = new Map<string, Entry>();
  for (const entry of entries) {
    if (entry.fileName.endsWith('/')) continue;
    if (named.has(entry.fileName)) throw corrupt(file, `it has two entries with the name ${entry.fileName}`);
    named.set(entry.fileName, entry);
  }
  return named;
}

function tooLarge({ path }: ReadableFile, what: string, expected: number, found: number): TensorBundleError {
  return new TensorBundleError('ERR_TOO_LARGE', `the zip archive ${path} ${what}; it may have ${expected}`, {
    path,
    expected,
    found,
  });
}

function corrupt({ path }: ReadableFile, why: string, cause?: unknown): TensorBundleError {
  return new TensorBundleError('ERR_CORRUPT', `${path} is not a sound zip archive: ${why}`, { path, cause });
}
