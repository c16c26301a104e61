/**
 * Which data files this process has committed, for file systems without locks: there nobody can tell whether another
 * process is still writing, and age proves nothing (a linked file keeps its old time), so a save removes only these.
 */
import type { FileStat } from '../binding.js';
import { fingerprint } from './own-unsynced.js';

const committed = new Map<string, Map<string, string>>();

const keyOf = (storeIdentity: string, base: string): string => `${storeIdentity}/${base}`;

/** The file, and not only its name: somebody else may make another of that name when it is gone. */
export function rememberOwn(storeIdentity: string, base: string, name: string, file: FileStat): void {
  const key = keyOf(storeIdentity, base);
  const files = committed.get(key);
  if (files) files.set(name, fingerprint(file));
  else committed.set(key, new Map([[name, fingerprint(file)]]));
}

export function isOwn(storeIdentity: string, base: string, name: string, file: FileStat): boolean {
  return committed.get(keyOf(storeIdentity, base))?.get(name) === fingerprint(file);
}

export function forgetOwn(storeIdentity: string, base: string, name: string): void {
  const key = keyOf(storeIdentity, base);
  const files = committed.get(key);
  if (files?.delete(name) && files.size === 0) committed.delete(key);
}
