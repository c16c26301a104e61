/** The resident memory of this process in bytes, from /proc. */
import { readFileSync, writeFileSync } from 'node:fs';

/** `VmHWM` (peak), `VmRSS` or `RssAnon`. */
export function resident(field) {
  const line = readFileSync('/proc/self/status', 'utf8').match(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm'));
  return Number(line[1]) * 1024;
}

/** Collects garbage and resets the peak to what is resident then. */
export function resetPeak() {
  globalThis.gc();
  writeFileSync('/proc/self/clear_refs', '5');
}
