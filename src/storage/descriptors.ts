/**
 * A process has few descriptors (`ulimit -n`). When none is left, files that pools keep open but nobody uses at the
 * moment are closed. So every call that needs a descriptor gets one, whether it uses a pool or not.
 */
import { isNativeError, TensorBundleError } from '../errors.js';

/** An object that holds descriptors that it can do without for a while. */
export interface DescriptorHolder {
  /** Closes some idle files; gives the number of files closed. */
  shrink(): Promise<number>;
}

/**
 * The objects that hold a descriptor now, as long as somebody else has them: a reader that was dropped without being
 * closed is collected, and so its files are closed.
 */
const holders = new Set<WeakRef<DescriptorHolder>>();

export function addHolder(holder: WeakRef<DescriptorHolder>): void {
  holders.add(holder);
}

export function removeHolder(holder: WeakRef<DescriptorHolder>): void {
  holders.delete(holder);
}

export function descriptorHolders(): DescriptorHolder[] {
  const found: DescriptorHolder[] = [];
  for (const one of holders) {
    const holder = one.deref();
    if (holder === undefined) holders.delete(one);
    else found.push(holder);
  }
  return found;
}

/** Wake those that found the process without a descriptor, the one that waits longest first. */
const waiting: (() => void)[] = [];

/** Ends when a descriptor may have become free, or idle. Some holder must have one in use: else nobody tells. */
export function descriptorChange(): Promise<void> {
  return new Promise(resolve => {
    waiting.push(resolve);
  });
}

/** A descriptor may have become free, or idle: one that waits for that looks again. */
export function descriptorChanged(): void {
  waiting.shift()?.();
}

/** Whether the process (EMFILE) or the system (ENFILE) has no descriptor left. */
export function isExhausted(error: unknown): boolean {
  const cause = error instanceof TensorBundleError ? error.cause : error;
  return isNativeError(cause) && (cause.code === 'EMFILE' || cause.code === 'ENFILE');
}

/** Runs `open`. If no descriptor is left, closes idle files and tries again, for as long as that frees any. */
export async function withDescriptor<T>(open: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await open();
    } catch (error) {
      if (!isExhausted(error)) throw error;
      const closed = await Promise.all(descriptorHolders().map(holder => holder.shrink()));
      if (closed.every(count => count === 0)) throw error;
    }
  }
}
