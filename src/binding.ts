/**
 * What the native addon offers. Native code moves bytes, checksums them and does every file
 * operation. TypeScript decides what the bytes mean. Only two kinds of functions block the event loop: those marked
 * "sync", which touch memory only, and `readNow`.
 */
import { loadAddon } from './addon.js';
import type { NativeError } from './errors.js';

declare const handleBrand: unique symbol;

/** An open file or directory. `close` closes it; otherwise it is closed when it is garbage collected. */
export interface Handle {
  readonly [handleBrand]: 'handle';
}

/** A shard that is being written. Holds the descriptor and the chunk that is not written yet. */
export interface Shard {
  readonly [handleBrand]: 'shard';
}

export interface FileStat {
  /** 'device:inode'; two paths with the same identity are the same file. */
  identity: string;
  kind: 'file' | 'directory' | 'symlink' | 'other';
  /** Bytes. */
  size: number;
  /** Permission bits (0o7777). */
  mode: number;
  links: number;
  /** Nanoseconds since the epoch. */
  modified: bigint;
}

/** The columns of a sorted string table, one row per entry. */
export interface PlainTable {
  /** All keys, one after another. */
  keys: Uint8Array;
  /** Where each key ends in `keys`. */
  keyEnds: Uint32Array;
  /** Where each value lies in the file. */
  valueStarts: Uint32Array;
  valueEnds: Uint32Array;
  /** 1 where the key is ASCII. */
  ascii: Uint8Array;
  /**
   * All keys after the first as one text, with a NUL between them. Null if one has a NUL or is not ASCII, and if there
   * are many.
   */
  text: string | null;
}

/** What `openFiles` opened before something was missing or failed. */
export interface FilesOpened {
  /** Only if the place was a path, and could be opened. */
  directory?: Handle;
  /** The identity of `directory`. */
  identity?: string;
  /** In the order of the names. Null for a name that is absent: nothing after it was opened. */
  files: ({ handle: Handle; stat: FileStat } | null)[];
  /** The bytes of the first file; not null if `isWhole`. */
  contents: Uint8Array | null;
  /** What had the first name after all files were opened. */
  now: FileStat | null;
  /** Everything was found. The handles of `directory` and of the first file are closed already then. */
  isWhole: boolean;
  /**
   * The first file as a table. Null unless it is one, in order, and just as writers make it, and all was found: the
   * thorough reader (src/format/table-reader.ts) reads more than this.
   */
  table: PlainTable | null;
  /** What ended it. It is about the file after those in `files`; about the directory, if that is not there. */
  failure?: NativeError;
}

export type OpenMode =
  /** For reading; follows a symbolic link, as TensorFlow does. */
  | 'read'
  /** For reading and writing: creates a new file, and never opens an existing one. */
  | 'create'
  /** For reading, to lock a file that is about to be removed. ELOOP for a symbolic link, EISDIR for a directory. */
  | 'lock';

/** What a step works on: an open handle, or the place in the list of the step that opens it. */
export type StepHandle = Handle | number;

/** Calls that can be steps of a list. */
type StepName =
  | 'openDirectory'
  | 'openDirectoryAt'
  | 'makeDirectoryAt'
  | 'open'
  | 'close'
  | 'stat'
  | 'list'
  | 'rename'
  | 'exchange'
  | 'unlink'
  | 'removeDirectoryAt'
  | 'sync'
  | 'tryLock'
  | 'unlock'
  | 'setMode'
  | 'freeSpace'
  | 'readAll'
  | 'readStart'
  | 'writeAll'
  | 'createShard';

/**
 * A call, its arguments, and the codes of errors after which the list goes on; '*' is every code. A handle among the
 * arguments may be a StepHandle.
 */
export type NativeStep = readonly [call: StepName, args: readonly unknown[], allowed?: readonly string[]];

interface StepsOutcome {
  /** Of the steps that were carried out, in order: the value, or an allowed error. Null where the file was absent. */
  results: unknown[];
  /** The error that ended the list; null if there was none. */
  error: NativeError | null;
}

/**
 * All names are single path components below an open directory; only `openDirectory`, `openFiles` and `readNow` take a
 * path. Nothing here is a number of an operating system: modes are words, permissions are the bits of `chmod` on every
 * system, errors have names. A system call that a comment names is the one on Linux. Every function that returns a
 * promise rejects with a NativeError.
 */
