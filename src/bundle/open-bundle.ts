/**
 * Opens an index and its data files together, all of one generation. If the index is replaced while the data files are
 * being opened, everything is opened again.
 */
import { indexName, shardName } from '../commit/names.js';
import { isNativeError, TensorBundleError, throwIfAborted } from '../errors.js';
import type { DescriptorPool } from '../storage/descriptor-pool.js';
import { Directory } from '../storage/directory.js';
import type { ReadableFile } from '../storage/file.js';
import { IndexFile } from './index-file.js';
import type { Located } from './locate.js';
import { MANY_SHARDS, ShardFiles } from './shard-files.js';

/** An index of 100,000 tensors has about 10 MB. */
export const MAX_INDEX_BYTES = 2 ** 31 - 1;
/** An overwrite takes milliseconds. If this many happen during one opening, something else is wrong. */
export const MAX_ATTEMPTS = 1000;

/**
 * Tells whether an index on disk is still the one that was opened. `identity` alone is not enough, because the number
 * of a removed file may be given to another file.
 */
export type IndexMark = Pick<ReadableFile, 'identity' | 'size' | 'modified'>;

export interface OpenBundle {
  readonly prefix: string;
  readonly mark: IndexMark;
  readonly index: IndexFile;
  readonly shards: ShardFiles;
  close(): Promise<void>;
}

interface OpenOptions {
  /** Aborts the opening: ERR_ABORTED. Default: none. */
  signal?: AbortSignal | undefined;
  /** Default false. True: a missing data file is not an error until a tensor in it is needed. */
  allowMissing?: boolean;
  /**
   * A pool to share descriptors with others, for a short task that opens more than this checkpoint. Data files may then
   * be closed and opened again. Without a pool, a checkpoint of up to MAX_OPEN data files keeps them all open.
   */
  pool?: DescriptorPool;
}

/**
 * Takes over the located directory, and closes it when it is no longer needed. Throws ERR_NOT_FOUND, ERR_MISSING_SHARD,
 * ERR_PERMISSION, ERR_IO, ERR_ABORTED, and what reading the index throws.
 */
export async function openBundle(located: Located, options: OpenOptions = {}): Promise<OpenBundle> {
  let current = located;
  for (let attempt = 1; ; attempt++) {
    try {
      return await openIn(current, options);
    } catch (error) {
      const other = attempt < MAX_ATTEMPTS && isGone(error) ? await exchangedFor(current.directory) : null;
      if (other === null) throw error;
      current = { ...current, directory: other };
    }
  }
}

/** Whether it may have been there, and have gone with its directory. */
export function isGone(error: unknown): boolean {
  return error instanceof TensorBundleError && (error.code === 'ERR_NOT_FOUND' || error.code === 'ERR_MISSING_SHARD');
}

/**
 * The directory that now has the path of this one, which may be closed. A save of a SavedModel exchanges the whole
 * directory and removes the old one. Null if it is still the same, or there is none.
 */
export async function exchangedFor({ path, identity }: Directory): Promise<Directory | null> {
  const now = await Directory.open(path).catch(() => null);
  if (now?.identity !== identity) return now;
  await now.close();
  return null;
}

async function openIn({ prefix, base, ...found }: Located, options: OpenOptions): Promise<OpenBundle> {
  const { pool } = options;
  const directory = pool ? await pool.shareDirectory(found.directory) : found.directory;
  const release = (): Promise<void> => (pool ? pool.releaseDirectory(directory) : directory.close());
  let kept = false;
  try {
    for (let attempt = 1; ; attempt++) {
      throwIfAborted(options.signal, 'opening the checkpoint');
      const opened = await attemptOpen(directory, base, prefix, options, attempt === MAX_ATTEMPTS);
      if (opened === null) continue;
      kept = opened.shards.needsStore;
      return {
        ...opened,
        close: async () => {
          await opened.shards.close();
          if (opened.shards.needsStore) await release();
        },
      };
    }
  } finally {
    if (!kept) await release();
  }
}

/** Null if the index was replaced during the attempt. */
async function attemptOpen(
  directory: Directory,
  base: string,
  prefix: string,
  options: OpenOptions,
  last: boolean,
): Promise<Omit<OpenBundle, 'close'> | null> {
  const object = await directory.open(indexName(base));
  if (object === null) throw notFound(prefix, directory.pathOf(indexName(base)));
  let shards: ShardFiles | null = null;
  try {
    const replaced = (how: 'looked at' | 'opened'): Promise<boolean> | boolean =>
      !last && isReplaced(directory, base, object.identity, how);
    let index: IndexFile;
    try {
      index = await IndexFile.read(await object.readAll(MAX_INDEX_BYTES), object.path, { signal: options.signal });
    } catch (error) {
      // TensorFlow rewrites an index in place, while this library always replaces it.
      if (!isAbort(error) && (await replaced('opened'))) return null;
      throw error;
    }
    const used = index.numShards > MANY_SHARDS ? await index.usedShards(options.signal) : null;
    const numbers = used === null ? Array.from({ length: index.numShards }, (_, i) => i) : [...used.keys()];
    shards = new ShardFiles(directory, base, index.numShards, options);
    let missing: readonly number[];
    try {
      missing = await shards.open(numbers.sort((a, b) => a - b));
    } catch (error) {
      // Another machine removed the file while it was being opened.
      if (!isStale(error) || !(await replaced('opened'))) throw error;
      await shards.close();
      return null;
    }
    if (await replaced(missing.length > 0 ? 'opened' : 'looked at')) {
      await shards.close();
      return null;
    }
    if (missing.length > 0 && !options.allowMissing)
      await refuseMissing(directory, base, index, missing, options.signal);
    const { identity, size, modified } = object;
    return { prefix, mark: { identity, size, modified }, index, shards };
  } catch (error) {
    await shards?.close();
    throw error;
  } finally {
    await object.close();
  }
}

/**
 * Whether the name of the index now belongs to another file. A network file system may answer a stat from its memory.
 * So if a data file is missing, the name is opened, which asks the server.
 */
async function isReplaced(
  directory: Directory,
  base: string,
  identity: string,
  how: 'looked at' | 'opened',
): Promise<boolean> {
  if (how === 'looked at') return (await directory.stat(indexName(base)))?.identity !== identity;
  const now = await directory.open(indexName(base));
  await now?.close();
  return now?.identity !== identity;
}

function isStale(error: unknown): boolean {
  return error instanceof TensorBundleError && isNativeError(error.cause) && error.cause.code === 'ESTALE';
}

/** A data file without tensors may be missing. */
async function refuseMissing(
  directory: Directory,
  base: string,
  index: IndexFile,
  missing: readonly number[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const used = await index.usedShards(signal);
  const shard = missing.find(number => used.has(number));
  if (shard === undefined) return;
  const path = directory.pathOf(shardName(base, shard, index.numShards));
  const tensor = used.get(shard)!;
  throw new TensorBundleError(
    'ERR_MISSING_SHARD',
    `${path} is missing; the index says that it holds '${tensor}'. Was only a part of the checkpoint copied, ` +
      `or is an older program removing files?`,
    { path, tensor },
  );
}

function isAbort(error: unknown): boolean {
  return error instanceof TensorBundleError && error.code === 'ERR_ABORTED';
}

function notFound(prefix: string, path: string): TensorBundleError {
  return new TensorBundleError('ERR_NOT_FOUND', `there is no checkpoint ${prefix}: ${path} does not exist`, { path });
}
