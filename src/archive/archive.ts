/** A zip archive that is open for reading. Only its directory is in memory. */
import '../disposal.js';
import { Readable } from 'node:stream';
import { crc32, createInflateRaw } from 'node:zlib';
import type { Entry } from 'yauzl';
import { TensorBundleError, throwIfAborted } from '../errors.js';
import type { OpenedRange } from '../hdf5/file-range.js';
import type { ReadableFile } from '../storage/file.js';
import { ArchiveDirectory } from './archive-directory.js';
import { temporaryFile } from './temporary-file.js';

interface ArchiveEntry {
  readonly name: string;
  readonly bytes: number;
  /** The bytes that it takes in the archive. */
  readonly storedBytes: number;
}

const STORED = 0;
const DEFLATED = 8;
/** No deflated bytes become more than this many times as many. */
const MAX_EXPANSION = 1032;
/** As Keras: an entry above this size must not become 100 times as large. */
const BOMB_BYTES = 4 * 1024 ** 3;
const BOMB_EXPANSION = 100;
const PIECE_BYTES = 1024 * 1024;

export class Archive {
  private constructor(
    private readonly file: ReadableFile,
    private readonly directory: ArchiveDirectory,
    readonly entries: ReadonlyMap<string, ArchiveEntry>,
  ) {}

  /**
   * The file stays open, and is to be closed after the archive. Throws ERR_CORRUPT, ERR_TRUNCATED, ERR_TOO_LARGE (too
   * many entries), ERR_NOT_SUPPORTED, ERR_IO.
   */
  static async open(file: ReadableFile): Promise<Archive> {
    const directory = await ArchiveDirectory.read(file);
    const entries = [...directory.entries].map(([name, entry]): [string, ArchiveEntry] => [
      name,
      { name, bytes: entry.uncompressedSize, storedBytes: entry.compressedSize },
    ]);
    return new Archive(file, directory, new Map(entries));
  }

  get path(): string {
    return this.file.path;
  }

