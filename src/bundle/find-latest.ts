/** Which checkpoint of a directory is the newest, and whether one exists. */
import { join, resolve } from 'node:path';
import { joinPrefix, stripFileSuffix } from '../commit/names.js';
import { type PathLike, pathOf, schemeOf } from '../commit/paths.js';
import { type CheckpointState, readCheckpointState } from '../commit/state-file.js';
import { type ErrorCode, TensorBundleError, throwIfAborted } from '../errors.js';
import { type OptionList, refuseUnknown } from '../options.js';
import { LocalStore } from '../storage/local-store.js';
import { isDamage, isDamageCode } from './damage.js';
import { kindOf, withoutSlashes } from './locate.js';
import { CheckpointReader } from './reader.js';
import { verifyCheckpoint } from './verify.js';

/**
 * Whether `PREFIX.index` exists, as TensorFlow's `checkpoint_exists`. A directory, or one of the files, may be given as
 * well. Rejects with ERR_PERMISSION, ERR_IO and the like if that cannot be found out.
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

/** Of a state file that is read and is none: damaged, too large, a directory. TensorFlow warns of it and has no latest checkpoint. */
const NO_STATE: readonly ErrorCode[] = ['ERR_CORRUPT', 'ERR_TOO_LARGE', 'ERR_NOT_A_CHECKPOINT'];
/**
 * Prefix of the newest checkpoint of a directory, as its state file names it; null if the file names none, or if that
 * checkpoint has no index. `latestFilename` is the name of the state file; default 'checkpoint'.
 *
 * A state file that cannot be understood (damaged text, empty, above 4 MiB, a directory), or that names a checkpoint
 * that does not exist, gives null and a process warning (code TENSORBUNDLE_STATE_IGNORED). TensorFlow logs a message
 * there, and raises an error for an empty file. A state file that cannot be read is an error, because taking it for
 * absent would silently begin a training anew: ERR_PERMISSION, ERR_IO and the like. ERR_NOT_SUPPORTED and
 * ERR_INVALID_ARGUMENT for a directory that is not a local path (tensorflow/python/checkpoint/checkpoint_management.py,
 * latest_checkpoint).
 */
export async function latestCheckpoint(directory: PathLike, latestFilename = 'checkpoint'): Promise<string | null> {
  const local = pathOf(directory);
  const state = await stateIn(local, latestFilename);
  if (state === null) return null;
  const { modelCheckpointPath: named } = state;
  const isLocal = named !== '' && schemeOf(named) === null;
  if (isLocal && (await kindOf(`${named}.index`)) === 'file') return named;
  const what = named === '' ? 'names no checkpoint: it is empty, or was cut' : `names ${named}, which is not there`;
  ignored(`${join(local, latestFilename)} ${what}`);
  return null;
}

function ignored(what: string): void {
  process.emitWarning(`${what}; it counts as none`, {
    type: 'TensorBundleWarning',
    code: 'TENSORBUNDLE_STATE_IGNORED',
  });
}

/** Null where there is none; says so where there is something else under its name. */
async function stateIn(directory: string, latestFilename: string): Promise<CheckpointState | null> {
  try {
    return await readCheckpointState(directory, latestFilename);
  } catch (error) {
    if (!(error instanceof TensorBundleError && NO_STATE.includes(error.code))) throw error;
    // The directory itself is a file: there is no state file.
    if ((await kindOf(withoutSlashes(resolve(directory)))) !== 'directory') return null;
    ignored(error.message);
    return null;
  }
}

interface LatestValidOptions {
  /** Name of the state file. Default 'checkpoint'. */
  latestFilename?: string;
  /** Default true: every checksum is compared. False: it is enough that the index and the data files can be opened. */
  deep?: boolean;
  /** Aborts the search: ERR_ABORTED. Default: none. */
  signal?: AbortSignal;
}

const LATEST_VALID_OPTIONS: OptionList<LatestValidOptions> = { latestFilename: true, deep: 'flag', signal: 'signal' };

/**
 * The newest checkpoint of a directory that is whole; null if there is none. Tried are those that the state file names,
 * newest first, and then every other index of the directory, by time of modification. Rejects with ERR_ABORTED. Rejects
 * with ERR_PERMISSION, ERR_IO and the like if a newer checkpoint than the one that is whole cannot be read, since it
 * may be whole, too.
 */
export async function latestValidCheckpoint(
  directory: PathLike,
  options: LatestValidOptions = {},
): Promise<string | null> {
  refuseUnknown(options, 'latestValidCheckpoint', LATEST_VALID_OPTIONS);
  let unread: TensorBundleError | null = null;
  for (const prefix of await candidates(pathOf(directory), options.latestFilename ?? 'checkpoint')) {
    throwIfAborted(options.signal, 'looking for a checkpoint');
    const problem = await problemOf(prefix, options.deep ?? true, options.signal);
    if (problem === null) return prefix;
    // A bad sector is damage of this one; where no other is whole, it is all that there is.
    if (problem.code === 'ERR_IO') unread ??= problem;
    else if (!isDamage(problem)) throw problem;
  }
  if (unread !== null) throw unread;
  return null;
}

async function candidates(directory: string, latestFilename: string): Promise<string[]> {
  const state = await stateIn(directory, latestFilename);
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

/** Null for one that is whole. */
async function problemOf(
  prefix: string,
  deep: boolean,
  signal: AbortSignal | undefined,
): Promise<TensorBundleError | null> {
  try {
    if (deep) {
      const { ok, problems } = await verifyCheckpoint(prefix, { ...(signal && { signal }) });
      if (ok) return null;
      // What may not be read weighs more than what is read and is damaged.
      const first = problems.find(({ code }) => !isDamageCode(code)) ?? problems[0];
      return new TensorBundleError(first?.code ?? 'ERR_CORRUPT', first?.message ?? `${prefix} is damaged`, {
        path: first?.file ?? prefix,
      });
    }
    await (await CheckpointReader.open(prefix, { ...(signal && { signal }) })).close();
    return null;
  } catch (error) {
    if (error instanceof TensorBundleError) return error;
    throw error;
  }
}
