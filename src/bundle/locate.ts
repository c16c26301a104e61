/**
 * Which checkpoint a path means. TensorFlow takes prefixes only; people also give one of the files, or the directory.
 */
import { join, resolve } from 'node:path';
import { joinPrefix, splitPrefix, stripFileSuffix } from '../commit/names.js';
import { type PathLike, pathOf, schemeOf } from '../commit/paths.js';
import { readCheckpointState } from '../commit/state-file.js';
import { invalidArgument, TensorBundleError } from '../errors.js';
import { recognize } from '../format/sniff.js';
import { LocalStore } from '../storage/local-store.js';
import { IndexFile } from './index-file.js';

/** Of the checkpoints in a directory, in a message. */
const MOST_TOLD = 5;
const MOST_LOOKED_AT = 1000;

type PathKind = 'file' | 'directory' | 'other' | null;

/**
 * The prefix that `path` means: PREFIX, PREFIX.index or PREFIX.data-*, of which PREFIX may end in '/' (`dir/`, if there is
 * `dir/.index`); a directory means its SavedModel's `variables/variables` if present, else what its state file names. Throws
 * ERR_NOT_FOUND, ERR_NOT_A_CHECKPOINT and ERR_V1_FORMAT with what is there instead; ERR_NOT_SUPPORTED and
 * ERR_INVALID_ARGUMENT for what is no local path.
 */
export async function locate(given: PathLike): Promise<string> {
  const path = pathOf(given);
  if (path === '') throw invalidArgument('an empty path names no checkpoint', { path });
  if ((await kindOf(`${path}.index`)) !== null) return path;
  const trimmed = withoutSlashes(path);
  const stripped = stripFileSuffix(trimmed);
  const kind = await kindOf(trimmed);
  if (kind === 'directory') return locateInDirectory(trimmed);
  if (stripped !== null && (kind !== null || (await kindOf(`${stripped}.index`)) !== null)) return stripped;
  if (kind !== null) return explainFile(trimmed);
  const looked = `${path}.index`;
  const why =
    path === trimmed
      ? `${looked} does not exist`
      : `there is neither ${looked} nor a directory ${trimmed}${
          (await kindOf(`${trimmed}.index`)) === null
            ? ''
            : `; the checkpoint '${trimmed}' is written without the slash`
        }`;
  // Of the same name with a number, where there are such: `run/ckpt` was saved as `run/ckpt-1`.
  const { directory, base } = splitPrefix(trimmed);
  const others = (await kindOf(directory)) === 'directory' ? await checkpointsIn(directory) : [];
  const numbered = others.filter(other => base !== '' && splitPrefix(other).base.startsWith(base));
  const hint =
    others.length > 0 && path === trimmed ? `; ${advice(numbered.length > 0 ? numbered : others, '', 'there is')}` : '';
  throw new TensorBundleError('ERR_NOT_FOUND', `there is no checkpoint at ${path}: ${why}${hint}`, { path: looked });
}

/** Prefixes of all that have an index in the directory, the newest first. */
async function checkpointsIn(directory: string): Promise<string[]> {
  const store = await LocalStore.open(resolve(directory));
  if (store === null) return [];
  try {
    const found: { prefix: string; modified: bigint }[] = [];
    for (const name of (await store.list()).filter(one => one.endsWith('.index')).slice(0, MOST_LOOKED_AT)) {
      const stat = await store.stat(name);
      const prefix = joinPrefix(directory, name.slice(0, -'.index'.length));
      if (stat?.kind === 'file') found.push({ prefix, modified: stat.modified });
    }
    return found.sort((a, b) => Number(b.modified - a.modified)).map(({ prefix }) => prefix);
  } catch (error) {
    // They are only told of, beside what is wrong.
    if (error instanceof TensorBundleError) return [];
    throw error;
  } finally {
    await store.close();
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

async function locateInDirectory(directory: string): Promise<string> {
  const variables = join(directory, 'variables', 'variables');
  if ((await kindOf(`${variables}.index`)) !== null) return variables;
  const state = await readCheckpointState(directory).catch(error => {
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
    `the directory ${directory} has ${found}; ${advice(await checkpointsIn(directory), 'give the prefix of a checkpoint in it')}`,
    { path: directory },
  );
}

/** The path is a file, but no checkpoint by its name: say what it is. */
async function explainFile(path: string): Promise<never> {
  const { directory, base } = splitPrefix(path);
  const store = await LocalStore.open(resolve(directory));
  const object = await store?.open(base);
  try {
    if (!object) throw new TensorBundleError('ERR_NOT_FOUND', `${path} does not exist`, { path });
    const bytes = new Uint8Array(Math.min(object.size, 4096));
    await object.read(0, bytes);
    // A V1 checkpoint is one table file; reading it as an index says so.
    if (object.size < 1 << 30) await checkV1(await object.readAll(1 << 30), path);
    const what = recognize(bytes) ?? 'some other file';
    throw new TensorBundleError('ERR_NOT_A_CHECKPOINT', `${path} is not a TensorFlow checkpoint but ${what}`, { path });
  } finally {
    await object?.close();
    await store?.close();
  }
}

async function checkV1(bytes: Uint8Array, path: string): Promise<void> {
  try {
    await IndexFile.read(bytes, path);
  } catch (error) {
    if (error instanceof TensorBundleError && error.code === 'ERR_V1_FORMAT') throw error;
  }
}

/** Null if there is nothing. */
export async function kindOf(path: string): Promise<PathKind> {
  // '/', '.' and '..' have no name below a directory: the store, which opens directories only, is all there is to ask.
  const { directory, base } = /(^|\/)\.{0,2}$/.test(path) ? { directory: path || '/', base: null } : splitPrefix(path);
  let store: LocalStore | null;
  try {
    store = await LocalStore.open(resolve(directory));
  } catch (error) {
    if (error instanceof TensorBundleError && error.code === 'ERR_NOT_A_CHECKPOINT') return null;
    throw error;
  }
  if (store === null) return null;
  try {
    if (base === null) return 'directory';
    const stat = await store.stat(base);
    return stat === null ? null : stat.kind === 'file' || stat.kind === 'directory' ? stat.kind : 'other';
  } finally {
    await store.close();
  }
}
