/**
 * An index and its data files opened together, all of one generation: if the index was replaced while the data files were
 * being opened, everything is opened again.
 */
import { resolve } from 'node:path';
import { indexName, shardName, splitPrefix } from '../commit/names.js';
import { TensorBundleError, throwIfAborted } from '../errors.js';
import { LocalStore } from '../storage/local-store.js';
import type { ObjectStore, StoredObject } from '../storage/store.js';
import { IndexFile } from './index-file.js';

/** An index of 100,000 tensors has about 10 MB. */
const MAX_INDEX_BYTES = 2 ** 31 - 1;
/** An overwrite takes milliseconds; who overwrites this often within one opening has another problem. */
const MAX_ATTEMPTS = 1000;

export interface OpenBundle {
  readonly prefix: string;
  readonly index: IndexFile;
  /** By shard number; null where the file is missing. */
  readonly shards: readonly (StoredObject | null)[];
  /** Path of a shard, also of a missing one. */
  shardPath(shard: number): string;
  close(): Promise<void>;
}

export interface OpenOptions {
  signal?: AbortSignal | undefined;
  /** Default false. True: a missing data file is no error until a tensor in it is needed. */
  allowMissing?: boolean;
}

/** Throws ERR_NOT_FOUND, ERR_MISSING_SHARD, ERR_PERMISSION, ERR_IO, and what reading the index throws. */
export async function openBundle(prefix: string, options: OpenOptions = {}): Promise<OpenBundle> {
  const { directory, base } = splitPrefix(prefix);
  const store = await LocalStore.open(resolve(directory));
  if (store === null) throw notFound(prefix, `${prefix}.index`);
  try {
    for (let attempt = 1; ; attempt++) {
      throwIfAborted(options.signal, 'opening the checkpoint');
      const opened = await attemptOpen(store, base, prefix, options.allowMissing ?? false, attempt === MAX_ATTEMPTS);
      if (opened !== null) return opened;
    }
  } finally {
    await store.close();
  }
}

/** Null if the index was replaced meanwhile. */
async function attemptOpen(
  store: ObjectStore,
  base: string,
  prefix: string,
  allowMissing: boolean,
  last: boolean,
): Promise<OpenBundle | null> {
  const object = await store.open(indexName(base));
  if (object === null) throw notFound(prefix, store.pathOf(indexName(base)));
  const shards: (StoredObject | null)[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(shards.map(shard => shard?.close()));
  };
  try {
    const replaced = async (): Promise<boolean> =>
      !last && (await store.stat(indexName(base)))?.identity !== object.identity;
    let index: IndexFile;
    try {
      index = new IndexFile(await object.readAll(MAX_INDEX_BYTES), object.path);
    } catch (error) {
      // TensorFlow rewrites an index in place; ours only ever replaces it.
      if (await replaced()) return null;
      throw error;
    }
    for (let shard = 0; shard < index.numShards; shard++) {
      const name = shardName(base, shard, index.numShards);
      const file = await store.open(name);
      if (file === null) {
        if (await replaced()) {
          await close();
          return null;
        }
        const needed = allowMissing ? null : index.firstEntryIn(shard);
        if (needed !== null) throw missingShard(store.pathOf(name), needed);
      }
      shards.push(file);
    }
    if (await replaced()) {
      await close();
      return null;
    }
    return { prefix, index, shards, shardPath: shard => store.pathOf(shardName(base, shard, index.numShards)), close };
  } catch (error) {
    await close();
    throw error;
  } finally {
    await object.close();
  }
}

function notFound(prefix: string, path: string): TensorBundleError {
  return new TensorBundleError('ERR_NOT_FOUND', `there is no checkpoint ${prefix}: ${path} does not exist`, { path });
}

function missingShard(path: string, tensor: string): TensorBundleError {
  return new TensorBundleError(
    'ERR_MISSING_SHARD',
    `${path} is missing; the index says that it holds '${tensor}'. Was the checkpoint copied in part, or is an older program removing files?`,
    { path, tensor },
  );
}
