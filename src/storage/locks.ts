/**
 * Locks of the file system (flock). Where it has none, a table in memory stands in for them: saves of this process
 * still exclude each other, but other processes are not kept out.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type Handle, native } from '../binding.js';
import { now } from '../clock.js';
import { isNativeError, TensorBundleError, throwIfAborted } from '../errors.js';
import { withDescriptor } from './descriptors.js';
import { release } from './handles.js';
import { lacks } from './lacks.js';
import { Steps } from './steps.js';

/**
 * On NFS, a machine that only checks whether a file is held does hold it for a moment. So a hold is tried this often.
 */
export const HOLD_ATTEMPTS = 10;
/** The longest pause, in milliseconds, before another try to take a lock that is held elsewhere. */
const MAX_PAUSE_MS = 50;

/**
 * Whether a process holds a file. 'unknown': it cannot be opened, or its file system has no locks; it must not be
 * touched.
 */
export type Holder = 'somebody' | 'nobody' | 'unknown';

/** Identities of the directories that are locked in this process because their file system has no locks. */
const lockedHere = new Set<string>();

/** One hold of a directory's lock. */
interface Hold {
  /** Whether only callers of this process are kept out. */
  isHere: boolean;
}

/** What is done in the same trip as the attempt to take a lock. */
export interface AroundLock {
  /** Done once, before the lock is tried. */
  before?: Steps | undefined;
  /** Done as soon as the lock is taken. */
  after?: Steps | undefined;
}

/** The lock of one open directory. Like any lock, one open directory holds it once at a time. */
export class DirectoryLock {
  /** Kept here because flock grants the lock of one open directory as often as it is asked for. */
  #hold: Hold | null = null;

  constructor(
    private readonly handle: Handle,
    private readonly identity: string,
    private readonly path: string,
  ) {}

  /**
   * Throws ERR_LOCKED after `timeoutMs`, ERR_ABORTED, errors of the addon, and what a step throws; the lock is free
   * then.
   */
  async take(timeoutMs: number, signal: AbortSignal | undefined, around: AroundLock = {}): Promise<Hold> {
    const deadline = now() + timeoutMs;
    const steps = new Steps();
    if (around.before) steps.append(around.before);
    const locked = steps.add<boolean>('tryLock', [this.handle], { tell: error => error });
    if (around.after) steps.append(around.after);
    for (let pause = 1; ; pause = Math.min(pause * 2, MAX_PAUSE_MS)) {
      const hold = await this.#try(steps, () => locked.isDone);
      if (hold !== null) return hold;
      throwIfAborted(signal, 'waiting for the lock of the directory');
      if (now() >= deadline) {
        throw new TensorBundleError(
          'ERR_LOCKED',
          `${this.path} was locked by another process for ${timeoutMs} ms; try again, or raise lockTimeoutMs`,
          { path: this.path },
        );
      }
      await delay(pause);
    }
  }

  /** Does nothing if a step has ended the hold already. */
  async release(hold: Hold): Promise<void> {
    if (this.#hold !== hold) return;
    if (hold.isHere) lockedHere.delete(this.identity);
    // Closing the directory releases the lock too, so after an error here others wait only until then.
    else await native.unlock(this.handle).catch(() => undefined);
    this.#hold = null;
  }

  /** Adds the step that ends the present hold. Where the file system has no locks, `release` has to do it. */
  addRelease(steps: Steps): void {
    if (this.#hold === null || this.#hold.isHere) return;
    const onDone = (): void => {
      this.#hold = null;
    };
    steps.add('unlock', [this.handle], { tell: error => error, allowed: ['*'], onDone });
  }

  async #try(steps: Steps, isLocked: () => boolean): Promise<Hold | null> {
    if (this.#hold !== null) return null;
    const hold: Hold = { isHere: false };
    this.#hold = hold;
    try {
      await steps.run().catch(async error => {
        if (isLocked() || steps.failed?.call !== 'tryLock' || !lacks('locks', error)) throw error;
        if (lockedHere.has(this.identity)) return;
        lockedHere.add(this.identity);
        hold.isHere = true;
        steps.skip(true);
        await steps.run();
      });
    } catch (error) {
      await steps.release();
      if (isLocked()) await this.release(hold);
      else this.#hold = null;
      throw error;
    }
    if (isLocked()) return hold;
    this.#hold = null;
    return null;
  }
}

/** Whether a living process holds a file. Nobody holds an absent file, a link or a FIFO. Throws errors of the addon. */
export async function holderOf(directory: Handle, name: string): Promise<Holder> {
  const opened = await withDescriptor(() => native.open(directory, name, 'lock')).catch((error): Holder => {
    const code = isNativeError(error) ? error.code : null;
    if (code === 'ELOOP' || code === 'EFTYPE') return 'nobody';
    // A file that may not be opened is not judged.
    if (code === 'EISDIR' || code === 'EACCES' || code === 'EPERM') return 'unknown';
    throw error;
  });
  if (opened === null) return 'nobody';
  if (typeof opened === 'string') return opened;
  try {
    // A shared lock is refused while another process holds an exclusive one. On NFSv4 it works with a descriptor that
    // is open for reading.
    return (await native.tryLock(opened, true)) ? 'nobody' : 'somebody';
  } catch (error) {
    if (lacks('locks', error)) return 'unknown';
    throw error;
  } finally {
    await release(opened);
  }
}
