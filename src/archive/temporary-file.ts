/** A file without a name, which is gone when it is closed, or when the process ends. */
import { tmpdir } from 'node:os';
import { nonce } from '../commit/names.js';
import { removedError } from '../commit/publication-errors.js';
import { invalidArgument } from '../errors.js';
import { type Directory, withDirectory } from '../storage/directory.js';
import type { ReadableFile } from '../storage/file.js';
import type { NewShard } from '../storage/new-files.js';

/** The bytes of a user's model. */
const OWNER_ONLY = 0o600;

/**
 * Fills it with `size` bytes, in the directory for temporary files. What the pieces reject with is thrown, and
 * ERR_NO_SPACE, ERR_PERMISSION, ERR_IO.
 */
export async function temporaryFile(size: number, pieces: AsyncIterable<Uint8Array>): Promise<ReadableFile> {
  const file = await withDirectory(tmpdir(), directory => filled(directory, size, pieces));
  if (file !== null) return file;
  throw invalidArgument(`the directory for temporary files, ${tmpdir()}, does not exist; set TMPDIR to one that does`, {
    path: tmpdir(),
  });
}

async function filled(directory: Directory, size: number, pieces: AsyncIterable<Uint8Array>): Promise<ReadableFile> {
  const name = `tensorbundle-${nonce()}`;
  let shard: NewShard | null = null;
  let opened: ReadableFile | null = null;
  try {
    shard = await directory.createShard(name, size, false, OWNER_ONLY);
    opened = await directory.open(name);
    if (opened === null) throw removedError(directory.pathOf(name));
    // From now on it has no name.
    await directory.remove(name);
    for await (const piece of pieces) await shard.appendChecksummed([piece]);
    await shard.finish(false);
    await shard.close();
    return opened;
  } catch (error) {
    await opened?.close();
    await shard?.close().catch(() => undefined);
    await directory.remove(name).catch(() => false);
    throw error;
  }
}
