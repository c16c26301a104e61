/** What may have happened to a save before its commit: a later one was faster, or another process took it for dead. */
import type { Directory } from '../storage/directory.js';
import { overtakenBy, placeOf, rememberCall } from './call-order.js';
import { makeDurable } from './generations.js';
import { indexName } from './names.js';
import { laterUnsyncedError, removedError } from './publication-errors.js';

interface Promised {
  call: number;
  durable: boolean;
}

/** Whether a later save has taken the prefix. */
export function isOvertaken(directory: Directory, base: string, promised: Promised): Promise<boolean> {
  const place = placeOf(directory.identity, base);
  const path = directory.pathOf(indexName(base));
  return isPlaceTaken(place, path, promised, () => makeDurable(directory, base));
}

/**
 * Whether a later save has taken the place, which is at `path`. What this one promised must then hold for the later
 * one: `putOnStorage` puts what is there on stable storage. Call it under the directory's lock.
 */
export async function isPlaceTaken(
  place: string,
  path: string,
  { call, durable }: Promised,
  putOnStorage: () => Promise<void>,
): Promise<boolean> {
  const later = overtakenBy(place, call);
  if (later === null) return false;
  if (later.durable || !durable) return true;
  try {
    if (later.failure !== undefined) throw later.failure;
    await putOnStorage();
  } catch (cause) {
    throw laterUnsyncedError(path, cause);
  }
  rememberCall(place, { call: later.call, durable: true });
  return true;
}

/** After a commit whose rename or sync reported an error: the place is taken, but nothing was promised. */
export function rememberFailed(directory: Directory, base: string, call: number, failure: unknown): void {
  rememberCall(placeOf(directory.identity, base), { call, durable: false, failure });
}

/**
 * A save may lose its locks (a lease that a network file system did not renew), and then another process may take it
 * for dead. The files are opened, because such a file system answers other questions from its memory.
 */
export async function checkOwnFiles(directory: Directory, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const file = await directory.open(name);
    await file?.close();
    if (file === null) throw removedError(directory.pathOf(name));
  }
}
