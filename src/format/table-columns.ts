/**
 * The entries of a table as growing columns of positions. No object is made per entry, and memory is used only for
 * entries that were really there.
 */
import type { PlainTable } from '../binding.js';
import { TensorBundleError } from '../errors.js';
import type { BlockCursor } from './block-cursor.js';
import {
  MAX_ENTRIES,
  MAX_KEY_EXPANSION,
  MAX_KEY_LENGTH,
  MAX_LONG_KEY_LENGTH,
  MAX_LONG_KEYS,
  MIN_ENTRY_BYTES,
  SLACK_BYTES,
  SLACK_ENTRIES,
} from './table-format.js';

/** The most characters that a string may have on every supported Node. */
export const MAX_KEY_BYTES = 0x1fff_ffe8;

/** What a table is read into. */
export interface Columns extends Omit<PlainTable, 'text'> {
  /** Rows that are filled. Default: all. */
  readonly count?: number;
  /** Index of the block that each value lies in. Default: all in the first. */
  readonly blocks?: Uint32Array;
}

export class TableColumns implements Columns {
  count = 0;
  /** All keys, one after another. The key of entry i goes from keyEnds[i - 1] (0 for the first) to keyEnds[i]. */
  keys = new Uint8Array(65_536);
  keyEnds = new Uint32Array(1024);
  valueStarts = new Uint32Array(1024);
  valueEnds = new Uint32Array(1024);
  /** Index of the block that the value lies in. */
  blocks = new Uint32Array(1024);
  /** 1 where the key is ASCII. */
  ascii = new Uint8Array(1024);
  private keyBytes = 0;
  private readonly keyLengths: KeyLengths;
  private readonly maxKeyBytes: number;
  private readonly maxEntries: number;

  constructor(
    private readonly path: string,
    fileBytes: number,
  ) {
    this.keyLengths = new KeyLengths(path);
    this.maxKeyBytes = Math.min(MAX_KEY_BYTES, MAX_KEY_EXPANSION * fileBytes + SLACK_BYTES);
    this.maxEntries = Math.min(MAX_ENTRIES, Math.floor(fileBytes / MIN_ENTRY_BYTES) + SLACK_ENTRIES);
  }

  /**
   * Adds the current entry of the cursor. Throws ERR_TOO_LARGE if there are more entries, or longer keys, than a real
   * checkpoint has.
   */
  push(cursor: BlockCursor, block: number): void {
    const { count, keyBytes } = this;
    const { key, keyLength } = cursor;
    this.keyLengths.check(cursor);
    const end = keyBytes + keyLength;
    if (end > this.keys.length) this.growKeys(end, cursor);
    if (count === this.maxEntries) throw this.tooManyEntries(cursor);
    if (count === this.keyEnds.length) this.growRows();
    const { keys } = this;
    if (keyLength < 128) for (let i = 0; i < keyLength; i++) keys[keyBytes + i] = key[i]!;
    else keys.set(key.subarray(0, keyLength), keyBytes);
    this.keyBytes = end;
    this.keyEnds[count] = end;
    this.valueStarts[count] = cursor.valueStart;
    this.valueEnds[count] = cursor.valueEnd;
    this.blocks[count] = block;
    this.ascii[count] = cursor.ascii ? 1 : 0;
    this.count = count + 1;
  }

  private growKeys(needed: number, cursor: BlockCursor): void {
    if (needed > this.maxKeyBytes) throw tooManyKeyBytes(this.path, cursor.valueStart, this.maxKeyBytes, needed);
    const grown = new Uint8Array(Math.min(Math.max(needed, 2 * this.keys.length), this.maxKeyBytes));
    grown.set(this.keys);
    this.keys = grown;
  }

  private tooManyEntries(cursor: BlockCursor): TensorBundleError {
    const { path, maxEntries } = this;
    return new TensorBundleError(
      'ERR_TOO_LARGE',
      `${path} holds more than the ${maxEntries} entries that an index of its size may have (${MIN_ENTRY_BYTES} ` +
        `bytes each, at most ${MAX_ENTRIES}); if a program really made it so, split the checkpoint`,
      { path, offset: cursor.valueStart, expected: maxEntries },
    );
  }

  private growRows(): void {
    const size = Math.min(2 * this.keyEnds.length, this.maxEntries);
    const grow = (column: Uint32Array): Uint32Array<ArrayBuffer> => {
      const grown = new Uint32Array(size);
      grown.set(column);
      return grown;
    };
    this.keyEnds = grow(this.keyEnds);
    this.valueStarts = grow(this.valueStarts);
    this.valueEnds = grow(this.valueEnds);
    this.blocks = grow(this.blocks);
    const ascii = new Uint8Array(size);
    ascii.set(this.ascii);
    this.ascii = ascii;
  }
}

/** Checks the lengths of keys, one after another. A key is read in one go, so few may be long. */
export class KeyLengths {
  #long = 0;

  constructor(private readonly path: string) {}

  /** ERR_TOO_LARGE. */
  check({ keyLength, valueStart }: BlockCursor): void {
    if (keyLength <= MAX_KEY_LENGTH) return;
    if (keyLength <= MAX_LONG_KEY_LENGTH && ++this.#long <= MAX_LONG_KEYS) return;
    const { path } = this;
    throw new TensorBundleError(
      'ERR_TOO_LARGE',
      `a key of ${path} has ${keyLength} bytes; at most ${MAX_LONG_KEYS} keys may have more than ${MAX_KEY_LENGTH}, ` +
        `and none more than ${MAX_LONG_KEY_LENGTH}; give the tensors shorter names`,
      { path, offset: valueStart, expected: MAX_KEY_LENGTH, found: keyLength },
    );
  }
}

/** Keys that share long prefixes expand: an entry of a few bytes in the file becomes the whole key in memory. */
export function tooManyKeyBytes(path: string, offset: number, expected: number, found: number): TensorBundleError {
  return new TensorBundleError(
    'ERR_TOO_LARGE',
    `the keys of ${path} expand to more than ${expected} bytes; no program that writes checkpoints makes such ` +
      `a file; use another copy`,
    { path, offset, expected, found },
  );
}
