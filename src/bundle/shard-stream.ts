/**
 * Writes the items of one shard to its file, in order. It gathers small tensors into one native call, and copies or
 * pulls the next batch while the one before is being written. It never holds more than a few MiB beside the memory that
 * the caller has anyway. Callers' bytes are copied (chunk-pool.ts). Memory that was made for the save, and that no
 * caller has, is written directly.
 */

import { native } from '../binding.js';
import { TensorBundleError, throwIfAborted } from '../errors.js';
import { isBytes } from '../realms.js';
import type { NewShard } from '../storage/new-files.js';
import type { Chunk, ChunkPool } from './chunk-pool.js';
import { viewOf } from './elements.js';
import type { Item, Pulled } from './item.js';
import { checkLength, checkPiece, isAsyncIterable, orAborted, untilAborted } from './lazy-sources.js';
import { Batch, KNOWN } from './shard-batch.js';

/** The most bytes that one native call writes directly, without a copy. This is also how often an abort is noticed. */
const CALL_BYTES = 8 * 1024 * 1024;
/** Smaller data is always copied: that costs less than a view. */
const MIN_VIEW_BYTES = 64 * 1024;
/** From this size on, bytes that are copied are checksummed by the copy, while they are in the processor's cache. */
const CHECKSUMMED_BYTES = 16 * 1024;
/** Pulled bytes are gathered up to this size. Three such batches may exist: two being written, one being pulled. */
const PULL_BYTES = 2 * 1024 * 1024;
/** So many pulled bytes are written at once unless two calls are under way: then the next are pulled meanwhile. */
const IDLE_BYTES = 256 * 1024;
const LARGE_BYTES = 4 * 1024 * 1024;
/** Small pulled tensors are asked for together, so that a source that reads files can join its reads. */
const GROUP_BYTES = 1024 * 1024;
const GROUP_ITEMS = 1024;
const CALL_ITEMS = 16_384;

/** An upper bound of the bytes that streams copy of these items. Pieces that a source gives may be of any size. */
export function copiedBytes(items: readonly Item[]): number {
  return items.reduce((sum, { content, bytes }) => sum + (isDirect(content, bytes!) ? MIN_VIEW_BYTES : bytes!), 0);
}

function isDirect({ own }: Item['content'], bytes: number): boolean {
  return own !== undefined && bytes >= MIN_VIEW_BYTES;
}

interface StreamHooks {
  signal: AbortSignal | undefined;
  /** Bytes that were just handed to the file. */
  onBytes(bytes: number): void;
  /** The last native call was started: what is called on the file now is carried out right after it. */
  onLast(): void;
}

export class ShardStream {
  #batch = new Batch();
  /**
   * The last two native calls. While one is being carried out, the next waits in the engine, so that the file is never
   * idle.
   */
  #writing: Promise<void> = Promise.resolve();
  #before: Promise<void> = Promise.resolve();
  /** Native calls that have not settled. */
  #running = 0;
  readonly #crcs: Uint32Array;

  constructor(
    private readonly shard: NewShard,
    private readonly items: readonly Item[],
    private readonly chunks: ChunkPool,
    private readonly hooks: StreamHooks,
  ) {
    this.#crcs = new Uint32Array(items.length);
  }

  /** Writes all items. Gives the CRC32C that is stored for each. */
  async run(): Promise<Uint32Array> {
    try {
      for (let at = 0; at < this.items.length; ) {
        const { content, bytes } = this.items[at]!;
        if (content.kind === 'memory') {
          const next = this.#packSmall(at);
          if (next === at) await this.#add(at++, content.view, bytes!, content.own !== undefined);
          else at = next;
        } else at = await this.#addPulled(at);
      }
      await this.#flush();
      this.hooks.onLast();
    } finally {
      await this.#settled();
    }
    for (let i = 0; i < this.items.length; i++) {
      const { content } = this.items[i]!;
      if (content.kind === 'memory' && content.crc !== undefined) this.#crcs[i] = content.crc;
    }
    return this.#crcs;
  }

