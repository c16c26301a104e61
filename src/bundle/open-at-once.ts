/**
 * Opens the checkpoint of a path. Nearly always the path is a prefix and the checkpoint has one data file; or two or
 * three, if it was saved over another. All of it is then opened in one trip to the addon for each of these numbers, in
 * the order of `open-bundle.ts`: the index, the data files, and a look at whether the index is still the same. Whatever
 * is not so is found and opened step by step.
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

/** Saves over one another with one data file each take turns with the totals 1, 2 and 3. */
const MOST_FILES = 3;

async function tryAtOnce(prefix: string, signal: AbortSignal | undefined): Promise<Tried> {
  const { directory: path, base } = splitPrefix(prefix);
  let place = path;
  for (let total = 1; ; ) {
    const shardNames = Array.from({ length: total }, (_, shard) => shardName(base, shard, total));
    const opened = await openTogether(place, [indexName(base), ...shardNames], MAX_INDEX_BYTES);
    if (opened.files === null) {
      const { directory, lacksLater } = opened;
      if (!lacksLater || !directory || total === MOST_FILES || signal?.aborted) return { bundle: null, directory };
      // By its absolute path: a `process.chdir` meanwhile moves none.
      place = directory.path;
      await directory.close();
      total++;
      continue;
    }
    const [object, ...data] = opened.files as [ReadableFile, ...ReadableFile[]];
    const index = opened.isCurrent && !signal?.aborted ? await readIndex(opened, object.path, signal) : null;
    if (index?.numShards === total) {
      const shards = new ShardFiles(opened.directory, base, total, {});
      for (const [shard, file] of data.entries()) shards.put(shard, file);
      const { identity, size, modified } = object;
      return { bundle: { prefix, mark: { identity, size, modified }, index, shards, close: () => shards.close() } };
    }
    await Promise.all(data.map(file => file.close()));
    // The files of an older save may still be there. They are of a smaller total than those that the index names.
    if (index === null || index.numShards < total || index.numShards > MOST_FILES) return { bundle: null };
    place = opened.directory.path;
    total = index.numShards;
  }
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
