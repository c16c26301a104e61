/**
 * A parsed index: the header, the names, and entries that are decoded when they are needed. Names are those of tensors;
 * the header and the entries of slices are kept apart.
 */
import type { PlainTable } from '../binding.js';
import { TensorBundleError } from '../errors.js';
import type { ByteOrigin } from '../format/bytes.js';
import { decodeEntry, decodeEntryInSteps, type StoredEntry } from '../format/entry.js';
import { decodeHeader } from '../format/header.js';
import { decodeSliceKey, sliceKeyOf } from '../format/slice-key.js';
import type { SliceExtent } from '../format/slices.js';
import { type TableProblem, TableReader } from '../format/table-reader.js';
import { atOnce, inTurns, type Steps } from '../format/turns.js';
import { DecodedEntries } from './decoded-entries.js';
import { IndexNames } from './index-names.js';
import { nearNames } from './near-names.js';
import type { StoredTensor } from './stored-tensor.js';

/** First byte of a slice's key (WriteNumIncreasing(0)). */
const SLICE_MARK = 0;
/**
 * If there are more entries than this, the names are made while the index is opened, in turns, and not when they are
 * first needed.
 */
const MANY_ENTRIES = 50_000;
const STEP_ENTRIES = 1024;
/** Bytes of keys that are read between two stops. */
const STEP_KEY_BYTES = 1_048_576;
/** The names are also made at opening if all keys together have this many bytes. */
const MANY_KEY_BYTES = 4 * STEP_KEY_BYTES;
/** An entry with this many bytes has many slices, and is decoded in steps. */
const LONG_ENTRY_BYTES = 16_384;

export class IndexFile {
  readonly numShards: number;
  /** Tensor data is in the other byte order. */
  readonly bigEndian: boolean;
  readonly #table: TableReader;
  #decoded: DecodedEntries | null = null;
  #names: IndexNames | null = null;

  private constructor(
    readonly bytes: Uint8Array,
    readonly path: string,
    table: TableReader,
  ) {
    this.#table = table;
    const { header: found } = table;
    if (found === null) {
      throw new TensorBundleError(
        'ERR_NOT_A_CHECKPOINT',
        `${path} is a table, but without the header of a checkpoint`,
        { path },
      );
    }
    const header = decodeHeader(found.value, path, found.offset);
    this.numShards = header.numShards;
    this.bigEndian = header.bigEndian;
  }

