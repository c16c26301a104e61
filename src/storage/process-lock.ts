/**
 * Mutual exclusion of the saves of this process, for directories whose file system has no locks: other processes are not
 * kept out, but two callers here are.
 */
const held = new Set<string>();

/** False if somebody else in this process holds the key. */
export function tryHold(key: string): boolean {
  if (held.has(key)) return false;
  held.add(key);
  return true;
}

export function letGo(key: string): void {
  held.delete(key);
}
