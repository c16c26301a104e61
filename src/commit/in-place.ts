/** `overwrite: 'in-place'`: the old files of the same names go before the new ones come. */
import { TensorBundleError } from '../errors.js';
import type { ObjectStore } from '../storage/store.js';
import type { Generations } from './generations.js';
import { indexName } from './names.js';

export interface InPlace {
  /** In the order in which they are unlinked. */
  names: string[];
  /** What that frees, in bytes, unless a file is linked or open elsewhere. */
  bytes: number;
}

/** Touches nothing. Throws ERR_NOT_A_CHECKPOINT for what is no file and could not be unlinked. */
export async function planInPlace(
  store: ObjectStore,
  base: string,
  found: Generations,
  total: number,
): Promise<InPlace> {
  const data = found.data.get(total) ?? [];
  let bytes = 0;
  for (const name of data) {
    const stat = await store.stat(name, false);
    if (stat?.kind === 'directory') {
      const path = store.pathOf(name);
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
  // A marker that stayed would make the new generation look unsynced: it goes first. Then the index, so that no index is
  // ever there without its data.
  return { names: [...(found.unsynced.get(total)?.markers ?? []), indexName(base), ...data], bytes };
}

/**
 * They are unlinked, not written over, because a file may be linked or mapped elsewhere. A crash from here on, or an error,
 * loses the old checkpoint.
 */
export async function unlinkInPlace(store: ObjectStore, { names }: InPlace): Promise<void> {
  for (const name of names) await store.remove(name);
}
