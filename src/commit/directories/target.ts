/** What a save of a whole directory finds under its name, and whether it may be replaced. */
import { dirname } from 'node:path';
import type { FileStat } from '../../binding.js';
import { TensorBundleError } from '../../errors.js';
import { Directory } from '../../storage/directory.js';
import { refusedError } from './directory-save-errors.js';
import { deviceOf, type IsOwn, inChild, surveyTree, type Tree } from './tree.js';

export interface Target {
  readonly stat: FileStat;
  /** Empty if there is nothing in it. */
  readonly tree: Tree;
}

/**
 * Null if nothing is there. Throws ERR_EXISTS, with the path of what is in the way, for anything but a directory that
 * holds only what is own.
 */
export async function targetAt(parent: Directory, name: string, isOwn: IsOwn): Promise<Target | null> {
  const stat = await parent.stat(name, false);
  if (stat === null) return null;
  const path = parent.pathOf(name);
  if (stat.kind === 'symlink') throw refusedError(path, 'it is a symbolic link');
  if (stat.kind !== 'directory') throw refusedError(path, 'it is not a directory');
  if (deviceOf(stat.identity) !== deviceOf(parent.identity)) throw refusedError(path, 'it is a mount point');
  let tree: Tree = new Map();
  await inChild(parent, name, async child => {
    tree = await surveyTree(child, isOwn);
  });
  const inside = [stat, ...tree.values()].filter(({ kind }) => kind === 'directory');
  if (await holdsWorkingDirectory(path, new Set(inside.map(({ identity }) => identity)))) {
    throw refusedError(path, 'the working directory of this process is in it');
  }
  return { stat, tree };
}

/**
 * The working directory and all directories around it are looked at, since a path may lead to one of them in many ways.
 */
async function holdsWorkingDirectory(path: string, identities: ReadonlySet<string>): Promise<boolean> {
  let at: string;
  try {
    at = process.cwd();
  } catch {
    // It was removed, so it is in no directory that exists.
    return false;
  }
  for (let before = ''; at !== before; [before, at] = [at, dirname(at)]) {
    if (identities.has((await identityOf(at, path)) ?? '')) return true;
  }
  return false;
}

/** Null if it may not be opened. Then it is none that this process has just listed. */
async function identityOf(at: string, path: string): Promise<string | null> {
  try {
    const directory = await Directory.open(at);
    await directory?.close();
    return directory?.identity ?? null;
  } catch (cause) {
    if (!(cause instanceof TensorBundleError)) throw cause;
    if (cause.code === 'ERR_PERMISSION') return null;
    const message = `it cannot be found out whether the working directory lies in ${path}: ${cause.message}`;
    throw new TensorBundleError(cause.code, message, { path, cause });
  }
}