export interface NativeBinding {
  // --- CRC32C (Castagnoli), unmasked. Sync.
  /** Kernels usable on this processor, fastest first: 'avx512', 'avx2', 'sse42'; 'pmull', 'arm64'; 'portable'. */
  crc32cKernels(): string[];
  /** Forces a kernel for this process's later calls; for tests and benchmarks. Throws on an unusable name. */
  selectCrc32cKernel(name: string): void;
  /** CRC of `data`, continuing from `seed` (the CRC of what came before; 0 at the start). */
  crc32c(data: ArrayBufferView, seed?: number): number;
  /** CRC of A followed by B from crc(A), crc(B) and B's length in bytes. */
  crc32cCombine(crcA: number, crcB: number, lengthB: number): number;

  // --- directories and small files
  openDirectory(path: string): Promise<Handle>;
  /** Opens a directory inside an open one. '.' opens the same directory again, even if it has been renamed since. */
  openDirectoryAt(parent: Handle, name: string): Promise<Handle>;
  /** Its permissions are 0o777 without the bits of the umask. False if the name exists already. */
  makeDirectoryAt(parent: Handle, name: string): Promise<boolean>;
  /** Null if there is no such file (ENOENT). A FIFO or a device is refused at once, never waited for. */
  open(directory: Handle, name: string, mode: OpenMode, permissions?: number): Promise<Handle | null>;
  close(handle: Handle): Promise<void>;
  /** Of a name in a directory, without following a link (null if absent); without a name, of the handle itself. */
  stat(handle: Handle, name?: string, follow?: boolean): Promise<FileStat | null>;
  /** Names in the directory, unsorted, without '.' and '..'. */
  list(directory: Handle): Promise<string[]>;
  rename(directory: Handle, from: string, to: string): Promise<void>;
  /**
   * Each of the two names gets what the other one had, at once: neither is ever missing. Rejects with EINVAL, ENOSYS,
   * EOPNOTSUPP or ENOTSUP where the file system cannot do that.
   */
  exchange(directory: Handle, one: string, other: string): Promise<void>;
  /** False if there was no such name. */
  unlink(directory: Handle, name: string): Promise<boolean>;
  /** An empty directory. False if there was no such name; rejects with ENOTEMPTY or EEXIST if it is not empty. */
  removeDirectoryAt(parent: Handle, name: string): Promise<boolean>;
  /** fsync; F_FULLFSYNC on macOS. Also for directories. */
  sync(handle: Handle): Promise<void>;
  /**
   * flock without waiting, exclusive unless `shared`. False if another open file description holds it. Rejects with
   * ENOSYS, ENOLCK, EOPNOTSUPP where there are no locks, and on NFSv4 with EBADF for an exclusive one on a handle of
   * mode 'lock' (shared ones work).
   */
  tryLock(handle: Handle, shared?: boolean): Promise<boolean>;
  unlock(handle: Handle): Promise<void>;
  setMode(handle: Handle, permissions: number): Promise<void>;
  /** Bytes that an unprivileged process may still write here; null where the file system does not say. */
  freeSpace(directory: Handle): Promise<number | null>;
  /** The whole file. Rejects with ESHORT if it shrinks while it is read, and with EFBIG above `maxBytes`. */
  readAll(handle: Handle, maxBytes: number): Promise<Uint8Array>;
  /** The first bytes of the file, at most `most` (65,536 or less); fewer if it ends earlier. */
  readStart(handle: Handle, most: number): Promise<Uint8Array>;
  /**
   * Carries out a list of calls in one job, in order, each as the function of its name would. The list ends with the
   * first error that it does not allow, and after a `tryLock` that gives false. A step whose file an earlier step did
   * not find is left out. What the steps have opened and not closed are handles in `results`. Rejects only for wrong
   * arguments; then nothing was done.
   */
  steps(list: readonly NativeStep[]): Promise<StepsOutcome>;
  /**
   * The whole file NAME of the directory PATH; null if there is no such file. Throws a NativeError. Sync, although it
   * does I/O.
   */
  readNow(path: string, name: string, maxBytes: number): Uint8Array | null;
  /**
   * Writes all of `data` at the handle's start; short writes and EINTR are handled. Then it closes a second descriptor
   * of the file, because NFS and FUSE report a full disk only at a close. The handle and its lock stay.
   */
  writeAll(handle: Handle, data: Uint8Array): Promise<void>;

