/** What this process knows about its own commits that is not on disk. Other processes do not know it. */
import type { FileStat } from '../binding.js';
import { remember } from './most-places.js';

const keyOf = (directoryIdentity: string, base: string): string => `${directoryIdentity}/${base}`;

/** The inode alone is not enough: it is given to another file once this one is gone. */
function fingerprint({ identity, modified, size }: FileStat): string {
  return `${identity}/${modified}/${size}`;
}

/**
 * Generations that were committed without syncs and without a marker, because there was no durable one before them. (A
 * fresh checkpoint has only files that TensorFlow has too.) For each, its committed index. One that is forgotten is
 * taken for durable, so the save after it keeps it.
 */
const unsynced = new Map<string, string>();

/** `index` is the committed index file: a different file means that another process has saved since. */
export function rememberUnsynced(directoryIdentity: string, base: string, index: FileStat): void {
  remember(unsynced, keyOf(directoryIdentity, base), fingerprint(index));
}

export function isOwnUnsynced(directoryIdentity: string, base: string, index: FileStat): boolean {
  return unsynced.get(keyOf(directoryIdentity, base)) === fingerprint(index);
}

export function forgetUnsynced(directoryIdentity: string, base: string): void {
  unsynced.delete(keyOf(directoryIdentity, base));
}

/**
 * Data files, for file systems without locks. There nobody can tell whether another process is still writing, and age
 * proves nothing (a linked file keeps its old time). So a save removes only these files.
 */
const dataFiles = new Map<string, Map<string, string>>();

/** Remembers the file, not only its name: another process may make a file with the same name when it is gone. */
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
