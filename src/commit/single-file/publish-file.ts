/**
 * One save of one file, such as Keras's `.keras` and `.h5`, that replaces it as a whole or not at all. The commit
 * protocol:
 *
 *  1. Under the lock of the directory: judge what has the name. Nothing, a file, or a link to a file may be replaced.
 *     Remove what dead saves of this name have left. Create the intent, an empty file that is held with flock.
 *  2. Create the new file, hidden, exclusively, with its space reserved. Write it; one data sync. Open it again: it
 *     must be whole, and what the caller says of its content must hold.
 *  3. Under the lock: judge again. Then rename the new file over the name. This is the only commit point.
 *  4. Sync the directory. Only now is the save acknowledged.
 *  5. Remove the intent.
 *
 * Without `durable` the syncs are left out: the save survives the death of the process, but not a power loss.
 */
import { basename, dirname, resolve } from 'node:path';
import { invalidArgument, throwIfAborted } from '../../errors.js';
import { type Directory, withNewDirectory } from '../../storage/directory.js';
import { checkPath } from '../../storage/directory-errors.js';
import type { ReadableFile } from '../../storage/file.js';
import { placeOf, rememberCall } from '../call-order.js';
import { isPlaceTaken } from '../lost-place.js';
import { removedError, renameUncertainError } from '../publication-errors.js';
import {
  fileExistsError,
  fileUncertainError,
  noRoomError,
  notReplacedError,
  renamingError,
  sizeError,
} from './file-save-errors.js';
import { writeAllTo } from './file-writing.js';
import { NewFile } from './new-file.js';

/** Of one save of one file. */
export interface FileProgress {
  phase: 'write' | 'sync' | 'commit';
  /** Bytes done in this phase. */
  bytes: number;
  totalBytes: number;
}

export interface FileSaveOptions {
  durable: boolean;
  /** 'error': ERR_EXISTS if the name exists. Default 'atomic'. */
  overwrite?: 'atomic' | 'error' | undefined;
  /** Default 30,000. */
  lockTimeoutMs?: number | undefined;
  /** Default: none. Without effect after the commit. */
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: FileProgress) => void) | undefined;
  /** From `nextCall`: a save does not replace one that was called later, and counts as replaced then. */
  call: number;
}

export interface FileContent {
  /** Of the whole file. */
  readonly bytes: number;
  /**
   * Called at most once; not at all if a later save has taken the place already. A piece is copied before the next is
   * asked for.
   */
  pieces(signal?: AbortSignal | undefined): AsyncIterable<Uint8Array>;
  /** Looks at the new file, which was opened again, before it gets its name. What it rejects with ends the save. */
  check?(file: ReadableFile): Promise<void>;
}

const LOCK_TIMEOUT_MS = 30_000;

/**
 * Rejects with ERR_EXISTS, and touches nothing; ERR_LOCKED, ERR_NO_SPACE, ERR_PERMISSION, ERR_ABORTED, ERR_IO; what
 * `content` rejects with; and ERR_DURABILITY_UNCERTAIN if the file has its name, but could not be synced.
 */
export async function publishFile(path: string, options: FileSaveOptions, content: FileContent): Promise<void> {
  checkPath(path);
  const absolute = resolve(path);
  const base = basename(absolute);
  if (base === '') throw invalidArgument(`${path} is the root of the file system; give a file in it`, { path });
  throwIfAborted(options.signal, 'the save');
  await withNewDirectory(dirname(absolute), async directory => {
    await new FileSave(directory, base, options, content).run();
  });
}

class FileSave {
  readonly #path: string;
  readonly #place: string;

  constructor(
    private readonly directory: Directory,
    private readonly base: string,
    private readonly options: FileSaveOptions,
    private readonly content: FileContent,
  ) {
    this.#path = directory.pathOf(base);
    this.#place = placeOf(directory.identity, base, 'file');
  }

