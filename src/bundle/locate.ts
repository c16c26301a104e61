/**
 * Which checkpoint a path means. TensorFlow takes only prefixes; people also give one of the files, or the directory.
 */
import { join } from 'node:path';
import { joinPrefix, splitPrefix, stripFileSuffix } from '../commit/names.js';
import { type PathLike, pathOf, schemeOf } from '../commit/paths.js';
import { readStateIn } from '../commit/state-file.js';
import { invalidArgument, TensorBundleError } from '../errors.js';
import { recognize } from '../format/sniff.js';
import { Directories } from '../storage/directories.js';
import type { Directory } from '../storage/directory.js';
import { IndexFile } from './index-file.js';
import { newestIndexes } from './newest-indexes.js';

/** The most checkpoints of a directory that a message names. */
const MOST_TOLD = 5;
const MOST_LOOKED_AT = 1000;

type PathKind = 'file' | 'directory' | 'other' | null;

/** A checkpoint that was found, and its open directory. The caller that asked for it closes the directory. */
export interface Located {
  readonly prefix: string;
  readonly base: string;
  readonly directory: Directory;
}

/**
 * The checkpoint that `path` means. PREFIX, PREFIX.index or PREFIX.data-* mean PREFIX, which may end in '/' (`dir/`, if
 * there is `dir/.index`). A directory means the `variables/variables` of its SavedModel if present, else the checkpoint
 * that its state file names. The index need not exist. Throws ERR_NOT_FOUND, ERR_NOT_A_CHECKPOINT and ERR_V1_FORMAT
 * with what is there instead; ERR_NOT_SUPPORTED and ERR_INVALID_ARGUMENT for a path that is not local. `looked`:
 * directories that the caller also looks into.
 */
export async function locate(given: PathLike, looked?: Directories): Promise<Located> {
  const directories = looked ?? new Directories();
  try {
    const prefix = await prefixOf(given, directories);
    const { directory, base } = splitPrefix(prefix);
    const opened = await directories.open(directory);
    if (opened !== null) return { prefix, base, directory: opened.shared() };
    throw new TensorBundleError('ERR_NOT_FOUND', `there is no checkpoint ${prefix}: ${directory} does not exist`, {
      path: `${prefix}.index`,
    });
  } finally {
    if (looked === undefined) await directories.close();
  }
}

async function prefixOf(given: PathLike, directories: Directories): Promise<string> {
  const path = pathOf(given);
  if (path === '') throw invalidArgument('an empty path names no checkpoint', { path });
  const kindOf = (one: string): Promise<PathKind> => kindIn(directories, one);
  if ((await kindOf(`${path}.index`)) !== null) return path;
  const trimmed = withoutSlashes(path);
  const stripped = stripFileSuffix(trimmed);
  const kind = await kindOf(trimmed);
  if (kind === 'directory') return prefixInDirectory(trimmed, directories);
  if (stripped !== null && (kind !== null || (await kindOf(`${stripped}.index`)) !== null)) return stripped;
  if (kind !== null) return explainFile(trimmed, directories);
  const looked = `${path}.index`;
  const why =
    path === trimmed
      ? `${looked} does not exist`
      : `there is neither ${looked} nor a directory ${trimmed}${
          (await kindOf(`${trimmed}.index`)) === null
            ? ''
            : `; the checkpoint '${trimmed}' is written without the slash`
        }`;
  // Checkpoints with the same name and a number come first, if there are any: `run/ckpt` was saved as `run/ckpt-1`.
  const { directory, base } = splitPrefix(trimmed);
  const others = (await kindOf(directory)) === 'directory' ? await checkpointsIn(directories, directory) : [];
  const numbered = others.filter(other => base !== '' && splitPrefix(other).base.startsWith(base));
  const hint =
    others.length > 0 && path === trimmed ? `; ${advice(numbered.length > 0 ? numbered : others, '', 'there is')}` : '';
  throw new TensorBundleError('ERR_NOT_FOUND', `there is no checkpoint at ${path}: ${why}${hint}`, { path: looked });
}

/** Prefixes of all checkpoints that have an index in the directory, newest first. */
async function checkpointsIn(directories: Directories, path: string): Promise<string[]> {
  try {
    const directory = await directories.open(path);
    const found = directory === null ? [] : await newestIndexes(directory, { most: MOST_LOOKED_AT });
    return found.map(({ base }) => joinPrefix(path, base));
  } catch (error) {
    // They are only additional advice in an error message.
    if (error instanceof TensorBundleError) return [];
    throw error;
  }
}

