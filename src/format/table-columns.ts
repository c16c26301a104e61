/**
 * The entries of a table as columns of positions that grow as they are read: no object per entry, and memory only for
 * what was really there.
 */
import { TensorBundleError } from '../errors.js';
import type { BlockCursor } from './block-cursor.js';

/**
 * With restarts every 16 entries the keys take at most 16 times the blocks; a file that makes more than this of them is
 * an attack on memory, not a table.
 */
const MAX_KEY_EXPANSION = 64;
/** What one buffer and one string may hold on every supported Node. */
const MAX_KEY_BYTES = 0x1fff_ffff;

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
  private readonly maxKeyBytes: number;

  constructor(
    private readonly path: string,
    fileBytes: number,
  ) {
    this.maxKeyBytes = Math.min(MAX_KEY_BYTES, MAX_KEY_EXPANSION * fileBytes + 1_048_576);
  }

  /** Takes the cursor's present entry. ERR_TOO_LARGE if the keys expand beyond reason. */
  push(cursor: BlockCursor, block: number): void {
    const { count, keyBytes } = this;
    const { key, keyLength } = cursor;
    const end = keyBytes + keyLength;
    if (end > this.keys.length) this.growKeys(end, cursor);
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
    if (needed > this.maxKeyBytes) {
      throw new TensorBundleError(
        'ERR_TOO_LARGE',
        `the keys of ${this.path} expand to more than ${this.maxKeyBytes} bytes; this is not a checkpoint that a program made in good faith`,
        { path: this.path, offset: cursor.valueStart, expected: this.maxKeyBytes, found: needed },
      );
    }
    const grown = new Uint8Array(Math.min(Math.max(needed, 2 * this.keys.length), this.maxKeyBytes));
    grown.set(this.keys);
    this.keys = grown;
  }

  private growRows(): void {
    const size = 2 * this.keyEnds.length;
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
