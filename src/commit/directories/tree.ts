/** Directories whose files all belong to one save: what is in them, and their removal. */
import type { FileStat } from '../../binding.js';
import type { Directory } from '../../storage/directory.js';
import { foreignError } from './directory-save-errors.js';

/**
 * Whether a save may have written a file or a directory with this name, so that it may be removed. `path` is relative
 * to the directory that is saved, with '/' between names. Only directories that it accepts are looked into.
 */
export type IsOwn = (path: string, kind: 'file' | 'directory') => boolean;

/** By path, relative to the directory; a directory comes before what is in it. */
export type Tree = ReadonlyMap<string, FileStat>;

/** Called for each entry; gives whether it is a directory that is looked into. */
type Visit = (path: string, stat: FileStat) => boolean;

/** Throws ERR_EXISTS for an entry that is not own, with its path. */
export async function surveyTree(directory: Directory, isOwn: IsOwn): Promise<Tree> {
  const tree = new Map<string, FileStat>();
  await walk(directory, '', (path, stat) => {
    const why = foreignness(path, stat, directory.identity, isOwn);
    if (why !== null) throw foreignError(directory.path, directory.pathOf(path), why);
    tree.set(path, stat);
    return stat.kind === 'directory';
  });
  return tree;
}

async function walk(directory: Directory, start: string, visit: Visit): Promise<void> {
  for (const name of (await directory.list()).sort()) {
    const stat = await directory.stat(name, false);
    if (stat === null || !visit(start + name, stat)) continue;
    await inChild(directory, name, child => walk(child, `${start}${name}/`, visit));
  }
}

/** Does nothing if there is no such directory. */
export async function inChild(
  directory: Directory,
  name: string,
  use: (child: Directory) => Promise<void>,
): Promise<void> {
  const child = await directory.openChild(name);
  if (child === null) return;
  try {
    await use(child);
  } finally {
    await child.close();
  }
}

/** Why an entry must not be touched; null if it is own. */
function foreignness(path: string, { kind, identity }: FileStat, within: string, isOwn: IsOwn): string | null {
  if (kind === 'symlink') return 'it is a symbolic link';
  if (kind === 'other') return 'it is neither a file nor a directory';
  if (!isOwn(path, kind)) return `such a save writes no ${kind} of this name there`;
  return deviceOf(identity) === deviceOf(within) ? null : 'it is on another file system';
}

/** An identity is 'device:inode'. */
export function deviceOf(identity: string): string {
  return identity.slice(0, identity.indexOf(':'));
}

/**
 * Removes what is own of a directory, and the directory if nothing else is in it. Gives false if something is left.
 * Does not throw.
 */
export async function removeTree(parent: Directory, name: string, isOwn: IsOwn): Promise<boolean> {
  try {
    await inChild(parent, name, child => removeContents(child, '', child.identity, isOwn));
    await parent.removeDirectory(name);
    return true;
  } catch {
    return false;
  }
}

/** What the owner of a directory needs to remove files in it. */
const MAY_REMOVE = 0o300;

async function removeContents(directory: Directory, start: string, within: string, isOwn: IsOwn): Promise<void> {
  const { mode } = await directory.self();
  if ((mode & MAY_REMOVE) !== MAY_REMOVE) await directory.setMode(mode | MAY_REMOVE);
  for (const name of await directory.list()) {
    const stat = await directory.stat(name, false);
    if (stat === null || foreignness(start + name, stat, within, isOwn) !== null) continue;
    if (stat.kind === 'file') await directory.remove(name);
    else {
      await inChild(directory, name, child => removeContents(child, `${start}${name}/`, within, isOwn));
      await directory.removeDirectory(name);
    }
  }
}

/** Puts everything that is own on stable storage, whatever process wrote it, and the directory itself. */
export async function syncTree(directory: Directory, isOwn: IsOwn, start = ''): Promise<void> {
  for (const name of await directory.list()) {
    const stat = await directory.stat(name, false);
    if (stat === null || foreignness(start + name, stat, directory.identity, isOwn) !== null) continue;
    if (stat.kind === 'file') await directory.syncFile(name);
    else await inChild(directory, name, child => syncTree(child, isOwn, `${start}${name}/`));
  }
  await directory.sync();
}
