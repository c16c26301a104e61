/** Finds the checkpoints, SavedModels and files of Keras on disk whose names come from a pattern. */
import type { FileStat } from '../../binding.js';
import { latestIn } from '../../bundle/find-latest.js';
import { newestIndexes } from '../../bundle/newest-indexes.js';
import { joinPrefix, splitPrefix } from '../../commit/names.js';
import type { Directories } from '../../storage/directories.js';
import { SAVED_MODEL } from '../savedmodel/stored/file-names.js';
import type { FilePattern } from './file-pattern.js';

/** Their paths, newest first. None if the name of the directory has fields. */
export async function storedOf(pattern: FilePattern, directories: Directories): Promise<string[]> {
  const { directory } = pattern;
  const opened = directory === null ? null : await directories.open(directory);
  if (directory === null || opened === null) return [];
  const found = await newestIndexes(opened, { matches: base => pattern.matches(base) });
  return found.map(({ base }) => joinPrefix(directory, base));
}

/** As `storedOf`, for SavedModels. */
export function storedModelsOf(pattern: FilePattern, directories: Directories): Promise<string[]> {
  return newestFirst(pattern, directories, async (path, stat) => {
    const model = stat?.kind === 'directory' ? await directories.open(path) : null;
    return (await model?.stat(SAVED_MODEL)) ?? null;
  });
}

/** As `storedOf`, for single files. */
export function storedFilesOf(pattern: FilePattern, directories: Directories): Promise<string[]> {
  return newestFirst(pattern, directories, async (_, stat) => stat);
}

/** `fileOf` gives the file that tells when it was saved. */
async function newestFirst(
  pattern: FilePattern,
  directories: Directories,
  fileOf: (path: string, stat: FileStat | null) => Promise<FileStat | null>,
): Promise<string[]> {
  const { directory } = pattern;
  const opened = directory === null ? null : await directories.open(directory);
  if (directory === null || opened === null) return [];
  const found: { readonly path: string; readonly modified: bigint }[] = [];
  for (const name of (await opened.list()).filter(one => pattern.matches(one))) {
    const path = joinPrefix(directory, name);
    const file = await fileOf(path, await opened.stat(name));
    if (file?.kind === 'file') found.push({ path, modified: file.modified });
  }
  return found.sort((a, b) => (a.modified < b.modified ? 1 : a.modified > b.modified ? -1 : 0)).map(({ path }) => path);
}

/** The one that the directory's `checkpoint` file names, as in Keras; otherwise the newest; null if there is none. */
export async function newestOf(pattern: FilePattern, directories: Directories): Promise<string | null> {
  const { directory } = pattern;
  if (directory === null) return null;
  const latest = await latestIn(directories, directory);
  if (latest !== null && pattern.matches(splitPrefix(latest).base)) return latest;
  return (await storedOf(pattern, directories))[0] ?? null;
}
