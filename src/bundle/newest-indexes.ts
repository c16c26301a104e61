/** The checkpoints that lie in a directory, whatever its state file names. */
import type { Directory } from '../storage/directory.js';

interface FoundIndex {
  /** Base name of the checkpoint. */
  readonly base: string;
  /** When the index was written, in nanoseconds since the epoch. */
  readonly modified: bigint;
}

interface Choice {
  /** Whether to look for a base name. Default: all are looked for. */
  matches?(base: string): boolean;
  /** The most indexes that are looked at, in no particular order. Default: all. */
  most?: number;
}

const ENDING = '.index';

/** Newest first. Rejects with ERR_PERMISSION, ERR_IO. */
export async function newestIndexes(
  directory: Directory,
  { matches = () => true, most = Infinity }: Choice = {},
): Promise<FoundIndex[]> {
  const names = (await directory.list()).filter(
    name => name.endsWith(ENDING) && matches(name.slice(0, -ENDING.length)),
  );
  const found: FoundIndex[] = [];
  for (const name of names.slice(0, most)) {
    const stat = await directory.stat(name);
    if (stat?.kind === 'file') found.push({ base: name.slice(0, -ENDING.length), modified: stat.modified });
  }
  return found.sort((a, b) => (a.modified < b.modified ? 1 : a.modified > b.modified ? -1 : 0));
}
