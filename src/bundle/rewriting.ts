/**
 * Writes whole checkpoints anew, through the reader and the writer, so that every checksum is checked on the way:
 * copies, and merges of checkpoints that were written in parts
 * (tensorflow/core/util/tensor_bundle/tensor_bundle.cc, MergeBundles).
 */
import { join } from 'node:path';
import { removeIf } from '../commit/checkpoint-removal.js';
import { joinPrefix } from '../commit/names.js';
import { type PathLike, pathOf } from '../commit/paths.js';
import { invalidArgument } from '../errors.js';
import type { OptionList } from '../options.js';
import { DescriptorPool } from '../storage/descriptor-pool.js';
import { currentDirectory, withDirectories } from '../storage/directories.js';
import type { Directory } from '../storage/directory.js';
import type { Item } from './item.js';
import { ItemList } from './item-list.js';
import { kindIn, type Located, locate, withoutSlashes } from './locate.js';
import { type IndexMark, type OpenBundle, openBundle } from './open-bundle.js';
import { save, saveTarget } from './save-bundle.js';
import { storedItems } from './stored-items.js';
import type { StoredTensor } from './stored-tensor.js';
import { checkOptions, type SaveResult, WRITER_OPTIONS, type WriterOptions } from './writer-options.js';

/** More slices than an index can have: each takes some bytes of at most 2^31. */
const MAX_SLICES = 2 ** 31;

const MERGE_OPTIONS: OptionList<WriterOptions & { deleteInputs?: boolean }> = {
  ...WRITER_OPTIONS,
  deleteInputs: 'flag',
};

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

/**
 * Merges checkpoints into one, as MergeV2Checkpoints does, but atomically. Data files are numbered in the order in
 * which they are first met: input by input in the order of `from`, and in each input by its sorted keys. Slices of one
 * tensor are joined.
 *
 * `deleteInputs` (default false) removes the inputs after the commit, which must be durable. An input that has been
 * saved over meanwhile is not removed.
 *
 * Rejects with ERR_INVALID_ARGUMENT if an input is to be removed and is a directory whose `checkpoint` file names a
 * checkpoint elsewhere; ERR_DUPLICATE_NAME for a tensor that two inputs hold whole; ERR_SHAPE, ERR_DTYPE or
 * ERR_SLICE_OVERLAP for slices that do not belong together; ERR_BAD_NAME for more very long names than can be read; and
 * as `copyCheckpoint` does.
 */
export async function mergeCheckpoints(
  from: readonly PathLike[],
  to: PathLike,
  options: WriterOptions & { deleteInputs?: boolean } = {},
): Promise<SaveResult> {
  const checked = checkOptions(options, 'mergeCheckpoints', MERGE_OPTIONS);
  const target = saveTarget(to);
  if (from.length === 0)
    throw invalidArgument('give at least one checkpoint to merge', {
      path: target.prefix,
    });
  // All paths are checked before any checkpoint is opened.
  const inputs = from.map(pathOf);
  const start = currentDirectory();
  if (options.deleteInputs && !checked.durable) {
    throw invalidArgument(
      'deleteInputs needs a durable merge: a power loss could take the result, and the inputs would be gone',
      { path: target.prefix },
    );
  }
  const pool = new DescriptorPool();
  const found: Located[] = [];
  const bundles: OpenBundle[] = [];
  try {
    for (const path of inputs) {
      const { directory, ...one } = await inputOf(path, start, options.deleteInputs ?? false);
      // Checkpoints in the same directory share one descriptor for it.
      found.push({ ...one, directory: await pool.shareDirectory(directory) });
    }
    for (const one of found) bundles.push(await openBundle(one, { signal: checked.signal, pool }));
    const keep = options.shards === undefined;
    const numbers = numberShards(bundles);
    const items: Item[] = [];
    for (const [i, bundle] of bundles.entries()) {
      const shardOf = (stored: StoredTensor) => (keep ? numbers[i]!.get(stored.entry.shard)! : undefined);
      const options = { signal: checked.signal, sequenceFrom: i * MAX_SLICES };
      for (const item of await storedItems(bundle, shardOf, options)) items.push(item);
    }
    if (keep) items.sort((a, b) => a.shard! - b.shard!);
    const list = new ItemList();
    for (const item of items) list.add(item);
    const result = await save(target, list.items, checked);
    if (options.deleteInputs) await removeInputs(found, bundles);
    return result;
  } finally {
    await Promise.all(bundles.map(bundle => bundle.close()));
    await Promise.all(found.map(({ directory }) => pool.releaseDirectory(directory)));
  }
}

/**
 * The checkpoint that a path means. If it is to be removed afterwards, it must lie where the path says, because a state
 * file may name a checkpoint anywhere.
 */
async function inputOf(path: string, start: readonly string[], isRemoved: boolean): Promise<Located> {
  return await withDirectories(async directories => {
    const located = await locate(path, directories);
    const { prefix } = located;
    const directory = withoutSlashes(path);
    try {
      if (!isRemoved || prefix === path || (await kindIn(directories, directory)) !== 'directory') return located;
      const shown: Directory | null = await directories.open(directory);
      if (shown?.identity === located.directory.identity) return located;
      if (prefix === join(directory, 'variables', 'variables')) return located;
    } catch (error) {
      await located.directory.close();
      throw error;
    }
    await located.directory.close();
    throw invalidArgument(
      `deleteInputs would remove ${prefix}, which is not in ${directory} but named by its \`checkpoint\` file; ` +
        'give the prefix itself if it is meant',
      { path: directory, found: prefix },
    );
  }, start);
}

/**
 * Removes the inputs that were merged. A checkpoint is kept if it is a new one: the result may have replaced an input,
 * and another program may have saved over one.
 */
async function removeInputs(found: readonly Located[], bundles: readonly OpenBundle[]): Promise<void> {
  for (const [i, { directory, base }] of found.entries()) {
    const { mark } = bundles[i]!;
    await removeIf(joinPrefix(directory.path, base), async index => index !== null && isMarked(index, mark));
  }
}

function isMarked(index: IndexMark, { identity, size, modified }: IndexMark): boolean {
  return index.identity === identity && index.size === size && index.modified === modified;
}

/** For each bundle, the number in the result of each of its shards. */
function numberShards(bundles: readonly OpenBundle[]): Map<number, number>[] {
  let next = 0;
  return bundles.map(bundle => {
    const numbers = new Map<number, number>();
    for (const attempt of bundle.index.attempts()) {
      const shard = attempt?.()?.entry.shard;
      if (shard !== undefined && !numbers.has(shard)) numbers.set(shard, next++);
    }
    return numbers;
  });
}
