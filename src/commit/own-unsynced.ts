/**
 * Which generations this process has committed without syncs and without a marker, because nothing was there before them
 * (a fresh checkpoint has no file that TensorFlow's has not). For other processes they count as durable.
 */
const committed = new Map<string, string>();

const keyOf = (storeIdentity: string, base: string): string => `${storeIdentity}/${base}`;

/** `index` is the identity of the committed index file: another index means that somebody has saved since. */
export function rememberUnsynced(storeIdentity: string, base: string, index: string): void {
  committed.set(keyOf(storeIdentity, base), index);
}

export function isOwnUnsynced(storeIdentity: string, base: string, index: string): boolean {
  return committed.get(keyOf(storeIdentity, base)) === index;
}

export function forgetUnsynced(storeIdentity: string, base: string): void {
  committed.delete(keyOf(storeIdentity, base));
}
