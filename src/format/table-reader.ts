/**
 * Reads a whole sorted string table: every block once, with its checksum. The result is columns of positions; all keys
 * are in one buffer, and values stay where they are. So opening 100,000 entries makes no object per entry
 * (tensorflow/core/lib/io/table.cc, two_level_iterator.cc).
 */
import { TextDecoder } from 'node:util';
import type { PlainTable } from '../binding.js';
import { type ErrorCode, TensorBundleError } from '../errors.js';
import { BlockCursor } from './block-cursor.js';
import { type BlockContents, type BlockHandle, BlockSource, type Footer } from './block-source.js';
import { ByteReader } from './bytes.js';
import { type Columns, KeyLengths, TableColumns, tooManyKeyBytes } from './table-columns.js';
import {
  BLOCK_TRAILER_BYTES,
  INDEX_RESTART_INTERVAL,
  MAX_KEY_EXPANSION,
  RESTART_INTERVAL,
  SLACK_BYTES,
} from './table-format.js';
import { type Steps, sorted } from './turns.js';

/** A rule that the file breaks, although it can be read. */
export interface TableProblem {
  code: ErrorCode;
  /** Bytes from the start of the file. */
  offset: number;
  message: string;
}

interface TableEntry {
  key: Uint8Array;
  value: Uint8Array;
  /** Offset of the value in the file, or of its block if that is compressed. */
  offset: number;
}

interface IndexEntry extends BlockHandle {
  readonly key: Uint8Array;
}

/** Entries that are read between two stops. */
const STEP_ENTRIES = 4096;
/** Bytes of keys that are read between two stops. */
const STEP_BYTES = 1_048_576;
/** The most problems that are kept: a hostile file could break a rule in each of its blocks. */
const MAX_PROBLEMS = 1000;

export class TableReader {
  /** What a strict reading found besides errors. Otherwise empty. */
  get problems(): readonly TableProblem[] {
    return this.strict ? this.found : [];
  }
  private readonly found: TableProblem[] = [];
  private readonly blocks: BlockContents[] = [];
  private keyText: string | null = null;

  private constructor(
    readonly path: string,
    private readonly columns: Columns,
    /** All keys after the first, where they are known as one text with NULs between them. */
    readonly text: string | null,
    private readonly strict: boolean,
  ) {}

  /** Over the columns that the addon made of the whole file `bytes`; referenced, not copied. */
  static plain(bytes: Uint8Array, path: string, { text, ...columns }: PlainTable): TableReader {
    const table = new TableReader(path, columns, text, false);
    table.blocks.push({ bytes, start: 0, end: bytes.length, fileOffset: 0, compressed: false });
    return table;
  }

  /**
   * @param bytes the whole file; referenced, not copied.
   * @param options.strict also fills `problems`: padding that is not zero, bytes that belong to no block, irregular
   * restarts, index keys that do not separate the blocks.
   * @throws ERR_TRUNCATED, ERR_NOT_A_CHECKPOINT, ERR_CHECKSUM, ERR_CORRUPT, ERR_TOO_LARGE, each with path and offset.
   */
  static *read(bytes: Uint8Array, path: string, options: { strict?: boolean } = {}): Steps<TableReader> {
    const columns = new TableColumns(path, bytes.length);
    const table = new TableReader(path, columns, null, options.strict ?? false);
    const source = new BlockSource(bytes, path);
    const footer = source.footer();
    yield* table.readMetaindex(source, footer);
    const index = yield* table.readIndex(source, footer);
    yield* table.readData(source, index, columns);
    if (footer.dirtyPadding !== null)
      table.report(footer.dirtyPadding, 'the footer is not two handles in their shortest form and zeros');
    yield* table.checkTiling([...index, footer.metaindex, footer.index], source.limit);
    return table;
  }

  /** Number of entries. */
  get count(): number {
    return this.columns.count ?? this.columns.keyEnds.length;
  }

