/** This process's resident memory, from /proc. Bytes. */
import { readFileSync, writeFileSync } from 'node:fs';

/** `VmHWM` (peak), `VmRSS` or `RssAnon`. */
export function resident(field) {
  const line = readFileSync('/proc/self/status', 'utf8').match(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm'));
  return Number(line[1]) * 1024;
}

/** Sets the peak back to what is resident now, after a collection. */
export function resetPeak() {
  globalThis.gc();
  writeFileSync('/proc/self/clear_refs', '5');
}