  /**
   * Throws ERR_TRUNCATED, ERR_NOT_A_CHECKPOINT, ERR_V1_FORMAT, ERR_CHECKSUM, ERR_CORRUPT, ERR_TOO_LARGE, with `path`
   * and `offset`, and ERR_ABORTED.
   */
  static read(
    bytes: Uint8Array,
    path: string,
    options: { strict?: boolean; signal?: AbortSignal | undefined } = {},
  ): Promise<IndexFile> {
    return inTurns(IndexFile.#read(bytes, path, options.strict ?? false), options.signal, 'reading the index');
  }

  /** Over the columns that the addon made of `bytes`. Throws what is wrong with the header, as `read`. */
  static async plain(bytes: Uint8Array, path: string, table: PlainTable, signal?: AbortSignal): Promise<IndexFile> {
    const index = new IndexFile(bytes, path, TableReader.plain(bytes, path, table));
    if (index.#isMany()) await inTurns(index.#nameAll(), signal, 'reading the index');
    return index;
  }

  static *#read(bytes: Uint8Array, path: string, strict: boolean): Steps<IndexFile> {
    const index = new IndexFile(bytes, path, yield* TableReader.read(bytes, path, { strict }));
    if (!strict && index.#isMany()) yield* index.#nameAll();
    return index;
  }

  #isMany(): boolean {
    const { count } = this.#table;
    return count > MANY_ENTRIES || this.#table.keyStart(count) > MANY_KEY_BYTES;
  }

  /** Rules that the table breaks, although it can be read. Only filled by a strict opening. */
  get problems(): readonly TableProblem[] {
    return this.#table.problems;
  }

  /** Where the entry at a position lies in the index file. */
  offsetOf(position: number): number {
    return this.#table.valueOffset(position);
  }

  /** In the order of their UTF-8 bytes. */
  names(): readonly string[] {
    return this.#index().names;
  }

  has(name: string): boolean {
    return this.#find(name) >= 0;
  }

  /** Throws ERR_NOT_FOUND with similar names, ERR_CORRUPT. */
  entry(name: string): StoredEntry {
    return this.#decode(this.#positionOf(name), name);
  }

  /** The entry with its place and type, even for a partitioned tensor. Throws as `entry`. */
  stored(name: string): StoredTensor {
    return this.#storedAt(this.#positionOf(name), name);
  }

  /** The position of each name. Throws ERR_NOT_FOUND with similar names. */
  *positionsOf(names: readonly string[]): Steps<Uint32Array> {
    const positions = new Uint32Array(names.length);
    for (let i = 0; i < names.length; i++) {
      if (i % STEP_ENTRIES === 0) yield;
      positions[i] = this.#positionOf(names[i]!);
    }
    return positions;
  }

  /** As `storedInSteps`, for tensors whose positions are known. */
  *storedAll(names: readonly string[], positions: Uint32Array): Steps<StoredTensor[]> {
    const stored: StoredTensor[] = [];
    for (let i = 0; i < names.length; i++) {
      if (i % STEP_ENTRIES === 0) yield;
      const position = positions[i]!;
      stored.push(
        this.#isLong(position) ? yield* this.#storedInSteps(position, names[i]!) : this.#storedAt(position, names[i]!),
      );
    }
    return stored;
  }

  /** Whether the entry is so long that it should be decoded in steps. Throws ERR_NOT_FOUND. */
  isLong(name: string): boolean {
    return this.#isLong(this.#positionOf(name));
  }

  /** As `entry`, in steps. */
  entryInSteps(name: string): Steps<StoredEntry> {
    return this.#decodeInSteps(this.#positionOf(name), name);
  }

  /** As `stored`, in steps. */
  storedInSteps(name: string): Steps<StoredTensor> {
    return this.#storedInSteps(this.#positionOf(name), name);
  }

  /** One slice of a partitioned tensor. Throws ERR_CORRUPT if its entry is missing or contradicts the full one. */
  slice(name: string, full: StoredEntry, extents: readonly SliceExtent[], size: readonly number[]): StoredTensor {
    const position = this.#table.find(sliceKeyOf(name, extents));
    if (position < 0) {
      throw new TensorBundleError(
        'ERR_CORRUPT',
        `${this.path}: the entry of a slice of '${name}' is missing; the index is damaged`,
        {
          path: this.path,
          tensor: name,
          offset: this.offsetOf(this.#positionOf(name)),
          expected: extents,
        },
      );
    }
    const stored = this.#storedAt(position, name);
    const agrees =
      stored.entry.dtypeNumber === full.dtypeNumber &&
      String(stored.entry.shape) === String(size) &&
      stored.entry.slices.length === 0;
    if (agrees) return stored;
    throw new TensorBundleError(
      'ERR_CORRUPT',
      `${this.path}: a slice of '${name}' has another type or shape than its place in the tensor; the index is damaged`,
      {
        path: this.path,
        tensor: name,
        offset: this.#table.valueOffset(position),
        expected: size,
        found: stored.entry.shape,
      },
    );
  }

  /** Entries after the header: of tensors and of slices. */
  get count(): number {
    return this.#table.count - 1;
  }

  /**
   * Gives one function per entry after the header, in key order, slices included. Call each before asking for the next:
   * it decodes the entry, and gives null for the full entry of a partitioned tensor. A null between the functions is a
   * place to stop.
   */
  *attempts(): Generator<(() => StoredTensor | null) | null> {
    for (let i = 1, from = 1; i < this.#table.count; i++) {
      if (i - from === STEP_ENTRIES / 4 || this.#table.keyStart(i) - this.#table.keyStart(from) > STEP_KEY_BYTES) {
        yield null;
        from = i;
      }
      let stored: StoredTensor | undefined;
      let failure: unknown;
      if (this.#isLong(i)) {
        try {
          const steps = this.#storedInSteps(i, this.#tensorNameAt(i));
          let step = steps.next();
          for (; !step.done; step = steps.next()) yield null;
          stored = step.value;
        } catch (error) {
          failure = error;
        }
      }
      yield () => {
        if (failure !== undefined) throw failure;
        stored ??= this.#storedAt(i, this.#tensorNameAt(i));
        return stored.entry.slices.length > 0 ? null : stored;
      };
    }
  }

  /** The data files that entries lie in, each with the first tensor in it. Entries that cannot be read are ignored. */
  async usedShards(signal: AbortSignal | undefined): Promise<ReadonlyMap<number, string>> {
    return inTurns(this.#usedShards(), signal, 'opening the checkpoint');
  }

  *#usedShards(): Steps<ReadonlyMap<number, string>> {
    const used = new Map<number, string>();
    for (const attempt of this.attempts()) {
      if (attempt === null) {
        yield;
        continue;
      }
      try {
        const stored = attempt();
        if (stored !== null && !used.has(stored.entry.shard)) used.set(stored.entry.shard, stored.name);
      } catch (error) {
        if (!(error instanceof TensorBundleError)) throw error;
      }
    }
    return used;
  }

  #index(): IndexNames {
    if (this.#names !== null) return this.#names;
    const { text } = this.#table;
    // Without a NUL no key is that of a slice. One call of V8 cuts all names.
    if (text !== null) this.#names = IndexNames.all(text.split('\0'));
    return this.#names ?? atOnce(this.#nameAll());
  }

  *#nameAll(): Steps<IndexNames> {
    const names = IndexNames.some(this.#table.count);
    for (let at = 1; at < this.#table.count; yield) at = this.#nameSome(at, names);
    this.#names = names;
    return names;
  }

  /** Gives the position at which it stopped. This loop is outside the generator, where it would be slower. */
  #nameSome(from: number, names: IndexNames): number {
    const to = Math.min(from + STEP_ENTRIES, this.#table.count);
    const start = this.#table.keyStart(from);
    let i = from;
    for (; i < to && this.#table.keyStart(i) - start < STEP_KEY_BYTES; i++)
      if (this.#sliceNameAt(i) === null) names.push(this.#table.name(i), i);
    return i;
  }

  /** Name of the tensor that the key of a slice belongs to; null if the key is that of a tensor itself. */
  #sliceNameAt(position: number): string | null {
    if (this.#table.firstByte(position) !== SLICE_MARK) return null;
    try {
      return Buffer.from(decodeSliceKey(this.#table.key(position)).name).toString('utf8');
    } catch {
      // A tensor's name may begin with NUL. It is not the key of a slice then.
      return null;
    }
  }

  #tensorNameAt(position: number): string {
    return this.#sliceNameAt(position) ?? this.#table.name(position);
  }

  /** -1 if there is no tensor of this name. */
  #find(name: string): number {
    const known = this.#index().find(name);
    if (known >= 0 || this.#names!.complete) return known;
    const found = this.#table.find(name);
    // The header and slices have keys that are not names. Text that is not well-formed finds the key of another text.
    return found > 0 && this.#sliceNameAt(found) === null && this.#table.name(found) === name ? found : -1;
  }

  #positionOf(name: string): number {
    const position = this.#find(name);
    if (position >= 0) return position;
    const near = nearNames(name, this.names());
    const hint = near.length > 0 ? `; there is ${near.map(other => `'${other}'`).join(', ')}` : '';
    throw new TensorBundleError('ERR_NOT_FOUND', `${this.path} holds no tensor '${name}'${hint}`, {
      path: this.path,
      tensor: name,
    });
  }

  /** Decodes the entry only the first time. */
  #decode(position: number, name: string): StoredEntry {
    this.#decoded ??= new DecodedEntries();
    const known = this.#decoded.get(position);
    if (known !== undefined) return known;
    const start = this.#table.valueStart(position);
    const bytes = this.#table.buffer(position);
    const entry = decodeEntry(bytes, this.#originOf(position, name), start, this.#table.valueEnd(position));
    this.#decoded.keep(position, entry);
    return entry;
  }

  #originOf(position: number, name: string): ByteOrigin {
    return { path: this.path, tensor: name, offset: this.#table.valueOffset(position) };
  }

  #storedAt(position: number, name: string): StoredTensor {
    const entry = this.#decode(position, name);
    return { name, position, entry, dtype: entry.dtype };
  }

  #isLong(position: number): boolean {
    return this.#table.valueEnd(position) - this.#table.valueStart(position) >= LONG_ENTRY_BYTES;
  }

  *#decodeInSteps(position: number, name: string): Steps<StoredEntry> {
    if (!this.#isLong(position)) return this.#decode(position, name);
    this.#decoded ??= new DecodedEntries();
    const known = this.#decoded.get(position);
    if (known !== undefined) return known;
    const entry = yield* decodeEntryInSteps(this.#table.value(position), this.#originOf(position, name));
    this.#decoded.keep(position, entry);
    return entry;
  }

  *#storedInSteps(position: number, name: string): Steps<StoredTensor> {
    const entry = yield* this.#decodeInSteps(position, name);
    return { name, position, entry, dtype: entry.dtype };
  }
}
