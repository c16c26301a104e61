/**
 * The entries of a table as columns of positions that grow as they are read: no object per entry, and memory only for
 * what was really there.
 */
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

/** What one string may hold on every supported Node. */
export const MAX_KEY_BYTES = 0x1fff_ffe8;

export class TableColumns {
  count = 0;
  /** All keys, one after another: entry i from keyEnds[i - 1] (0 for the first) to keyEnds[i]. */
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
   * Takes the cursor's present entry. ERR_TOO_LARGE if the entries are more, or the keys longer, than in a file in good
   * faith.
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

  keyStart(i: number): number {
    return i === 0 ? 0 : this.keyEnds[i - 1]!;
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
        `bytes each, at most ${MAX_ENTRIES}); split the checkpoint if a program made it in good faith`,
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

/** Lengths of keys, one after another: each key is taken at one stretch. */
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
      `a key of ${path} has ${keyLength} bytes; more than ${MAX_KEY_LENGTH} are read of ${MAX_LONG_KEYS} keys only, ` +
        `and at most ${MAX_LONG_KEY_LENGTH}; give the tensors shorter names`,
      { path, offset: valueStart, expected: MAX_KEY_LENGTH, found: keyLength },
    );
  }
}

/** Keys that share long beginnings expand: entry for entry a few bytes, in memory the whole key. */
export function tooManyKeyBytes(path: string, offset: number, expected: number, found: number): TensorBundleError {
  return new TensorBundleError(
    'ERR_TOO_LARGE',
    `the keys of ${path} expand to more than ${expected} bytes; this is not a checkpoint that a program made in ` +
      `good faith`,
    { path, offset, expected, found },
  );
}
