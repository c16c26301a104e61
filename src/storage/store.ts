/**
 * The seam of whole objects: what the layers above need of a place that holds checkpoints. One store is one directory.
 * The local one stands on the native engine; another (an object store) can be put here without touching the rest.
 */
import type { FileStat } from '../binding.js';
import type { RangeResults } from './range-batch.js';

/** An object opened for reading. `size` and `identity` are those at opening. */
export interface StoredObject {
  readonly path: string;
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly identity: string;
  /** Permission bits. */
  readonly mode: number;
  /** Nanoseconds since the epoch. */
  readonly modified: bigint;
  /** The whole object. Throws ERR_TOO_LARGE above `maxBytes`. */
  readAll(maxBytes: number): Promise<Uint8Array>;
  /** CRC32C of the bytes that land in `into`; throws ERR_TRUNCATED if the object ends before. */
  read(offset: number, into: ArrayBufferView): Promise<number>;
  /** CRC32C of a range, without keeping the bytes. */
  checksum(offset: number, length: number): Promise<number>;
  /** Many reads at once, one for each offset; a range that fails does not keep the others from theirs. */
  readRanges(offsets: readonly number[], into: readonly ArrayBufferView[]): Promise<RangeResults>;
  /** CRC32C of many ranges at once. */
  checksumRanges(offsets: readonly number[], lengths: readonly number[]): Promise<RangeResults>;
  /** A private mapping of a range, or null where there can be none or none is safe: read it then. */
  map(offset: number, length: number): Promise<ArrayBuffer | null>;
  close(): Promise<void>;
}

/** A shard under construction: bytes are appended in order. */
export interface ShardObject {
  readonly path: string;
  /**
   * The views' bytes, one after the other, are items of `lengths` bytes: CRC32C of each. The memory is the library's own, and
   * nobody else may hold it: no caller can change, transfer or resize it before this settles.
   */
  append(views: readonly Uint8Array[], lengths: Float64Array): Promise<Uint32Array>;
  /** Everything written; with `durable`, on stable storage. */
  finish(durable: boolean): Promise<void>;
  /** Idempotent. */
  close(): Promise<void>;
}

/** A small object under construction that its maker holds a lock on: others see that it is alive. */
export interface HeldObject {
  readonly name: string;
  /** False where the file system has no locks: then nobody can tell whether its maker is alive. */
  readonly locked: boolean;
  /** Everything written, whatever a close could still have reported included; with `durable`, on stable storage. */
  write(data: Uint8Array, durable: boolean): Promise<void>;
  /** Ends the hold. Idempotent. */
  close(): Promise<void>;
}

/** Who holds an object. 'unknown': no file, not to be opened, or on a file system without locks: not to be touched. */
export type Holder = 'somebody' | 'nobody' | 'unknown';

export interface ObjectStore {
  /** Path of the directory. */
  readonly path: string;
  readonly identity: string;
  pathOf(name: string): string;
  list(): Promise<string[]>;
  /** Null if absent. Links are followed unless told otherwise. */
  stat(name: string, follow?: boolean): Promise<FileStat | null>;
  /** Null if absent. */
  open(name: string): Promise<StoredObject | null>;
  /**
   * Throws ERR_EXISTS if there is one. Space is reserved at once, so ERR_NO_SPACE shows here. `durable` says that the shard
   * will be synced at its end, so that the disk can begin early.
   */
  createShard(name: string, bytes: number, durable: boolean, permissions?: number): Promise<ShardObject>;
  /** Creates an object and holds it. Throws ERR_EXISTS. */
  createHeld(name: string, permissions?: number): Promise<HeldObject>;
  /** Whether somebody alive holds the object; nobody holds what is absent. */
  holderOf(name: string): Promise<Holder>;
  /** Atomic; replaces what is at `to`. */
  rename(from: string, to: string): Promise<void>;
  /** False if it was absent. */
  remove(name: string): Promise<boolean>;
  /** Whether the directory itself is gone, as far as the file system tells. */
  isRemoved(): Promise<boolean>;
  /** Makes names (creations, renames, removals) durable, also those of directories that opening the store created. */
  sync(): Promise<void>;
  /** Makes the bytes of an object that is there durable, whoever wrote them. ERR_NOT_FOUND if it is absent. */
  syncObject(name: string): Promise<void>;
  /** Bytes that may still be written; null where the file system does not say. */
  freeSpace(): Promise<number | null>;
  /**
   * Runs `action` alone: no other process or caller is inside `exclusively` of this directory (where the file system has no
   * locks: no other caller of this process). ERR_LOCKED after `timeoutMs`.
   */
  exclusively<T>(timeoutMs: number, signal: AbortSignal | undefined, action: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}