  /**
   * All bytes of an entry, checked by its CRC. Throws ERR_NOT_FOUND if there is none; ERR_TOO_LARGE above `maxBytes`;
   * ERR_CHECKSUM, ERR_CORRUPT, ERR_NOT_SUPPORTED for a compression other than deflate, ERR_IO.
   */
  async read(name: string, maxBytes: number, signal?: AbortSignal): Promise<Uint8Array> {
    const entry = this.#entry(name);
    if (entry.uncompressedSize > maxBytes) {
      throw new TensorBundleError(
        'ERR_TOO_LARGE',
        `${this.#place(name)} has ${entry.uncompressedSize} bytes, more than the ${maxBytes} it may have`,
        { path: this.path, expected: maxBytes, found: entry.uncompressedSize },
      );
    }
    const pieces: Uint8Array[] = [];
    for await (const piece of this.#pieces(entry, signal)) pieces.push(piece);
    return Buffer.concat(pieces);
  }

  /** Compares all bytes of an entry with its CRC. `onBytes` gets the number of further bytes. Throws as `read`. */
  async check(name: string, signal?: AbortSignal, onBytes?: (bytes: number) => void): Promise<void> {
    // Without new memory for each piece, this takes half the time.
    const memory = [new Uint8Array(PIECE_BYTES), new Uint8Array(PIECE_BYTES)];
    for await (const piece of this.#pieces(this.#entry(name), signal, memory)) onBytes?.(piece.length);
  }

  /**
   * An entry as a range of a file. A deflated one is inflated into a temporary file without a name, and its CRC is
   * checked, with `onBytes` as in `check`; that of a stored one is not: see `check`. Throws as `read`, and
   * ERR_NO_SPACE.
   */
  async range(name: string, signal?: AbortSignal, onBytes?: (bytes: number) => void): Promise<OpenedRange> {
    const entry = this.#entry(name);
    const size = entry.uncompressedSize;
    const path = this.#place(name);
    if (entry.compressionMethod === STORED) {
      const start = await this.directory.startOf(entry);
      return { path, file: this.file, start, size, [Symbol.asyncDispose]: async () => undefined };
    }
    const file = await temporaryFile(size, counted(this.#pieces(entry, signal), onBytes));
    return { path, file, start: 0, size, [Symbol.asyncDispose]: () => file.close() };
  }

  #entry(name: string): Entry {
    const entry = this.directory.entries.get(name);
    if (entry === undefined)
      throw new TensorBundleError('ERR_NOT_FOUND', `there is no ${name} in ${this.path}`, {
        path: this.path,
        expected: name,
      });
    this.#checkForm(entry);
    return entry;
  }

  #checkForm(entry: Entry): void {
    const { compressionMethod: method, compressedSize: stored, uncompressedSize: bytes } = entry;
    const place = this.#place(entry.fileName);
    const details = { path: this.path, found: method };
    if (entry.isEncrypted())
      throw new TensorBundleError('ERR_NOT_SUPPORTED', `${place} is encrypted; store it without a password`, details);
    if (method !== STORED && method !== DEFLATED) {
      throw new TensorBundleError(
        'ERR_NOT_SUPPORTED',
        `${place} is compressed by method ${method} of zip; Keras stores it (0), and deflate (8) is known, too`,
        details,
      );
    }
    if (method === STORED) return;
    const isImpossible = bytes > MAX_EXPANSION * (stored + 1);
    if (!isImpossible && !(bytes > BOMB_BYTES && bytes > BOMB_EXPANSION * stored)) return;
    throw new TensorBundleError(
      isImpossible ? 'ERR_CORRUPT' : 'ERR_TOO_LARGE',
      `${place} would have ${bytes} bytes, made of ${stored}; Keras refuses such archives, too. If you trust it, ` +
        'unpack it, and pack it again without compression (zip -0)',
      { path: this.path, expected: BOMB_EXPANSION * stored, found: bytes },
    );
  }

  /** All bytes of an entry. Throws ERR_CHECKSUM at their end. With `memory`, a piece is good until the next. */
  async *#pieces(
    entry: Entry,
    signal: AbortSignal | undefined,
    memory: readonly Uint8Array[] = [],
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const start = await this.directory.startOf(entry);
    const { compressedSize, uncompressedSize, fileName } = entry;
    const place = { file: this.file, start, length: compressedSize };
    const isStored = entry.compressionMethod === STORED;
    const pieces = isStored ? storedPieces(place, signal, memory) : inflated(storedPieces(place, signal));
    let crc = 0;
    let bytes = 0;
    try {
      for await (const piece of pieces) {
        bytes += piece.length;
        if (bytes > uncompressedSize) break;
        crc = crc32(piece, crc);
        yield piece;
      }
    } catch (cause) {
      throw cause instanceof TensorBundleError ? cause : this.#damaged(fileName, 'cannot be inflated', { cause });
    }
    if (bytes !== uncompressedSize)
      throw this.#damaged(fileName, 'has not the size that it should have', {
        expected: uncompressedSize,
        found: bytes,
      });
    if (crc === entry.crc32) return;
    throw new TensorBundleError(
      'ERR_CHECKSUM',
      `${this.#place(fileName)} is damaged: its CRC-32 is ${crc}, and should be ${entry.crc32}; get the file again`,
      { path: this.path, offset: start, expected: entry.crc32, found: crc },
    );
  }

  #damaged(name: string, what: string, details: object): TensorBundleError {
    return new TensorBundleError('ERR_CORRUPT', `${this.#place(name)} is damaged: it ${what}`, {
      path: this.path,
      ...details,
    });
  }

  #place(name: string): string {
    return `${this.path}, ${name}`;
  }
}

async function* counted(
  pieces: AsyncIterable<Uint8Array>,
  onBytes: ((bytes: number) => void) | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const piece of pieces) {
    onBytes?.(piece.length);
    yield piece;
  }
}

interface Place {
  readonly file: ReadableFile;
  readonly start: number;
  readonly length: number;
}

/** The next piece is read while the one before is used. `memory`: two buffers that are used by turns. */
async function* storedPieces(
  { file, start, length }: Place,
  signal: AbortSignal | undefined,
  memory: readonly Uint8Array[] = [],
): AsyncGenerator<Uint8Array, void, undefined> {
  const end = start + length;
  let turn = 0;
  const pieceAt = async (at: number): Promise<Uint8Array> => {
    const bytes = Math.min(PIECE_BYTES, end - at);
    const piece = memory[turn++ % 2]?.subarray(0, bytes) ?? new Uint8Array(bytes);
    await file.read(at, piece);
    return piece;
  };
  let next = length > 0 ? pieceAt(start) : undefined;
  for (let at = start; next !== undefined; ) {
    throwIfAborted(signal, 'reading');
    const piece = await next;
    at += piece.length;
    next = at < end ? pieceAt(at) : undefined;
    // It may fail while its reader is busy, or never be asked for.
    next?.catch(() => undefined);
    yield piece;
  }
}

async function* inflated(stored: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const inflate = createInflateRaw({ chunkSize: PIECE_BYTES });
  const source = Readable.from(stored, { highWaterMark: 1 });
  source.once('error', error => inflate.destroy(error));
  source.pipe(inflate);
  try {
    yield* inflate as AsyncIterable<Uint8Array>;
  } finally {
    source.destroy();
  }
}