  async run(): Promise<void> {
    const file = await this.#begin();
    if (file === null) return;
    try {
      await this.#write(file);
      this.#tell('commit', 0);
      await this.#locked(async () => {
        throwIfAborted(this.options.signal, 'the save');
        if (await this.#isOvertaken()) return;
        await this.#judge();
        await file.checkIntent();
        await this.#commit(file);
      });
    } finally {
      await file.end();
    }
    this.#tell('commit', this.content.bytes);
  }

  /** Step 1, and the creation of the file. Null if a later save has taken the place. */
  async #begin(): Promise<NewFile | null> {
    const { directory, base, options, content } = this;
    const file = await this.#locked(async () => {
      if (await this.#isOvertaken()) return null;
      const permissions = await this.#judge();
      await NewFile.removeDead(directory, base);
      const free = await directory.freeSpace();
      if (free !== null && free < content.bytes) throw noRoomError(this.#path, free, content.bytes);
      return await NewFile.begin(directory, base, permissions);
    });
    try {
      await file?.create(content.bytes, options.durable);
      return file;
    } catch (error) {
      await file?.end();
      throw error;
    }
  }

  /** The rest of step 2. */
  async #write(file: NewFile): Promise<void> {
    const { content, options } = this;
    const { bytes } = content;
    const onBytes = (done: number): void => this.#tell('write', done);
    this.#tell('write', 0);
    const { signal } = options;
    const given = await writeAllTo(file.shard, content.pieces(signal), bytes, { signal, onBytes });
    if (given !== bytes) throw sizeError(this.#path, bytes, given);
    if (options.durable) this.#tell('sync', 0);
    await file.finish(options.durable);
    if (options.durable) this.#tell('sync', bytes);
    const opened = await this.directory.open(file.name);
    if (opened === null) throw removedError(this.directory.pathOf(file.name));
    try {
      if (opened.size !== bytes) throw sizeError(this.#path, bytes, opened.size);
      await content.check?.(opened);
    } finally {
      await opened.close();
    }
    throwIfAborted(signal, 'the save');
  }

  /** Steps 3 and 4. */
  async #commit(file: NewFile): Promise<void> {
    const { directory, base, options } = this;
    const steps = directory.steps();
    const renamed = steps.rename(file.name, base, () => {
      file.isPublished = true;
    });
    if (options.durable) steps.sync();
    try {
      await steps.run();
    } catch (cause) {
      const isRename = !renamed.isDone;
      if (isRename && (await file.isThere())) throw renamingError(this.#path, cause);
      // A call that reports an error may still have happened. The place is taken, but nothing was promised.
      file.isPublished = true;
      rememberCall(this.#place, { call: options.call, durable: false, failure: cause });
      throw isRename ? renameUncertainError(this.#path, cause) : fileUncertainError(this.#path, cause);
    }
    rememberCall(this.#place, options);
  }

  /** Permissions of what has the name; undefined if nothing has. Throws ERR_EXISTS if it must not be replaced. */
  async #judge(): Promise<number | undefined> {
    const { directory, base, options } = this;
    const own = await directory.stat(base, false);
    if (own === null) return undefined;
    if (options.overwrite === 'error') throw fileExistsError(this.#path);
    // A link is replaced, and not what it leads to. One that leads nowhere has no permissions.
    const stat = own.kind === 'symlink' ? await directory.stat(base) : own;
    if (stat === null) return undefined;
    if (stat.kind === 'file') return stat.mode & 0o777;
    const what = stat.kind === 'directory' ? 'a directory' : 'not a regular file';
    throw notReplacedError(this.#path, own.kind === 'symlink' ? `it is a link to what is ${what}` : `it is ${what}`);
  }

  #isOvertaken(): Promise<boolean> {
    const { directory, base, options } = this;
    return isPlaceTaken(this.#place, this.#path, options, async () => {
      await directory.syncFile(base);
      await directory.sync();
    });
  }

  #tell(phase: FileProgress['phase'], bytes: number): void {
    this.options.onProgress?.({ phase, bytes, totalBytes: this.content.bytes });
  }

  #locked<T>(action: () => Promise<T>): Promise<T> {
    const { lockTimeoutMs = LOCK_TIMEOUT_MS, signal } = this.options;
    return this.directory.exclusively(lockTimeoutMs, signal, action);
  }
}
