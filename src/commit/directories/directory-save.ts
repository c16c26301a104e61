/**
 * One save of a whole directory, such as a SavedModel, that replaces all of it or nothing. The commit protocol:
 *
 *  1. Under the lock of the parent: judge what has the name. Nothing, an empty directory, or a directory that holds
 *     only files that such a save writes may be replaced. Create the intent, an empty file that is held with flock, and
 *     beside it a new, hidden directory. The lock of the intent ends with the process: the next save of this target
 *     then removes both.
 *  2. Write everything into the new directory; each file and each directory is synced.
 *  3. Under the lock of the parent, judge again. Then give the new directory its name: by rename where nothing or an
 *     empty directory has it, else by exchanging the two directories. This is the only commit point.
 *  4. Sync the parent. Only now is the save acknowledged.
 *  5. Remove what was replaced, which has the hidden name now. Skipped if the sync of step 4 failed.
 *
 * Where the file system cannot exchange directories (this is tried in the new directory, before step 2), an overwrite
 * is done in place, under the lock of the directory itself: `#saveInPlace`.
 */
import { basename, dirname, resolve } from 'node:path';
import { invalidArgument, TensorBundleError, throwIfAborted } from '../../errors.js';
import { type Directory, withNewDirectory } from '../../storage/directory.js';
import { checkPath } from '../../storage/directory-errors.js';
import { placeOf, rememberCall } from '../call-order.js';
import { isPlaceTaken } from '../lost-place.js';
import { removedError, renameUncertainError, syncUncertainError } from '../publication-errors.js';
import { directoryExistsError, halfReplacedError, replacingError } from './directory-save-errors.js';
import { type IsOwn, inChild, surveyTree, syncTree } from './directory-tree.js';
import { NewDirectory, PresentDirectory, type StagedDirectory } from './staged.js';
import { type Target, targetAt } from './target.js';
import { Work } from './work.js';

export interface DirectorySaveOptions {
  durable: boolean;
  /** 'error': ERR_EXISTS if the directory exists and is not empty. Default 'atomic'. */
  overwrite?: 'atomic' | 'error' | undefined;
  /** Default 30,000. */
  lockTimeoutMs?: number | undefined;
  /** Default: none. Without effect after the commit. */
  signal?: AbortSignal | undefined;
  /** From `nextCall`: a save does not replace one that was called later, and counts as replaced then. */
  call: number;
}

/** Fills the directory. Called at most once; not at all if a later save has taken the place already. */
type Write = (staged: StagedDirectory) => Promise<void>;

const LOCK_TIMEOUT_MS = 30_000;

/**
 * `isOwn` accepts every file that `write` makes, and no other. Rejects with ERR_EXISTS, with the path of what is in the
 * way, and touches nothing; ERR_LOCKED, ERR_NO_SPACE, ERR_PERMISSION, ERR_ABORTED, ERR_IO; what `write` rejects with;
 * and ERR_DURABILITY_UNCERTAIN if the save is committed, but could not be synced.
 */
export async function saveDirectory(
  path: string,
  options: DirectorySaveOptions,
  isOwn: IsOwn,
  write: Write,
): Promise<void> {
  checkPath(path);
  const absolute = resolve(path);
  const base = basename(absolute);
  if (base === '') throw invalidArgument(`${path} is the root of the file system; give a directory in it`, { path });
  throwIfAborted(options.signal, 'the save');
  await withNewDirectory(dirname(absolute), async parent => {
    await new DirectorySave(parent, base, options, isOwn).run(write);
  });
}

class DirectorySave {
  readonly #path: string;
  readonly #place: string;
  /** Whether the new directory may have its name, although the save failed. */
  #isUncertain = false;

  constructor(
    private readonly parent: Directory,
    private readonly base: string,
    private readonly options: DirectorySaveOptions,
    private readonly isOwn: IsOwn,
  ) {
    this.#path = parent.pathOf(base);
    this.#place = placeOf(parent.identity, base, 'directory');
  }

