/** The memory of this process in bytes, by the kernel's accounting in /proc. */
import { readFileSync, writeFileSync } from 'node:fs';

/** `VmHWM` (peak), `VmRSS` or `RssAnon`. */
export function resident(field) {
  const line = readFileSync('/proc/self/status', 'utf8').match(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm'));
  return Number(line[1]) * 1024;
}

/** Collects garbage and resets the peak to what is resident then. */
export function resetPeak() {
  globalThis.gc?.();
  writeFileSync('/proc/self/clear_refs', '5');
}

/** Runs an action and returns its value and the peak of the memory beyond what was resident before. */
export async function watched(action) {
  resetPeak();
  const before = resident('VmRSS');
  const value = await action();
  return { value, peakBytes: Math.max(0, resident('VmHWM') - before) };
}

/**
 * The same for anonymous memory, which has no peak in /proc: it is read every 2 ms, and by `action`, which gets a
 * function for that. Mapped pages of files belong to the page cache and are not counted.
 */
export async function watchedAnonymous(action) {
  globalThis.gc?.();
  const before = resident('RssAnon');
  let peak = before;
  const look = () => {
    peak = Math.max(peak, resident('RssAnon'));
  };
  const timer = setInterval(look, 2);
  try {
    const value = await action(look);
    return { value, anonymousBytes: peak - before };
  } finally {
    clearInterval(timer);
  }
}
