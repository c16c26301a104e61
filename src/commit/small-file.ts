/** Replacement of a small text file. A reader always finds either the old text or the new one, even after a crash. */

import { TextEncoder } from 'node:util';
import type { FileStat } from '../binding.js';
import { isNativeError } from '../errors.js';
import type { Directory } from '../storage/directory.js';
import { nonce, stemOf } from './names.js';

interface Replacement {
  durable: boolean;
  names?: readonly string[] | null;
  old?: FileStat | null | undefined;
}

/**
 * Call it under the directory's lock. The new text is written to a file `NAME.tmp-` with 16 hex digits, which is synced
 * if `durable`, and then renamed. The mode of the old file is kept. Leftovers of updates that were killed are removed.
 * Gives what the new file is, if it is on stable storage now.
 * `names`: what is in the directory, if the caller has just listed it. `old`: the file, or null, if the caller has just
 * looked at it.
 */
export async function replaceSmallFile(
  directory: Directory,
  name: string,
  text: string,
  { durable, names, old: seen }: Replacement,
): Promise<FileStat | null> {
  await removeDeadUpdates(directory, name, names ?? (await directory.list()));
  const old = seen === undefined ? await directory.stat(name) : seen;
  const temporary = `${stemOf(name)}.tmp-${nonce()}`;
  const steps = directory.steps();
  const file = steps.createHeld(temporary, old ? old.mode & 0o777 : undefined);
  steps.write(file, new TextEncoder().encode(text), durable);
  // Before the rename, since another program may replace the file right after it.
  const written = durable ? steps.tryStat(temporary) : null;
  const renamed = steps.rename(temporary, name);
  steps.close(file);
  if (durable) steps.sync();
  try {
    await steps.run();
    return written === null || isNativeError(written.value) ? null : written.value;
  } catch (error) {
    if (file.handle.isDone && !renamed.isDone) await directory.remove(temporary).catch(() => false);
    throw error;
  } finally {
    await steps.release();
  }
}

/**
 * Removes only files with the exact name pattern that nobody holds. A file that cannot be judged or removed stays, and
 * does no harm.
 */
export async function removeDeadUpdates(directory: Directory, name: string, names: readonly string[]): Promise<void> {
  const start = `${stemOf(name)}.tmp-`;
  for (const other of names) {
    if (!other.startsWith(start) || !/^[0-9a-f]{16}$/.test(other.slice(start.length))) continue;
    if ((await directory.holderOf(other)) === 'nobody') await directory.remove(other).catch(() => false);
  }
}
