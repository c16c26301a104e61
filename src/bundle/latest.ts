/** Which checkpoint of a directory is the newest, and whether one exists. */
import { join, resolve } from 'node:path';
import { joinPrefix, stripFileSuffix } from '../commit/names.js';
import { type PathLike, pathOf, schemeOf } from '../commit/paths.js';
import { readCheckpointState } from '../commit/state-file.js';
import { TensorBundleError, throwIfAborted } from '../errors.js';
import { type OptionList, refuseUnknown } from '../options.js';
import { LocalStore } from '../storage/local-store.js';
import { kindOf, withoutSlashes } from './locate.js';
import { CheckpointReader } from './reader.js';
import { verifyCheckpoint } from './verify.js';

/**
 * Whether `PREFIX.index` exists, as TensorFlow's `checkpoint_exists`; a directory or one of the files is taken too.
 */
export async function checkpointExists(path: PathLike): Promise<boolean> {
  const local = pathOf(path);
  if (local === '')
    throw new TensorBundleError('ERR_INVALID_ARGUMENT', 'an empty path names no checkpoint', { path: local });
  if ((await kindOf(`${local}.index`)) === 'file') return true;
  const stripped = stripFileSuffix(local);
  if (stripped !== null) return (await kindOf(`${stripped}.index`)) === 'file';
  const directory = withoutSlashes(local);
  return (await kindOf(directory)) === 'directory' && directoryHasOne(directory);
}

async function directoryHasOne(directory: string): Promise<boolean> {
  if ((await kindOf(join(directory, 'variables', 'variables.index'))) === 'file') return true;
  return (await latestCheckpoint(directory)) !== null;
}

/**
 * Prefix of the checkpoint that the directory's state file names as the newest, if its index exists; else null. Never
 * throws for what it finds; ERR_NOT_SUPPORTED and ERR_INVALID_ARGUMENT for a directory that is no local path (tensorflow/python/checkpoint/checkpoint_management.py, latest_checkpoint).
 */
export async function latestCheckpoint(directory: PathLike, latestFilename = 'checkpoint'): Promise<string | null> {
  const local = pathOf(directory);
  try {
    const state = await readCheckpointState(local, latestFilename);
    if (state === null || state.modelCheckpointPath === '' || schemeOf(state.modelCheckpointPath) !== null) return null;
    return (await kindOf(`${state.modelCheckpointPath}.index`)) === 'file' ? state.modelCheckpointPath : null;
  } catch (error) {
    if (error instanceof TensorBundleError && error.code !== 'ERR_INVALID_ARGUMENT') return null;
    throw error;
  }
}

interface LatestValidOptions {
  /** Default 'checkpoint'. */
  latestFilename?: string;
  /** Default true. */
  deep?: boolean;
  signal?: AbortSignal;
}

const LATEST_VALID_OPTIONS: OptionList<LatestValidOptions> = { latestFilename: true, deep: 'flag', signal: 'signal' };

/**
 * The newest checkpoint that is whole: those of the state file, newest first, then every other index of the directory by
 * modification time. `deep` (default) checks every CRC; otherwise only that index and data files open. Null if none is. Rejects with
 * ERR_ABORTED.
 */
export async function latestValidCheckpoint(
  directory: PathLike,
  options: LatestValidOptions = {},
): Promise<string | null> {
  refuseUnknown(options, 'latestValidCheckpoint', LATEST_VALID_OPTIONS);
  for (const prefix of await candidates(pathOf(directory), options.latestFilename ?? 'checkpoint')) {
    throwIfAborted(options.signal, 'looking for a checkpoint');
    if (await isValid(prefix, options.deep ?? true, options.signal)) return prefix;
  }
  return null;
}

async function candidates(directory: string, latestFilename: string): Promise<string[]> {
  const state = await readCheckpointState(directory, latestFilename).catch(() => null);
  const named = state === null ? [] : [state.modelCheckpointPath, ...state.allModelCheckpointPaths.toReversed()];
  const store = await LocalStore.open(resolve(directory));
  if (store === null) return [];
  try {
    const found: { prefix: string; modified: bigint }[] = [];
    for (const name of await store.list()) {
      if (!name.endsWith('.index')) continue;
      const stat = await store.stat(name);
      if (stat?.kind === 'file')
        found.push({ prefix: joinPrefix(directory, name.slice(0, -'.index'.length)), modified: stat.modified });
    }
    found.sort((a, b) => (a.modified < b.modified ? 1 : a.modified > b.modified ? -1 : 0));
    return [...new Set([...named, ...found.map(file => file.prefix)])].filter(
      prefix => prefix !== '' && schemeOf(prefix) === null,
    );
  } finally {
    await store.close();
  }
}

async function isValid(prefix: string, deep: boolean, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    if (deep) return (await verifyCheckpoint(prefix, { ...(signal && { signal }) })).ok;
    const reader = await CheckpointReader.open(prefix, { ...(signal && { signal }) });
    await reader.close();
    return true;
  } catch (error) {
    if (error instanceof TensorBundleError && error.code !== 'ERR_ABORTED') return false;
    throw error;
  }
}
