/** A file without a name, which is gone when it is closed, or when the process ends. */
import { tmpdir } from 'node:os';
import { nonce } from '../commit/names.js';
import { invalidArgument } from '../errors.js';
import { withDirectory } from '../storage/directory.js';
import type { ReadableFile } from '../storage/file.js';

/**
 * Fills it with `size` bytes, in the directory for temporary files. What the pieces reject with is thrown, and
 * ERR_NO_SPACE, ERR_PERMISSION, ERR_IO.
 */
export async function temporaryFile(size: number, pieces: AsyncIterable<Uint8Array>): Promise<ReadableFile> {
  const file = await withDirectory(tmpdir(), async directory => {
    const name = `tensorbundle-${nonce()}`;
    const shard = await directory.createShard(name, size, false, 0o600);
    let opened: ReadableFile | null = null;
    try {
      opened = await directory.open(name);
      await directory.remove(name);
      for await (const piece of pieces) await shard.appendChecksummed([piece]);
      await shard.finish(false);
      return opened;
    } catch (error) {
      await opened?.close();
      throw error;
    } finally {
      await shard.close();
    }
  });
  if (file !== null) return file;
  throw invalidArgument(`the directory for temporary files, ${tmpdir()}, does not exist; set TMPDIR to one that does`, {
    path: tmpdir(),
  });
}