function advice(
  prefixes: readonly string[],
  otherwise: string,
  lead = 'give the prefix of a checkpoint in it:',
): string {
  if (prefixes.length === 0) return otherwise;
  const told = prefixes.slice(0, MOST_TOLD).map(prefix => `'${prefix}'`);
  const more = prefixes.length > told.length ? ` and ${prefixes.length - told.length} more` : '';
  return `${lead} ${told.join(', ')}${more}`;
}

/** The path of a directory without the slashes at its end. */
export function withoutSlashes(path: string): string {
  return path.replace(/(?<=.)\/+$/s, '');
}

async function prefixInDirectory(directory: string, directories: Directories): Promise<string> {
  const kindOf = (one: string): Promise<PathKind> => kindIn(directories, one);
  const variables = join(directory, 'variables', 'variables');
  if ((await kindOf(`${variables}.index`)) !== null) return variables;
  const opened = await directories.open(directory);
  const state = await (opened && readStateIn(opened, directory))?.catch(error => {
    if (error instanceof TensorBundleError && error.code === 'ERR_CORRUPT') return null;
    throw error;
  });
  const elsewhere = state && schemeOf(state.modelCheckpointPath);
  if (elsewhere)
    throw new TensorBundleError(
      'ERR_NOT_SUPPORTED',
      `the \`checkpoint\` file of ${directory} names ${state.modelCheckpointPath}, which is not on this machine; ` +
        'give the prefix of a checkpoint in the directory itself',
      { path: directory, expected: 'file', found: elsewhere },
    );
  const named = state?.modelCheckpointPath || null;
  if (named !== null && (await kindOf(`${named}.index`)) !== null) return named;
  const found =
    state === null
      ? 'no `checkpoint` file and no SavedModel'
      : named === null
        ? 'a `checkpoint` file that names none'
        : `a \`checkpoint\` file that names ${named}, which does not exist`;
  throw new TensorBundleError(
    'ERR_NOT_FOUND',
    `the directory ${directory} has ${found}; ` +
      `${advice(await checkpointsIn(directories, directory), 'give the prefix of a checkpoint in it')}`,
    { path: directory },
  );
}

/** The path is a file, but its name is not that of a checkpoint's file: throws an error that says what it is. */
async function explainFile(path: string, directories: Directories): Promise<never> {
  const { directory, base } = splitPrefix(path);
  const file = await (await directories.open(directory))?.open(base);
  try {
    if (!file) throw new TensorBundleError('ERR_NOT_FOUND', `${path} does not exist`, { path });
    const bytes = new Uint8Array(Math.min(file.size, 4096));
    await file.read(0, bytes);
    const what = recognize(bytes);
    // A V1 checkpoint is one table file; reading it as an index says so.
    if (what === null && file.size < 1 << 30) await checkV1(await file.readAll(1 << 30), path);
    const found = what ?? 'a file of another kind';
    throw new TensorBundleError('ERR_NOT_A_CHECKPOINT', `${path} is not a TensorFlow checkpoint but ${found}`, {
      path,
    });
  } finally {
    await file?.close();
  }
}

async function checkV1(bytes: Uint8Array, path: string): Promise<void> {
  try {
    await IndexFile.read(bytes, path);
  } catch (error) {
    if (error instanceof TensorBundleError && error.code === 'ERR_V1_FORMAT') throw error;
  }
}

/** Null if the path does not exist. */
export async function kindIn(directories: Directories, path: string): Promise<PathKind> {
  // '/', '.' and '..' are not names below a directory, so all that can be asked is whether they can be opened.
  const { directory, base } = /(^|\/)\.{0,2}$/.test(path) ? { directory: path || '/', base: null } : splitPrefix(path);
  let opened: Directory | null;
  try {
    opened = await directories.open(directory);
  } catch (error) {
    if (error instanceof TensorBundleError && error.code === 'ERR_NOT_A_CHECKPOINT') return null;
    throw error;
  }
  if (opened === null) return null;
  if (base === null) return 'directory';
  const stat = await opened.stat(base);
  return stat === null ? null : stat.kind === 'file' || stat.kind === 'directory' ? stat.kind : 'other';
}
