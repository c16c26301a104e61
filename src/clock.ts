/**
 * The clock for waits and turns. `performance` would do as well, but loading its module takes most of a millisecond of
 * each import, and the global one may be a test's.
 */
const { uptime } = process;

/** Milliseconds since some moment; never goes back. */
export function now(): number {
  return 1000 * uptime();
}
