/**
 * Opens the checkpoint of a path. Nearly always the path is a prefix and the checkpoint has one data file. All of it is
 * then opened in one trip to the addon, in the order of `open-bundle.ts`: the index, the data file, and a look at
 * whether the index is still the same. Whatever is not so is found and opened step by step.
 */
import { indexName, shardName, splitPrefix } from '../commit/names.js';
import { type PathLike, pathOf } from '../commit/paths.js';
import { Directories } from '../storage/directories.js';
import type { ReadableFile } from '../storage/file.js';
import { type AllOpened, openTogether } from '../storage/open-together.js';
import { IndexFile } from './index-file.js';
import { locate } from './locate.js';
import { MAX_INDEX_BYTES, type OpenBundle, openBundle } from './open-bundle.js';
import { ShardFiles } from './shard-files.js';

/** Throws what `locate` and `openBundle` throw. */
export async function openAtOnce(given: PathLike, signal: AbortSignal | undefined): Promise<OpenBundle> {
  const directories = new Directories();
  const prefix = pathOf(given);
  const opened = prefix === '' || signal?.aborted ? null : await tryAtOnce(prefix, signal, directories);
  // Nothing is in `directories` then.
  if (opened !== null) return opened;
  try {
    return await openBundle(await locate(given, directories), { signal });
  } finally {
    await directories.close();
  }
}

/** Null if the checkpoint must be opened in another way; `directories` then has the directory, if it was opened. */
async function tryAtOnce(
  prefix: string,
  signal: AbortSignal | undefined,
  directories: Directories,
): Promise<OpenBundle | null> {
  const { directory: path, base } = splitPrefix(prefix);
  const opened = await openTogether(path, [indexName(base), shardName(base, 0, 1)], MAX_INDEX_BYTES);
  if (opened.files === null) {
    if (opened.directory !== undefined) directories.put(path, opened.directory);
    return null;
  }
  const [object, data] = opened.files as [ReadableFile, ReadableFile];
  const index = opened.isCurrent && !signal?.aborted ? await readIndex(opened, object.path, signal) : null;
  if (index?.numShards !== 1) {
    await data.close();
    return null;
  }
  const { identity, size, modified } = object;
  const shards = new ShardFiles(opened.directory, base, 1, {});
  shards.put(0, data);
  return { prefix, mark: { identity, size, modified }, index, shards, close: () => shards.close() };
}

/** Null if it cannot be read: TensorFlow rewrites an index in place, and only a second look tells that from damage. */
async function readIndex(
  { contents, table }: Pick<AllOpened, 'contents' | 'table'>,
  path: string,
  signal: AbortSignal | undefined,
): Promise<IndexFile | null> {
  try {
    return table
      ? await IndexFile.plain(contents, path, table, signal)
      : await IndexFile.read(contents, path, { signal });
  } catch {
    return null;
  }
}
