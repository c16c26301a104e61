/** Copies whole checkpoints through the reader and the writer. Every checksum is checked on the way. */
import type { PathLike } from '../commit/paths.js';
import { DescriptorPool } from '../storage/descriptor-pool.js';
import { locate } from './locate.js';
import { openBundle } from './open-bundle.js';
import { storedItems } from './reencode.js';
import { save, saveTarget } from './save-bundle.js';
import { checkOptions, type SaveResult, WRITER_OPTIONS, type WriterOptions } from './writer-options.js';

/**
 * Re-encodes `from` as `to`, keeping shards, order and slices (a copy of a TensorFlow checkpoint is byte-identical
 * unless its data files hold unused bytes); with `shards` it reshards. A big-endian checkpoint comes out little-endian.
 * Rejects as `CheckpointReader.open`, `read` and `CheckpointWriter.finish` do.
 */
export async function copyCheckpoint(from: PathLike, to: PathLike, options: WriterOptions = {}): Promise<SaveResult> {
  const checked = checkOptions(options, 'copyCheckpoint', WRITER_OPTIONS);
  const target = saveTarget(to);
  const bundle = await openBundle(await locate(from), { signal: checked.signal, pool: new DescriptorPool() });
  try {
    const keep = options.shards === undefined;
    return await save(
      target,
      await storedItems(bundle, stored => (keep ? stored.entry.shard : undefined), { signal: checked.signal }),
      checked,
    );
  } finally {
    await bundle.close();
  }
}
