/** The checkpoints on disk whose names come from a pattern. */
import { resolve } from 'node:path';
import { latestCheckpoint } from '../../bundle/find-latest.js';
import { joinPrefix, splitPrefix } from '../../commit/names.js';
import { LocalStore } from '../../storage/local-store.js';
import type { FilePattern } from './file-pattern.js';

/** Newest first. None where the name of the directory has fields. */
export async function storedOf(pattern: FilePattern): Promise<string[]> {
  const { directory } = pattern;
  if (directory === null) return [];
  const store = await LocalStore.open(resolve(directory));
  if (store === null) return [];
  try {
    const found: { path: string; modified: bigint }[] = [];
    for (const file of await store.list()) {
      const name = file.slice(0, -'.index'.length);
      if (!file.endsWith('.index') || !pattern.matches(name)) continue;
      const stat = await store.stat(file);
      if (stat?.kind === 'file') found.push({ path: joinPrefix(directory, name), modified: stat.modified });
    }
    found.sort((a, b) => (a.modified < b.modified ? 1 : a.modified > b.modified ? -1 : 0));
    return found.map(({ path }) => path);
  } finally {
    await store.close();
  }
}

/** The one that the directory's `checkpoint` file names, as Keras has it, else the newest; null if there is none. */
export async function newestOf(pattern: FilePattern): Promise<string | null> {
  const { directory } = pattern;
  if (directory === null) return null;
  const latest = await latestCheckpoint(directory);
  if (latest !== null && pattern.matches(splitPrefix(latest).base)) return latest;
  return (await storedOf(pattern))[0] ?? null;
}
