/** What a save finds under its name, and whether there is room for what it writes. */
import type { FileStat } from '../binding.js';
import { TensorBundleError } from '../errors.js';
import type { Directory } from '../storage/directory.js';
import { type CommittedIndex, committedTotal, type Generations } from './generations.js';
import { indexName } from './names.js';

/** The index on disk when the save began. */
export interface Replaced {
  readonly index: CommittedIndex;
  readonly permissions: number | undefined;
  /** Nanoseconds since the epoch; null if there was no index. */
  readonly modified: bigint | null;
  /** Only for a save in place, which unlinks the index: total of the last durable generation that it leaves. */
  readonly last: number | null;
}

export function replacedBy(index: CommittedIndex, last: number | null): Replaced {
  const { file } = index;
  return { index, permissions: file === null ? undefined : file.mode & 0o777, modified: file?.modified ?? null, last };
}

/** Total of the index at the commit. `now` is that file; it is read again only if it is another file than before. */
export async function replacedTotal(
  directory: Directory,
  base: string,
  { index }: Replaced,
  now: FileStat | null,
): Promise<number | null | 'unknown'> {
  if (now === null) return null;
  const { file, total } = index;
  const isSame = file?.identity === now.identity && file.size === now.size && file.modified === now.modified;
  return isSame ? total : await committedTotal(directory, base);
}

/**
 * Which files a save with `overwrite: 'in-place'` unlinks: the old files with the same names go before the new ones
 * come.
 */
interface InPlace {
  /**
   * In the order in which they are unlinked. They are not written over, because a file may be linked or mapped
   * elsewhere. From then on, a crash or an error loses the old checkpoint.
   */
  names: string[];
  /** The bytes that this frees, unless a file is linked or open elsewhere. */
  bytes: number;
}

/** Touches nothing. Throws ERR_NOT_A_CHECKPOINT for something that is not a file and could not be unlinked. */
export async function planInPlace(
  directory: Directory,
  base: string,
  found: Generations,
  total: number,
): Promise<InPlace> {
  const data = found.data.get(total) ?? [];
  let bytes = 0;
  for (const name of data) {
    const stat = await directory.stat(name, false);
    if (stat?.kind === 'directory') {
      const path = directory.pathOf(name);
      throw new TensorBundleError(
        'ERR_NOT_A_CHECKPOINT',
        `${path} is a directory; remove it, or save under another name`,
        {
          path,
          expected: 'file',
          found: stat.kind,
        },
      );
    }
    if (stat?.links === 1) bytes += stat.size;
  }
  // The marker goes first: if it stayed, the new generation would look unsynced. Then the index, so that there is never
  // an index without its data.
  return { names: [...(found.unsynced.get(total)?.markers ?? []), indexName(base), ...data], bytes };
}

/**
 * Called before a save writes anything. `free`: what the directory says; `freed`: bytes that the save itself frees
 * first. Throws ERR_NO_SPACE.
 */
export function checkSpace(directory: Directory, free: number | null, bytes: number, freed: number): void {
  if (free === null || free + freed >= bytes) return;
  const room =
    freed > 0
      ? `${freed} more when the old checkpoint is gone`
      : 'an overwrite needs room for the old and the new checkpoint together';
  throw new TensorBundleError(
    'ERR_NO_SPACE',
    `${directory.path} has ${free} bytes free, but the save needs ${bytes}; ${room}`,
    { path: directory.path, expected: bytes, found: free },
  );
}
