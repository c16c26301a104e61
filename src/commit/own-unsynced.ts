/**
 * Which generations this process has committed without syncs and without a marker, because no durable one was there before
 * them (a fresh checkpoint has no file that TensorFlow's has not). For other processes they count as durable.
 */
import type { FileStat } from '../binding.js';

const committed = new Map<string, string>();

const keyOf = (storeIdentity: string, base: string): string => `${storeIdentity}/${base}`;

/** The inode alone proves nothing: it is given to another file once this one is gone. */
export function fingerprint({ identity, modified, size }: FileStat): string {
  return `${identity}/${modified}/${size}`;
}

/** `index` is the committed index file: another one means that somebody has saved since. */
export function rememberUnsynced(storeIdentity: string, base: string, index: FileStat): void {
  committed.set(keyOf(storeIdentity, base), fingerprint(index));
}

export function isOwnUnsynced(storeIdentity: string, base: string, index: FileStat): boolean {
  return committed.get(keyOf(storeIdentity, base)) === fingerprint(index);
}

export function forgetUnsynced(storeIdentity: string, base: string): void {
  committed.delete(keyOf(storeIdentity, base));
}