  /** The value of the empty key, which comes first, and its offset as `valueOffset` tells it. Null without one. */
  get header(): { value: Uint8Array; offset: number } | null {
    const { columns } = this;
    if (this.count === 0 || columns.keyEnds[0] !== 0) return null;
    const { bytes, compressed, fileOffset } = this.blocks[columns.blocks?.[0] ?? 0]!;
    const start = columns.valueStarts[0]!;
    return { value: bytes.subarray(start, columns.valueEnds[0]), offset: compressed ? fileOffset : start };
  }

  /** Key of entry i, as a view of shared memory: do not write to it. */
  key(i: number): Uint8Array {
    return this.columns.keys.subarray(this.keyStart(i), this.columns.keyEnds[i]!);
  }

  /**
   * First byte of key i, or -1 for the empty key. Distinguishes keys of slices (0) from names without making a view.
   */
  firstByte(i: number): number {
    const start = this.keyStart(i);
    return start === this.columns.keyEnds[i]! ? -1 : this.columns.keys[start]!;
  }

  /** Bytes of all keys before entry i together. */
  keyStart(i: number): number {
    return i === 0 ? 0 : this.columns.keyEnds[i - 1]!;
  }

  /** Key of entry i as text. ERR_CORRUPT if it is not UTF-8. */
  name(i: number): string {
    const { columns } = this;
    if (columns.ascii[i] === 1) {
      // One string for all keys, cut without copying: five times as fast as decoding each key.
      this.keyText ??= Buffer.from(columns.keys.buffer, 0, columns.keyEnds[this.count - 1]).toString('latin1');
      return this.keyText.substring(this.keyStart(i), columns.keyEnds[i]!);
    }
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.key(i));
    } catch (cause) {
      const offset = this.valueOffset(i);
      throw new TensorBundleError(
        'ERR_CORRUPT',
        `a key of ${this.path} near byte ${offset} is not UTF-8; the file is damaged`,
        {
          path: this.path,
          offset,
          cause,
        },
      );
    }
  }

  /** The memory that holds the value of entry i, from `valueStart(i)` to `valueEnd(i)`. */
  buffer(i: number): Uint8Array {
    return this.blockOf(i).bytes;
  }

  valueStart(i: number): number {
    return this.columns.valueStarts[i]!;
  }

  valueEnd(i: number): number {
    return this.columns.valueEnds[i]!;
  }

  /** Value of entry i as a view. */
  value(i: number): Uint8Array {
    return this.buffer(i).subarray(this.valueStart(i), this.valueEnd(i));
  }

  /** Offset of value i in the file, or of its block if that is compressed. */
  valueOffset(i: number): number {
    const block = this.blockOf(i);
    return block.compressed ? block.fileOffset : this.valueStart(i);
  }

  /** Index of the entry with exactly this key (text as UTF-8), or -1. */
  find(key: Uint8Array | string): number {
    const wanted = typeof key === 'string' ? Buffer.from(key, 'utf8') : key;
    let low = 0;
    let high = this.count - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const order = Buffer.compare(this.key(middle), wanted);
      if (order === 0) return middle;
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  /** All entries in key order, as views. */
  *entries(): IterableIterator<TableEntry> {
    for (let i = 0; i < this.count; i++) yield { key: this.key(i), value: this.value(i), offset: this.valueOffset(i) };
  }

  private blockOf(i: number): BlockContents {
    return this.blocks[this.columns.blocks?.[i] ?? 0]!;
  }

  private report(offset: number, message: string): void {
    if (this.found.length < MAX_PROBLEMS) this.found.push({ code: 'ERR_CORRUPT', offset, message });
  }

  /** TensorFlow writes this block empty and never reads it; it is checked like the others. */
  private *readMetaindex(source: BlockSource, footer: Footer): Steps<void> {
    const cursor = new BlockCursor(this.path, RESTART_INTERVAL);
    cursor.enter(yield* source.read(footer.metaindex));
    while (cursor.next()) if (cursor.entries % STEP_ENTRIES === 0) yield;
  }

  private *readIndex(source: BlockSource, footer: Footer): Steps<IndexEntry[]> {
    const block = yield* source.read(footer.index);
    const cursor = new BlockCursor(this.path, INDEX_RESTART_INTERVAL);
    const handles: IndexEntry[] = [];
    const origin = { path: this.path, offset: block.compressed ? block.fileOffset : 0 };
    const maxKeyBytes = MAX_KEY_EXPANSION * source.bytes.length + SLACK_BYTES;
    const keyLengths = new KeyLengths(this.path);
    let keyBytes = 0;
    let end = 0;
    cursor.enter(block);
    while (cursor.next()) {
      keyLengths.check(cursor);
      const before = Math.floor(keyBytes / STEP_BYTES);
      keyBytes += cursor.keyLength;
      if (cursor.entries % STEP_ENTRIES === 0 || Math.floor(keyBytes / STEP_BYTES) > before) yield;
      if (keyBytes > maxKeyBytes) throw tooManyKeyBytes(this.path, cursor.valueStart, maxKeyBytes, keyBytes);
      const reader = new ByteReader(block.bytes, cursor.valueStart, cursor.valueEnd, origin);
      const handle = source.handle(reader, 'a data block');
      // Blocks must be in file order and not overlap, so that each byte is read once, whatever the index says.
      if (handle.offset < end) {
        throw reader.corrupt('a data block overlaps the one before it', cursor.valueStart, {
          expected: end,
          found: handle.offset,
        });
      }
      end = handle.offset + handle.size + BLOCK_TRAILER_BYTES;
      handles.push({ ...handle, key: cursor.copyKey() });
    }
    if (!cursor.regular) this.report(footer.index.offset, 'the index block does not have one restart per entry');
    return handles;
  }

  private *readData(source: BlockSource, index: readonly IndexEntry[], columns: TableColumns): Steps<void> {
    const cursor = new BlockCursor(this.path, RESTART_INTERVAL);
    for (const [i, handle] of index.entries()) {
      const block = yield* source.read(handle);
      this.blocks.push(block);
      cursor.enter(block);
      const first = columns.count;
      while (takeEntries(columns, cursor, i)) yield;
      if (columns.count === first) {
        this.report(handle.offset, 'a data block has no entries');
        continue;
      }
      if (!cursor.regular)
        this.report(handle.offset, `the restarts of a block are not ${RESTART_INTERVAL} entries apart`);
      const before = index[i - 1];
      if (before && Buffer.compare(before.key, this.key(first)) >= 0) {
        this.report(before.offset, 'the index key of a block is not below the keys of the next block');
      }
      if (Buffer.compare(handle.key, this.key(columns.count - 1)) < 0) {
        this.report(handle.offset, 'the index key of a block is below the last key of the block');
      }
    }
  }

  /** Blocks and their trailers must follow each other from byte 0 to the footer, without gaps. */
  private *checkTiling(handles: readonly BlockHandle[], limit: number): Steps<void> {
    let end = 0;
    for (const { offset, size } of yield* sorted(handles, (a, b) => a.offset - b.offset)) {
      if (offset > end) this.report(end, `${offset - end} bytes belong to no block`);
      if (offset < end) this.report(offset, 'two blocks overlap');
      end = Math.max(end, offset + size + BLOCK_TRAILER_BYTES);
    }
    if (end < limit) this.report(end, `${limit - end} bytes before the footer belong to no block`);
  }
}

/**
 * Adds the next entries of a block; false at its end. This loop is outside the generator, where it would be slower.
 */
function takeEntries(columns: TableColumns, cursor: BlockCursor, block: number): boolean {
  let bytes = 0;
  for (let taken = 0; taken < STEP_ENTRIES && bytes < STEP_BYTES; taken++) {
    if (!cursor.next()) return false;
    columns.push(cursor, block);
    bytes += cursor.keyLength;
  }
  return true;
}
