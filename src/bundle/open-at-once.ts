/**
 * Opens the checkpoint of a path. Nearly always the path is a prefix and the checkpoint has one data file. All of it is
 * then opened in one trip to the addon, in the order of `open-bundle.ts`: the index, the data file, and a look at
 * whether the index is still the same. Whatever is not so is found and opened step by step.
 */
import { isAbsolute } from 'node:path';
import { indexName, shardName, splitPrefix } from '../commit/names.js';
import { type PathLike, pathOf } from '../commit/paths.js';
import { Directories } from '../storage/directories.js';
import type { Directory } from '../storage/directory.js';
import type { ReadableFile } from '../storage/file.js';
import { type AllOpened, openTogether } from '../storage/open-together.js';
import { IndexFile } from './index-file.js';
import { locate } from './locate.js';
import { exchangedFor, isGone, MAX_ATTEMPTS, MAX_INDEX_BYTES, type OpenBundle, openBundle } from './open-bundle.js';
import { ShardFiles } from './shard-files.js';

/** Throws what `locate` and `openBundle` throw. */
export async function openAtOnce(given: PathLike, signal: AbortSignal | undefined): Promise<OpenBundle> {
  for (let attempt = 1; ; attempt++) {
    const seen: { directory?: Directory } = {};
    try {
      return await open(given, signal, seen);
    } catch (error) {
      const mayRetry = attempt < MAX_ATTEMPTS && isGone(error) && seen.directory !== undefined;
      const other = mayRetry ? await exchangedFor(seen.directory as Directory) : null;
      if (other === null) throw error;
      await other.close();
    }
  }
}

async function open(
  given: PathLike,
  signal: AbortSignal | undefined,
  seen: { directory?: Directory },
): Promise<OpenBundle> {
  const prefix = pathOf(given);
  // A later `process.chdir` moves none. An absolute path needs them only if it cannot be opened at once.
  const here = isAbsolute(prefix) ? null : new Directories();
  const opened = prefix === '' || signal?.aborted ? null : await tryAtOnce(prefix, signal);
  if (opened?.bundle) return opened.bundle;
  if (opened?.directory) seen.directory = opened.directory;
  const directories = here ?? new Directories();
  if (opened?.directory !== undefined) directories.put(splitPrefix(prefix).directory, opened.directory);
  try {
    return await openBundle(await locate(given, directories), { signal });
  } finally {
    await directories.close();
  }
}

/** The checkpoint; or, if it must be opened in another way, its directory, as far as that is known. */
interface Tried {
  readonly bundle: OpenBundle | null;
  readonly directory?: Directory | null | undefined;
}

async function tryAtOnce(prefix: string, signal: AbortSignal | undefined): Promise<Tried> {
  const { directory: path, base } = splitPrefix(prefix);
  const opened = await openTogether(path, [indexName(base), shardName(base, 0, 1)], MAX_INDEX_BYTES);
  if (opened.files === null) return { bundle: null, directory: opened.directory };
  const [object, data] = opened.files as [ReadableFile, ReadableFile];
  const index = opened.isCurrent && !signal?.aborted ? await readIndex(opened, object.path, signal) : null;
  if (index?.numShards !== 1) {
    await data.close();
    return { bundle: null };
  }
  const { identity, size, modified } = object;
  const shards = new ShardFiles(opened.directory, base, 1, {});
  shards.put(0, data);
  const mark = { identity, size, modified };
  return { bundle: { prefix, mark, index, shards, close: () => shards.close() } };
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
