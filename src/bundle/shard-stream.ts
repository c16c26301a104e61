/**
 * Feeds the items of one shard to its file, in order: gathers small tensors into one native call, pulls the next batch
 * while the one before is being written, and never holds more than a few MiB that the caller did not bring.
 */
import { native } from '../binding.js';
import { TensorBundleError, throwIfAborted } from '../errors.js';
import type { ShardObject } from '../storage/store.js';
import { checkLength, checkPiece, isAsyncIterable, orAborted, untilAborted } from './pulling.js';
import { type Item, OwnedPieces, type Pulled, viewOf } from './source.js';

/**
 * One native call takes at most this many bytes of tensors that lie in memory. An abort is noticed this often. And Node-API
 * pins a buffer's object but not its memory: a caller who transfers the buffer away, which the contract forbids, can be
 * told between two calls, but during one the engine may read memory that is gone. Short calls make that unlikely.
 */
const CALL_BYTES = 8 * 1024 * 1024;
/** Pulled bytes are gathered up to this; two such batches may be alive (one being written, one being pulled). */
const PULL_BYTES = 4 * 1024 * 1024;
/** Small pulled tensors are asked for together, so that a source that reads files can join its reads. */
const GROUP_BYTES = 1024 * 1024;
const GROUP_ITEMS = 1024;
const CALL_VIEWS = 16_384;

export interface StreamHooks {
  signal: AbortSignal | undefined;
  /** Bytes that were just handed to the file. */
  onBytes(bytes: number): void;
}

export class ShardStream {
  #views: ArrayBufferView[] = [];
  /** For each gathered view, the position of its item and the bytes it must still have when it is written. */
  #owners: number[] = [];
  #lengths: number[] = [];
  /** Gathered pieces that are freed once they are written. */
  #owned: Uint8Array[] = [];
  #bytes = 0;
  #writing: Promise<void> = Promise.resolve();
  readonly #crcs: Uint32Array;

  constructor(
    private readonly shard: ShardObject,
    private readonly items: readonly Item[],
    private readonly hooks: StreamHooks,
  ) {
    this.#crcs = new Uint32Array(items.length);
  }

  /** Writes all items; gives the CRC32C to store for each. */
  async run(): Promise<Uint32Array> {
    try {
      for (let at = 0; at < this.items.length; ) {
        const content = this.items[at]!.content;
        if (content.kind === 'memory') {
          await this.#addMemory(at, content.view, this.items[at]!.bytes!);
          at++;
        } else at = await this.#addPulled(at);
      }
      await this.#flush();
    } finally {
      // Also after an error: the native call still reads the caller's buffers until it settles.
      await this.#writing;
    }
    this.items.forEach((item, i) => {
      if (item.content.kind !== 'elements' && item.content.crc !== undefined) this.#crcs[i] = item.content.crc;
    });
    return this.#crcs;
  }

  /** `bytes` is what the view must have, now and until it is written: its buffer may be detached or resized meanwhile. */
  async #addMemory(at: number, view: ArrayBufferView, bytes: number): Promise<void> {
    const { name } = this.items[at]!;
    checkLength(name, bytes, view.byteLength);
    for (let start = 0; start < bytes; start += CALL_BYTES) {
      const length = Math.min(CALL_BYTES, bytes - start);
      if (this.#bytes > 0 && this.#bytes + length > CALL_BYTES) await this.#flush();
      checkLength(name, bytes, view.byteLength);
      this.#push(at, length === bytes ? view : new Uint8Array(view.buffer, view.byteOffset + start, length));
      if (this.#bytes >= CALL_BYTES || this.#views.length >= CALL_VIEWS) await this.#flush();
    }
  }

  /** Pulls one item, or a group of small ones; gives the position after them. */
  async #addPulled(at: number): Promise<number> {
    const end = this.#groupEnd(at);
    // A large value is the source's own memory: it comes only when the one before has been written.
    if (this.items[at]!.bytes! > PULL_BYTES) {
      await this.#flush();
      await this.#writing;
    }
    throwIfAborted(this.hooks.signal, 'the save');
    const group = this.items.slice(at, end);
    const pulls = group.map(async item => {
      const content = item.content;
      return content.kind === 'pull' ? content.pull() : unreachable(item);
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
      await this.#addMemory(at, view, item.bytes!);
      return;
    }
    let length = 0;
    for await (const piece of isForeign(item) ? untilAborted(value, this.hooks.signal) : value) {
      checkPiece(item.name, piece);
      length += piece.byteLength;
      if (length > item.bytes!) throw lengthError(item, length);
      await this.#addMemory(at, piece, piece.byteLength);
      // Only now: the batch that holds the piece, or one after it, frees it.
      if (value instanceof OwnedPieces) this.#owned.push(piece);
      if (this.#bytes >= PULL_BYTES) await this.#flush();
    }
    if (length !== item.bytes) throw lengthError(item, length);
  }

  #push(at: number, view: ArrayBufferView): void {
    this.#views.push(view);
    this.#owners.push(at);
    this.#lengths.push(view.byteLength);
    this.#bytes += view.byteLength;
  }

  /** Starts writing what is gathered, once the call before has settled. */
  async #flush(): Promise<void> {
    await this.#writing;
    throwIfAborted(this.hooks.signal, 'the save');
    if (this.#views.length === 0) return;
    const views = this.#views;
    const owners = this.#owners;
    const lengths = this.#lengths;
    const owned = this.#owned;
    this.#views = [];
    this.#owners = [];
    this.#lengths = [];
    this.#owned = [];
    this.#bytes = 0;
    this.#writing = this.#append(views, owners, lengths, owned);
    // Awaited later; a failure meanwhile must not count as unhandled.
    this.#writing.catch(() => undefined);
  }

  async #append(
    views: readonly ArrayBufferView[],
    owners: readonly number[],
    lengths: readonly number[],
    owned: readonly Uint8Array[],
  ): Promise<void> {
    this.#checkLengths(views, owners, lengths);
    const crcs = await this.shard.append(views);
    // Gone during the call: nobody knows what was written.
    this.#checkLengths(views, owners, lengths);
    let bytes = 0;
    lengths.forEach((length, i) => {
      const at = owners[i]!;
      this.#crcs[at] = native.crc32cCombine(this.#crcs[at]!, crcs[i]!, length);
      bytes += length;
    });
    for (const piece of owned) native.detach(piece);
    this.hooks.onBytes(bytes);
  }

  #checkLengths(views: readonly ArrayBufferView[], owners: readonly number[], lengths: readonly number[]): void {
    views.forEach((view, i) => {
      checkLength(this.items[owners[i]!]!.name, lengths[i]!, view.byteLength);
    });
  }
}

/** All pulls have ended, whatever happened: but for an abort, no source works on when the save reports its error. */
async function settleAll(pulls: readonly Promise<Pulled>[]): Promise<Pulled[]> {
  const settled = await Promise.allSettled(pulls);
  return settled.map(result => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}

function storedView(item: Item, value: Pulled): Uint8Array {
  if (value instanceof Uint8Array && value.byteLength === item.bytes) return value;
  throw lengthError(item, value instanceof Uint8Array ? value.byteLength : 0);
}

function isForeign({ content }: Item): boolean {
  return content.kind === 'pull' && content.foreign === true;
}

function lengthError(item: Item, found: number): TensorBundleError {
  return new TensorBundleError(
    'ERR_SHAPE',
    `tensor '${item.name}': shape [${item.shape}] needs ${item.bytes} bytes, the source gave ${found}`,
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
