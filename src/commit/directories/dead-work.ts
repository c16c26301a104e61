/** What saves beside their target have left whose processes died: of a directory, or of one file. */
import type { Directory } from '../../storage/directory.js';
import { parseWorkName, workIntentName, workName } from './work-names.js';

/** `removeWork` removes what a save has written, and never throws. Call it under the lock of the directory. */
export async function removeDeadWork(
  directory: Directory,
  base: string,
  removeWork: (name: string) => Promise<unknown>,
): Promise<void> {
  const ids = new Set((await directory.list()).flatMap(name => parseWorkName(base, name) ?? []));
  for (const id of ids) {
    const intent = workIntentName(base, id);
    if ((await directory.holderOf(intent)) !== 'nobody') continue;
    // The intent goes first. A save that is alive, but has lost its lock, sees that it is missing.
    await directory.remove(intent).catch(() => false);
    await removeWork(workName(base, id));
  }
}