  async run(write: Write): Promise<void> {
    const { parent, base, isOwn } = this;
    const { target, work } = await this.#locked(async () => {
      const found = await this.#target();
      await Work.removeDead(parent, base, isOwn);
      return { target: found, work: await Work.create(parent, base, found?.stat.mode, isOwn) };
    });
    let isSwapped = false;
    try {
      isSwapped = !isFull(target) || (await work.canExchange());
      if (isSwapped) await this.#writeBeside(work, target, write);
    } finally {
      await (this.#isUncertain ? work.leave() : work.end());
    }
    if (!isSwapped) await this.#saveInPlace(write);
  }

  /** Steps 2 to 4. */
  async #writeBeside(work: Work, target: Target | null, write: Write): Promise<void> {
    const { durable, signal } = this.options;
    const staged = new NewDirectory(work.directory, durable);
    await write(staged);
    await staged.finish(target);
    throwIfAborted(signal, 'the save');
    await this.#locked(async () => {
      throwIfAborted(signal, 'the save');
      if (await this.#isOvertaken()) return;
      await work.checkIntent();
      await this.#commit(work, await this.#target());
    });
  }

  /** Steps 3 and 4. */
  async #commit(work: Work, target: Target | null): Promise<void> {
    const { parent, base, options } = this;
    try {
      await (isFull(target) ? parent.exchange(work.name, base) : parent.rename(work.name, base));
    } catch (cause) {
      await this.#checkRename(work, cause);
      throw replacingError(this.#path, cause);
    }
    try {
      if (options.durable) await parent.sync();
    } catch (cause) {
      this.#rememberFailed(cause);
      throw syncUncertainError(this.#path, cause);
    }
    rememberCall(this.#place, options);
  }

  /** The place is taken, but nothing was promised. */
  #rememberFailed(failure: unknown): void {
    this.#isUncertain = true;
    rememberCall(this.#place, { call: this.options.call, durable: false, failure });
  }

  /** A call that reports an error may still have happened. Then nothing may be removed. */
  async #checkRename(work: Work, cause: unknown): Promise<void> {
    const there = await this.parent.stat(this.base, false).catch(() => undefined);
    if (there !== undefined && there?.identity !== work.directory.identity) return;
    this.#rememberFailed(cause);
    throw renameUncertainError(this.#path, cause);
  }

  /**
   * For a file system that cannot exchange directories. A checkpoint in the directory is committed first, as every
   * checkpoint is; then the other files are replaced, one by one. Until the last one is, a reader may see old files
   * beside the new checkpoint.
   */
  async #saveInPlace(write: Write): Promise<void> {
    const { parent, base, isOwn, options } = this;
    const directory = await parent.openChild(base);
    if (directory === null) throw removedError(this.#path);
    try {
      await directory.exclusively(options.lockTimeoutMs ?? LOCK_TIMEOUT_MS, options.signal, async () => {
        if (await this.#isOvertaken()) return;
        const staged = new PresentDirectory(directory, await surveyTree(directory, isOwn), options.durable);
        try {
          await staged.removeDead();
          const uncertain = await write(staged).catch(orUncertain);
          await staged.publish().catch(cause => {
            throw staged.isPublished ? syncUncertainError(this.#path, cause) : halfReplacedError(this.#path, cause);
          });
          if (uncertain) throw uncertain;
        } finally {
          await staged.abandon();
        }
        rememberCall(this.#place, options);
      });
    } finally {
      await directory.close();
    }
  }

  /** Throws ERR_EXISTS if it must not be replaced. */
  async #target(): Promise<Target | null> {
    const target = await targetAt(this.parent, this.base, this.isOwn);
    if (this.options.overwrite === 'error' && isFull(target)) throw directoryExistsError(this.#path);
    return target;
  }

  #isOvertaken(): Promise<boolean> {
    const { parent, base, isOwn, options } = this;
    return isPlaceTaken(this.#place, this.#path, options, async () => {
      await inChild(parent, base, child => syncTree(child, isOwn));
      await parent.sync();
    });
  }

  #locked<T>(action: () => Promise<T>): Promise<T> {
    const { lockTimeoutMs = LOCK_TIMEOUT_MS, signal } = this.options;
    return this.parent.exclusively(lockTimeoutMs, signal, action);
  }
}

function isFull(target: Target | null): boolean {
  return target !== null && target.tree.size > 0;
}

/** The checkpoint in the directory is committed, so the files that belong with it must follow. Throws other errors. */
function orUncertain(error: unknown): TensorBundleError {
  if (error instanceof TensorBundleError && error.code === 'ERR_DURABILITY_UNCERTAIN') return error;
  throw error;
}
