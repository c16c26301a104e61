/**
 * Locks of the file system (flock). Where it has none, a table in memory stands in for them: saves of this process
 * still exclude each other, but other processes are not kept out.
 */
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { type Handle, native } from '../binding.js';
import { isNativeError, TensorBundleError, throwIfAborted } from '../errors.js';
import { withDescriptor } from './descriptors.js';
import { release } from './handles.js';
import { lacks } from './lacks.js';

/**
 * On NFS, a machine that only checks whether a file is held does hold it for a moment. So a hold is tried this often.
 */
const HOLD_ATTEMPTS = 10;
/** The longest pause, in milliseconds, before another try to take a lock that is held elsewhere. */
const MAX_PAUSE_MS = 50;

/**
 * Whether a process holds a file. 'unknown': it cannot be opened, or its file system has no locks; it must not be
 * touched.
 */
export type Holder = 'somebody' | 'nobody' | 'unknown';

/** Identities of the directories that are locked in this process because their file system has no locks. */
const lockedHere = new Set<string>();

/** The lock of one open directory. Like any lock, one open directory holds it once at a time. */
export class DirectoryLock {
  /** Kept here because flock grants the lock of one open directory as often as it is asked for. */
  #isTaken = false;
  #isHere = false;

  constructor(
    private readonly handle: Handle,
    private readonly identity: string,
    private readonly path: string,
  ) {}

  /** Throws ERR_LOCKED after `timeoutMs`, ERR_ABORTED, and errors of the addon. */
  async take(timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    for (let pause = 1; !(await this.#try()); pause = Math.min(pause * 2, MAX_PAUSE_MS)) {
      throwIfAborted(signal, 'waiting for the lock of the directory');
      if (performance.now() >= deadline) {
        throw new TensorBundleError(
          'ERR_LOCKED',
          `${this.path} was locked by another process for ${timeoutMs} ms; try again, or raise lockTimeoutMs`,
          { path: this.path },
        );
      }
      await delay(pause);
    }
  }

  async release(): Promise<void> {
    if (this.#isHere) lockedHere.delete(this.identity);
    // Closing the directory releases the lock too, so after an error here others wait only until then.
    else await native.unlock(this.handle).catch(() => undefined);
    this.#isHere = false;
    this.#isTaken = false;
  }

  async #try(): Promise<boolean> {
    if (this.#isTaken) return false;
    this.#isTaken = true;
    let isLocked = false;
    try {
      isLocked = await native.tryLock(this.handle);
    } catch (error) {
      if (!lacks('locks', error)) throw error;
      isLocked = this.#isHere = !lockedHere.has(this.identity);
      lockedHere.add(this.identity);
    } finally {
      this.#isTaken = isLocked;
    }
    return isLocked;
  }
}

/**
 * Takes the lock of a file that was just made. False where the file system has no locks. Throws ERR_LOCKED if another
 * process keeps holding it, and errors of the addon.
 */
export async function hold(handle: Handle, path: string): Promise<boolean> {
  try {
    for (let attempt = 1; attempt <= HOLD_ATTEMPTS; attempt++) {
      if (await native.tryLock(handle)) return true;
      await delay(1);
    }
  } catch (error) {
    if (lacks('locks', error)) return false;
    throw error;
  }
  throw new TensorBundleError('ERR_LOCKED', `${path} is locked by another process; try again`, { path });
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
