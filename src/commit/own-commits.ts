/**
 * What this process has committed, where the disk does not say it: for other processes it is not so.
 */
import type { FileStat } from '../binding.js';

const keyOf = (directoryIdentity: string, base: string): string => `${directoryIdentity}/${base}`;

/** The inode alone proves nothing: it is given to another file once this one is gone. */
function fingerprint({ identity, modified, size }: FileStat): string {
  return `${identity}/${modified}/${size}`;
}

/**
 * Generations that were committed without syncs and without a marker, because no durable one was there before them (a
 * fresh checkpoint has no file that TensorFlow's has not): the committed index of each.
 */
const unsynced = new Map<string, string>();

/** `index` is the committed index file: another one means that somebody has saved since. */
export function rememberUnsynced(directoryIdentity: string, base: string, index: FileStat): void {
  unsynced.set(keyOf(directoryIdentity, base), fingerprint(index));
}

export function isOwnUnsynced(directoryIdentity: string, base: string, index: FileStat): boolean {
  return unsynced.get(keyOf(directoryIdentity, base)) === fingerprint(index);
}

export function forgetUnsynced(directoryIdentity: string, base: string): void {
  unsynced.delete(keyOf(directoryIdentity, base));
}

/**
 * Data files, for file systems without locks: there nobody can tell whether another process is still writing, and age
 * proves nothing (a linked file keeps its old time), so a save removes only these.
 */
const dataFiles = new Map<string, Map<string, string>>();

/** The file, and not only its name: somebody else may make another of that name when it is gone. */
export function rememberOwn(directoryIdentity: string, base: string, name: string, file: FileStat): void {
  const key = keyOf(directoryIdentity, base);
  const files = dataFiles.get(key);
  if (files) files.set(name, fingerprint(file));
  else dataFiles.set(key, new Map([[name, fingerprint(file)]]));
}

export function isOwn(directoryIdentity: string, base: string, name: string, file: FileStat): boolean {
  return dataFiles.get(keyOf(directoryIdentity, base))?.get(name) === fingerprint(file);
}

export function forgetOwn(directoryIdentity: string, base: string, name: string): void {
  const key = keyOf(directoryIdentity, base);
  const files = dataFiles.get(key);
  if (files?.delete(name) && files.size === 0) dataFiles.delete(key);
}
