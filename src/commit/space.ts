/** Room on the disk, asked for before a save writes anything. */
import { TensorBundleError } from '../errors.js';
import type { ObjectStore } from '../storage/store.js';

/** `freed`: bytes that the save itself gives back first. Throws ERR_NO_SPACE. */
export async function checkSpace(store: ObjectStore, bytes: number, freed: number): Promise<void> {
  const free = await store.freeSpace();
  if (free === null || free + freed >= bytes) return;
  const room =
    freed > 0
      ? `${freed} more when the old checkpoint is gone`
      : 'an overwrite needs room for the old and the new checkpoint together';
  throw new TensorBundleError(
    'ERR_NO_SPACE',
    `${store.path} has ${free} bytes free and the save needs ${bytes}; ${room}`,
    { path: store.path, expected: bytes, found: free },
  );
}