  /** `bytes` is the size that the view must have until its last bytes were taken. `own`: no caller has the memory. */
  async #add(at: number, view: ArrayBufferView, bytes: number, own: boolean): Promise<void> {
    if (own && bytes >= MIN_VIEW_BYTES) await this.#addOwn(at, view, bytes);
    else await this.#copy(at, view, bytes);
  }

  /** Copies small arrays from position `at` on, while there is room. Gives the position after them. */
  #packSmall(at: number): number {
    const { chunk, lengths } = this.#batch;
    if (chunk === null) return at;
    let next = at;
    for (; next < this.items.length && lengths.length < CALL_ITEMS; next++) {
      const { content, name } = this.items[next]!;
      const bytes = this.items[next]!.bytes!;
      if (content.kind !== 'memory' || bytes > chunk.room) break;
      if (chunk.pack(content.view, bytes)) this.#batch.note(next, bytes);
      else {
        if (content.own !== undefined && bytes >= MIN_VIEW_BYTES) break;
        checkLength(name, bytes, content.view.byteLength);
        this.#copyInto(chunk, next, content.view, 0, bytes);
      }
    }
    return next;
  }

  async #copy(at: number, view: ArrayBufferView, bytes: number): Promise<void> {
    const { name } = this.items[at]!;
    checkLength(name, bytes, view.byteLength);
    for (let start = 0; start < bytes || start === 0; ) {
      if (this.#batch.chunk?.room === 0 || this.#batch.lengths.length >= CALL_ITEMS) await this.#flush();
      this.#batch.chunk ??= await this.chunks.take();
      const { chunk } = this.#batch;
      // Nothing is awaited between this check and the end of the copy.
      checkLength(name, bytes, view.byteLength);
      const length = Math.min(chunk.room, bytes - start);
      this.#copyInto(chunk, at, view, start, length);
      start += length;
      if (length === 0) return;
    }
  }

  /**
   * The length that a view claims may be false; what its buffer has is copied. Throws ERR_SHAPE if that is too little.
   */
  #copyInto(chunk: Chunk, at: number, view: ArrayBufferView, start: number, length: number): void {
    const item = this.items[at]!;
    // Not if parts of it are written without a copy: a checksum goes on from the part before.
    const isChecksummed = item.content.own === undefined && item.bytes! >= CHECKSUMMED_BYTES;
    try {
      if (isChecksummed) this.#crcs[at] = chunk.copyChecksummed(view, start, length, this.#crcs[at]!);
      else chunk.copy(view, start, length);
    } catch (cause) {
      throw goneError(item.name, start, length, cause);
    }
    this.#batch.note(isChecksummed ? KNOWN : at, length);
  }

  async #addOwn(at: number, view: ArrayBufferView, bytes: number): Promise<void> {
    checkLength(this.items[at]!.name, bytes, view.byteLength);
    for (let start = 0; start < bytes; start += CALL_BYTES) {
      const length = Math.min(CALL_BYTES, bytes - start);
      if (this.#batch.bytes > 0 && this.#batch.bytes + length > CALL_BYTES) await this.#flush();
      this.#batch.endCopied();
      this.#batch.views.push(new Uint8Array(view.buffer, view.byteOffset + start, length));
      this.#batch.note(at, length);
      if (this.#batch.bytes >= CALL_BYTES) await this.#flush();
    }
  }

  /** Pulls one item, or a group of small ones. Gives the position after them. */
  async #addPulled(at: number): Promise<number> {
    const end = this.#groupEnd(at);
    // A large value is memory of the source, so it is asked for only when the value before has been written.
    const { bytes, content } = this.items[at]!;
    if (bytes! > LARGE_BYTES && content.own === undefined) {
      await this.#flush();
      await this.#writing;
    }
    throwIfAborted(this.hooks.signal, 'the save');
    const group = this.items.slice(at, end);
    const pulls = group.map(async item => {
      const content = item.content;
      if (content.kind !== 'pull') return unreachable(item);
      const value = await content.pull();
      if (!isAsyncIterable(value)) content.handedOver?.();
      return value;
    });
    const values = await orAborted(settleAll(pulls), group.some(isForeign) ? this.hooks.signal : undefined);
    for (const [i, value] of values.entries()) await this.#addValue(at + i, value);
    return end;
  }

  #groupEnd(at: number): number {
    let end = at + 1;
    for (let bytes = this.items[at]!.bytes!; end < this.items.length && end - at < GROUP_ITEMS; end++) {
      const item = this.items[end]!;
      bytes += item.bytes!;
      if (item.content.kind !== 'pull' || bytes > GROUP_BYTES) break;
    }
    return end;
  }

  async #addValue(at: number, value: Pulled): Promise<void> {
    const item = this.items[at]!;
    if (!isAsyncIterable(value)) {
      const view = item.dtype.bytes === 0 ? storedView(item, value) : viewOf(item.name, item.dtype, item.shape, value);
      await this.#addPulledView(at, view, item.bytes!);
      if (item.content.own === 'given') await this.#makeRoom();
      return;
    }
    let length = 0;
    for await (const piece of isForeign(item) ? untilAborted(value, this.hooks.signal) : value) {
      checkPiece(item.name, piece);
      length += piece.byteLength;
      if (length > item.bytes!) throw lengthError(item, length);
      await this.#addPulledView(at, piece, piece.byteLength);
      await this.#makeRoom();
    }
    if (length !== item.bytes) throw lengthError(item, length);
    if (item.content.kind === 'pull') item.content.handedOver?.();
  }

  async #addPulledView(at: number, view: ArrayBufferView, bytes: number): Promise<void> {
    const { own } = this.items[at]!.content;
    await this.#add(at, view, bytes, own !== undefined);
    // Only now, so that it is freed by the batch that holds its end, or by a later one.
    if (own === 'given' && bytes >= MIN_VIEW_BYTES) this.#batch.owned.push(bytesOf(view));
  }

  /** Waits, if necessary, until earlier pulled data has been written and freed, before more is pulled. */
  async #makeRoom(): Promise<void> {
    if (this.#batch.bytes < (this.#running < 2 ? IDLE_BYTES : PULL_BYTES)) return;
    await this.#flush();
    if (this.chunks.crowded) await this.#writing;
  }

  /** Starts to write what is gathered, once the call before the last has settled. */
  async #flush(): Promise<void> {
    await this.#before;
    throwIfAborted(this.hooks.signal, 'the save');
    const batch = this.#batch;
    if (batch.lengths.length === 0) return;
    batch.endCopied();
    this.#batch = new Batch();
    this.#before = this.#writing;
    this.#writing = this.#append(batch);
    // Awaited later. A failure before that must not count as unhandled.
    this.#writing.catch(() => undefined);
  }

  async #append(batch: Batch): Promise<void> {
    const pieces = batch.owned.reduce((sum, { byteLength }) => sum + byteLength, 0);
    this.chunks.countPieces(pieces);
    this.#running++;
    try {
      if (batch.unknown) this.#take(batch, await this.shard.append(batch.views, new Float64Array(batch.lengths)));
      else await this.shard.appendChecksummed(batch.views);
      for (const piece of batch.owned) native.detach(piece);
    } finally {
      this.#running--;
      this.chunks.countPieces(-pieces);
      this.#giveBack(batch);
    }
    this.hooks.onBytes(batch.bytes);
  }

  #take({ owners, lengths }: Batch, crcs: Uint32Array): void {
    for (let i = 0; i < crcs.length; i++) {
      const at = owners[i]!;
      if (at === KNOWN) continue;
      const before = this.#crcs[at]!;
      this.#crcs[at] = before === 0 ? crcs[i]! : native.crc32cCombine(before, crcs[i]!, lengths[i]!);
    }
  }

  /**
   * Waits for the native calls, even after an error, because they read their chunks until they settle. Throws the error
   * of the first.
   */
  async #settled(): Promise<void> {
    const calls = await Promise.allSettled([this.#before, this.#writing]);
    this.#giveBack(this.#batch);
    for (const call of calls) if (call.status === 'rejected') throw call.reason;
  }

  #giveBack(batch: Batch): void {
    if (batch.chunk === null) return;
    this.chunks.give(batch.chunk);
    batch.chunk = null;
  }
}

