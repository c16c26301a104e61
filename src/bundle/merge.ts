/** Merging of checkpoints that were written in parts (tensorflow/core/util/tensor_bundle/tensor_bundle.cc, MergeBundles). */
import { join, resolve } from 'node:path';
import { splitPrefix } from '../commit/names.js';
import { type PathLike, pathOf } from '../commit/paths.js';
import { removeIf } from '../commit/remove.js';
import { TensorBundleError } from '../errors.js';
import type { OptionList } from '../options.js';
import { DescriptorPool } from '../storage/descriptors.js';
import { LocalStore } from '../storage/local-store.js';
import type { Item } from './item.js';
import { ItemList } from './item-list.js';
import { kindOf, locate, withoutSlashes } from './locate.js';
import { type IndexMark, type OpenBundle, openBundle } from './open-bundle.js';
import { storedItems } from './reencode.js';
import { save, saveTarget } from './save-bundle.js';
import type { StoredTensor } from './tensor-reader.js';
import { checkOptions, type SaveResult, WRITER_OPTIONS, type WriterOptions } from './writer-options.js';

/** More than an index can hold: each slice takes some bytes of at most 2^31. */
const MAX_SLICES = 2 ** 31;

const MERGE_OPTIONS: OptionList<WriterOptions & { deleteInputs?: boolean }> = {
  ...WRITER_OPTIONS,
  deleteInputs: 'flag',
};

/**
 * Merges checkpoints into one, as MergeV2Checkpoints does, but atomically: a shard's number is the order in which its data
 * file is first met, walking `from` in order and each one's keys sorted; slices of one tensor are joined. `deleteInputs`
 * removes the inputs after the commit, which must be durable: not one that somebody has saved over meanwhile. Rejects with
 * ERR_INVALID_ARGUMENT if one of them is a directory whose `checkpoint` file names a checkpoint elsewhere;
 * ERR_DUPLICATE_NAME for a tensor that is there twice and not sliced; ERR_SHAPE, ERR_DTYPE or ERR_SLICE_OVERLAP for slices
 * that do not belong together; ERR_BAD_NAME for more very long names than can be read; and as `copyCheckpoint`.
 */
export async function mergeCheckpoints(
  from: readonly PathLike[],
  to: PathLike,
  options: WriterOptions & { deleteInputs?: boolean } = {},
): Promise<SaveResult> {
  const checked = checkOptions(options, 'mergeCheckpoints', MERGE_OPTIONS);
  const target = saveTarget(to);
  if (from.length === 0)
    throw new TensorBundleError('ERR_INVALID_ARGUMENT', 'give at least one checkpoint to merge', {
      path: target.prefix,
    });
  // Before any of them is opened.
  const inputs = from.map(pathOf);
  if (options.deleteInputs && !checked.durable) {
    throw new TensorBundleError(
      'ERR_INVALID_ARGUMENT',
      'deleteInputs needs a durable merge: a power loss could take the result, and the inputs would be gone',
      { path: target.prefix },
    );
  }
  const bundles: OpenBundle[] = [];
  try {
    const pool = new DescriptorPool();
    const prefixes: string[] = [];
    for (const path of inputs) prefixes.push(await inputOf(path, options.deleteInputs ?? false));
    for (const prefix of prefixes) bundles.push(await openBundle(prefix, { signal: checked.signal, pool }));
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
    if (options.deleteInputs) await removeInputs(bundles);
    return result;
  } finally {
    await Promise.all(bundles.map(bundle => bundle.close()));
  }
}

/** The checkpoint that a path means. To be removed afterwards, it must be the one that the path shows: a state file may name any. */
async function inputOf(path: string, isRemoved: boolean): Promise<string> {
  const prefix = await locate(path);
  const directory = withoutSlashes(path);
  if (!isRemoved || prefix === path || (await kindOf(directory)) !== 'directory') return prefix;
  const isIn = await isSameDirectory(directory, splitPrefix(prefix).directory);
  if (isIn || prefix === join(directory, 'variables', 'variables')) return prefix;
  throw new TensorBundleError(
    'ERR_INVALID_ARGUMENT',
    `deleteInputs would remove ${prefix}, which is not in ${directory} but named by its \`checkpoint\` file; ` +
      'give the prefix itself if it is meant',
    { path: directory, found: prefix },
  );
}

async function isSameDirectory(one: string, other: string): Promise<boolean> {
  const stores = [await LocalStore.open(resolve(one)), await LocalStore.open(resolve(other))];
  await Promise.all(stores.map(store => store?.close()));
  return stores[0] != null && stores[0].identity === stores[1]?.identity;
}

/** What was merged. The result may have taken the place of an input, and somebody may have saved over another one meanwhile. */
async function removeInputs(bundles: readonly OpenBundle[]): Promise<void> {
  for (const { prefix, mark } of bundles)
    await removeIf(prefix, async index => index !== null && isMarked(index, mark));
}

function isMarked(index: IndexMark, { identity, size, modified }: IndexMark): boolean {
  return index.identity === identity && index.size === size && index.modified === modified;
}

/** For each bundle, the number of each of its shards in the whole. */
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
