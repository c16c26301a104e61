/** Removal of whole checkpoints. */
import type { FileStat } from '../binding.js';
import { TensorBundleError } from '../errors.js';
import { type Directory, withDirectory } from '../storage/directory.js';
import { surveyGenerations } from './generations.js';
import { removeDead, removeStrayMarkers } from './leftovers.js';
import { indexName, ownFileStem, splitPrefix, stemOf, stripFileSuffix } from './names.js';
import { forgetOwn, forgetUnsynced } from './own-commits.js';
import { type PathLike, pathOf } from './paths.js';

/**
 * Removes `PREFIX.index` first, then every data file of the prefix, of all generations, and the leftovers of
 * interrupted saves. A save in progress is not touched. If there is no such checkpoint, that is not an error. The
 * `checkpoint` state file stays as it is, as in TensorFlow (`remove_checkpoint`, checkpoint_management.py). `path` is
 * PREFIX, PREFIX.index or PREFIX.data-*; if a checkpoint has a name that ends like that, that checkpoint is removed.
 * Rejects with ERR_INVALID_ARGUMENT and ERR_NOT_SUPPORTED for something that is not a prefix or not a local path,
 * ERR_LOCKED, ERR_PERMISSION, ERR_IO.
 */
export async function removeCheckpoint(path: PathLike): Promise<void> {
  await removeIf(path, async () => true);
}

/**
 * As `removeCheckpoint`, but only if `isMeant` says so about the index (null if there is none). It is called under the
 * directory's lock.
 */
export async function removeIf(path: PathLike, isMeant: (index: FileStat | null) => Promise<boolean>): Promise<void> {
  const given = pathOf(path);
  await withDirectory(splitPrefix(given).directory, directory =>
    directory.exclusively(30_000, undefined, async () => {
      const base = await baseOf(directory, given);
      if (!(await isMeant(await directory.stat(indexName(base))))) return;
      for (const error of (await removeBases(directory, [base])).values()) throw error;
    }),
  );
}

/**
 * Removes the checkpoints BASES of one directory, which is locked and listed once for all of them. A file that cannot
 * be removed does not stop the others. Gives the errors, by base. Rejects with ERR_LOCKED, and if the directory cannot
 * be listed.
 */
export async function removeCheckpoints(
  directory: Directory,
  bases: Iterable<string>,
): Promise<Map<string, TensorBundleError>> {
  return await directory.exclusively(30_000, undefined, () => removeBases(directory, [...new Set(bases)]));
}

async function removeBases(directory: Directory, bases: readonly string[]): Promise<Map<string, TensorBundleError>> {
  const failed = new Map<string, TensorBundleError>();
  const trying = async (base: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof TensorBundleError)) throw error;
      failed.set(base, error);
    }
  };
  // The removal of the indexes is durable before the data goes: so after a crash there is no index without data.
  let removed = 0;
  for (const base of bases)
    await trying(base, async () => {
      if (await directory.remove(indexName(base))) removed++;
      forgetUnsynced(directory.identity, base);
    });
  if (removed > 0) await directory.sync();
  const files = new DirectoryFiles(await directory.list());
  for (const base of bases)
    if (!failed.has(base)) await trying(base, () => removeData(directory, base, files.of(base)));
  return failed;
}

/** `names` has at least the names of all files of the checkpoint. */
async function removeData(directory: Directory, base: string, names: readonly string[]): Promise<void> {
  const found = await surveyGenerations(directory, base, names);
  let failure: unknown = null;
  for (const [total, data] of found.data) {
    if (found.busy.has(total)) continue;
    for (const name of data) {
      try {
        await directory.remove(name);
        forgetOwn(directory.identity, base, name);
      } catch (error) {
        failure ??= error;
      }
    }
    found.data.delete(total);
  }
  if (failure !== null) throw failure;
  await removeDead(directory, base, found, new Set());
  await removeStrayMarkers(directory, found);
}

/**
 * Which names of a directory belong to which checkpoint. Each name is looked at once, whatever the number of
 * checkpoints.
 */
class DirectoryFiles {
  readonly #byBase = new Map<string, string[]>();
  readonly #byStem = new Map<string, string[]>();

  constructor(names: readonly string[]) {
    for (const name of names) {
      const stem = ownFileStem(name);
      const base = stripFileSuffix(name);
      if (stem !== null) append(this.#byStem, stem, name);
      // './' means the base ''.
      if (base !== null) append(this.#byBase, base === './' ? '' : base, name);
    }
  }

  of(base: string): string[] {
    return [...(this.#byBase.get(base) ?? []), ...(this.#byStem.get(stemOf(base)) ?? [])];
  }
}

function append(lists: Map<string, string[]>, key: string, name: string): void {
  const names = lists.get(key);
  if (names) names.push(name);
  else lists.set(key, [name]);
}

/**
 * The name as it is given, if any file of that checkpoint exists, even data without an index. Otherwise the name
 * without the ending of a file.
 */
async function baseOf(directory: Directory, given: string): Promise<string> {
  const { base } = splitPrefix(given);
  const stripped = stripFileSuffix(given);
  if (stripped === null) return base;
  const { data, dead, busy } = await surveyGenerations(directory, base);
  const isThere = (await directory.stat(indexName(base), false)) !== null;
  return isThere || data.size > 0 || dead.size > 0 || busy.size > 0 ? base : splitPrefix(stripped).base;
}