/**
 * Waits until all pulls have ended, even after an error. So no source is still working when the save reports its error
 * (except after an abort).
 */
async function settleAll(pulls: readonly Promise<Pulled>[]): Promise<Pulled[]> {
  const settled = await Promise.allSettled(pulls);
  return settled.map(result => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}

function storedView(item: Item, value: Pulled): Uint8Array {
  if (isBytes(value) && value.byteLength === item.bytes) return value;
  throw lengthError(item, isBytes(value) ? value.byteLength : 0);
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function isForeign({ content }: Item): boolean {
  return content.kind === 'pull' && content.foreign === true;
}

function lengthError(item: Item, found: number): TensorBundleError {
  return new TensorBundleError(
    'ERR_SHAPE',
    `tensor '${item.name}': shape [${item.shape}] needs ${item.bytes} bytes, but the source gave ${found}`,
    {
      tensor: item.name,
      expected: item.bytes,
      found,
    },
  );
}

function unreachable(item: Item): never {
  throw new TensorBundleError('ERR_STATE', `tensor '${item.name}' was not resolved before writing`, {
    tensor: item.name,
  });
}

function goneError(tensor: string, start: number, length: number, cause: unknown): TensorBundleError {
  return new TensorBundleError(
    'ERR_SHAPE',
    `tensor '${tensor}': its ${length} bytes from ${start} on are not there: the buffer was detached or ` +
      `resized, or the view has a length that is not its own`,
    { tensor, expected: length, cause },
  );
}
