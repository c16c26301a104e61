/** The checkpoints of a directory by what lies in it, whatever its state file names. */
import type { Directory } from '../storage/directory.js';

interface FoundIndex {
  /** Base name of the checkpoint. */
  readonly base: string;
  /** When the index was written, in nanoseconds since the epoch. */
  readonly modified: bigint;
}

interface Choice {
  /** Whether a base name is looked for. Default: any. */
  matches?(base: string): boolean;
  /** Default: all. So many are looked at, in no order. */
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