  // --- shards
  /**
   * Creates NAME (as mode 'create') and reserves `bytes` with fallocate where the file system can, so that a full disk
   * shows here as ENOSPC. A failure leaves nothing behind. `writeBehind` (default true) hands dirty pages to the disk
   * while more is written. That helps if a sync follows, and is a waste otherwise.
   */
  createShard(
    directory: Handle,
    name: string,
    bytes: number,
    permissions?: number,
    writeBehind?: boolean,
  ): Promise<Shard>;
  /**
   * Appends the views in order and gives the CRC32C of each run of `lengths[i]` bytes, wherever a view ends. Without
   * `lengths` nothing is checksummed, and the result is undefined. Rejects
   * with EINVAL if views and lengths do not add up to the same number of bytes. The views are read until the promise
   * settles, and Node-API can keep a buffer's object but not its memory: **they must be of memory that no caller
   * holds**. Calls of one shard are carried out in the order in which they are made, so the next may be made before
   * this one has settled. Bytes that do not fill a block are gathered into one, so some may still be pending
   * afterwards.
   */
  appendShard(shard: Shard, views: readonly Uint8Array[], lengths: Float64Array): Promise<Uint32Array>;
  appendShard(shard: Shard, views: readonly Uint8Array[]): Promise<undefined>;
  /** Writes what is pending; then fdatasync if `durable`. Rejects with EINVAL if the size is not the announced one. */
  finishShard(shard: Shard, durable: boolean): Promise<void>;
  /** Closes the descriptor, after the calls before it; idempotent. */
  closeShard(shard: Shard): Promise<void>;

  // --- reading
  /**
   * Opens files of a directory for reading, in one trip to the pool: opens the directory if it is given by path, opens
   * and stats each name in turn, reads the first file whole, and at the end stats the first name again. Stops at the
   * first name that is absent or not a regular file, at a first file of more than `readAtMost` bytes, and at the first
   * failure, which is a part of the result.
   */
  openFiles(place: string | Handle, names: readonly string[], readAtMost: number): Promise<FilesOpened>;
  /**
   * CRC32C of many ranges, by pread into the engine's own buffers, in parallel over the engine's threads; range i is
   * `lengths[i]` bytes at `offsets[i]` of `files[fileOf[i]]`. Large ranges are cut and their CRCs combined.
   * A file that ends early rejects with ESHORT and the offset.
   */
  checksumRanges(
    files: readonly Handle[],
    fileOf: Uint32Array,
    offsets: Float64Array,
    lengths: Float64Array,
  ): Promise<Uint32Array>;
  /**
   * The same, but the bytes land in `into[i]` (whose byte length is the range's); gives their CRC32C. If `into` is one
   * array of bytes, `lengths` are given too, and each range begins in it at the next multiple of 8 bytes.
   */
  readRanges(
    files: readonly Handle[],
    fileOf: Uint32Array,
    offsets: Float64Array,
    into: readonly ArrayBufferView[] | Uint8Array,
    lengths?: Float64Array,
  ): Promise<Uint32Array>;
  /**
   * A private, writable mapping (MAP_PRIVATE) as an external ArrayBuffer, unmapped when the buffer is garbage
   * collected. `offset` need not be page-aligned. Null where the file must be read instead: this runtime refuses
   * external buffers (Electron), the system refuses the mapping, or the file lies on a network or FUSE file system,
   * where other machines may truncate it.
   */
  map(file: Handle, offset: number, length: number): Promise<ArrayBuffer | null>;
  /**
   * Frees the memory of a typed array's whole buffer now, without waiting for the garbage collector; the array is empty
   * afterwards. Only for buffers of this library that no caller has seen. False if it cannot be freed early. Sync.
   */
  detach(view: Uint8Array): boolean;
  /**
   * Copies `length` bytes of the view `from`, beginning at `start`, to position `at` of the view `into`. Gives the
   * CRC32C of the copy, continuing from `crc` (that of what came before; 0 at the start). Throws EINVAL, and copies
   * nothing, if the bytes are not there, as in a detached view. Sync.
   */
  copyBytes(from: ArrayBufferView, start: number, into: Uint8Array, at: number, length: number, crc: number): number;
  /** How many bytes after a multiple of `unit` the memory of the view begins. Sync. */
  misalignment(view: ArrayBufferView, unit: number): number;
  /**
   * Tells V8 that this many more bytes (or fewer, if negative) of memory outside of its heap depend on its objects.
   * Gives its new count. Sync; may collect garbage.
   */
  adjustExternalMemory(bytes: number): number;
  /** Random bytes from the system, at most 256. False if it gives none. Sync. */
  fillRandom(into: Uint8Array): boolean;
  /** Number of threads of the engine's pool. Sync. */
  threads(): number;
}

export const native = loadAddon() as NativeBinding;
