/**
 * Locks of the file system (flock), and what stands in for them where it has none: then saves of this process exclude
 * each other, but other processes are not kept out.
 */
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { type Handle, native } from '../binding.js';
import { isNativeError, TensorBundleError, throwIfAborted } from '../errors.js';
import { withDescriptor } from './descriptors.js';
import { release } from './handles.js';
import { lacks } from './lacks.js';

/** On NFS a machine that only looks whether a file is held does hold it for a moment. */
const HOLD_ATTEMPTS = 10;
/** The longest pause before a lock that another holds is tried again, in milliseconds. */
const MAX_PAUSE_MS = 50;

/** Who holds a file. 'unknown': it cannot be opened, or is on a file system without locks: not to be touched. */
export type Holder = 'somebody' | 'nobody' | 'unknown';

/** Directories that are locked in this process, where their file system has no locks: by identity. */
const lockedHere = new Set<string>();

/** The lock of one open directory. The same open directory takes it once at a time, like any other. */
export class DirectoryLock {
  /** flock grants the lock of one open directory as often as it is asked for. */
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
    // Closing the directory releases the lock too, so an error here holds up others no longer than that.
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
 * Holds a file that was just made. False where the file system has no locks. Throws ERR_LOCKED if another keeps
 * holding it, and errors of the addon.
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

/**
 * Whether anyone alive holds a file; nobody holds what is absent, or is a link or a FIFO. Throws errors of the addon.
 */
export async function holderOf(directory: Handle, name: string): Promise<Holder> {
  const opened = await withDescriptor(() => native.open(directory, name, 'lock')).catch((error): Holder => {
    const code = isNativeError(error) ? error.code : null;
    if (code === 'ELOOP' || code === 'EFTYPE') return 'nobody';
    // What may not be opened is not judged.
    if (code === 'EISDIR' || code === 'EACCES' || code === 'EPERM') return 'unknown';
    throw error;
  });
  if (opened === null) return 'nobody';
  if (typeof opened === 'string') return opened;
  try {
    // Shared is enough to meet an exclusive holder, and works on NFSv4 with a descriptor open for reading.
    return (await native.tryLock(opened, true)) ? 'nobody' : 'somebody';
  } catch (error) {
    if (lacks('locks', error)) return 'unknown';
    throw error;
  } finally {
    await release(opened);
  }
}
