/** Finds the newest checkpoint of a directory, and says whether a checkpoint exists. */
import { join, resolve } from 'node:path';
import { joinPrefix, stripFileSuffix } from '../commit/names.js';
import { type PathLike, pathOf, schemeOf } from '../commit/paths.js';
import { type CheckpointState, readStateIn } from '../commit/state-file.js';
import { type ErrorCode, invalidArgument, TensorBundleError, throwIfAborted } from '../errors.js';
import { type OptionList, refuseUnknown } from '../options.js';
import { type Directories, withDirectories } from '../storage/directories.js';
import { isDamage, isDamageCode } from './damage.js';
import { kindIn, locate, withoutSlashes } from './locate.js';
import { newestIndexes } from './newest-indexes.js';
import { openBundle } from './open-bundle.js';
import { verifyLocated } from './verify.js';

/**
 * Whether `PREFIX.index` exists, as TensorFlow's `checkpoint_exists`. A directory, or one of the files, may be given as
 * well. Rejects with ERR_PERMISSION, ERR_IO and the like if that cannot be found out.
 */
export async function checkpointExists(path: PathLike): Promise<boolean> {
  const local = pathOf(path);
  if (local === '') throw invalidArgument('an empty path names no checkpoint', { path: local });
  return await withDirectories(async directories => {
    const isFile = async (one: string): Promise<boolean> => (await kindIn(directories, one)) === 'file';
    if (await isFile(`${local}.index`)) return true;
    const stripped = stripFileSuffix(local);
    if (stripped !== null) return await isFile(`${stripped}.index`);
    const directory = withoutSlashes(local);
    if ((await kindIn(directories, directory)) !== 'directory') return false;
    if (await isFile(join(directory, 'variables', 'variables.index'))) return true;
    return (await latestIn(directories, directory)) !== null;
  });
}

/**
 * Errors for a state file that was read but is not valid: damaged, too large, a directory. TensorFlow then logs a
 * warning and finds no latest checkpoint.
 */
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
  return await withDirectories(directories => latestIn(directories, local, latestFilename));
}

/** As `latestCheckpoint`, with directories that the caller also looks into. */
export async function latestIn(
  directories: Directories,
  local: string,
  latestFilename = 'checkpoint',
): Promise<string | null> {
  const state = await stateIn(directories, local, latestFilename);
  if (state === null) return null;
  const { modelCheckpointPath: named } = state;
  const isLocal = named !== '' && schemeOf(named) === null;
  if (isLocal && (await kindIn(directories, `${named}.index`)) === 'file') return named;
  const what = named === '' ? 'names no checkpoint: it is empty, or was cut' : `names ${named}, which is not there`;
  ignored(`${join(local, latestFilename)} ${what}`);
  return null;
}

function ignored(what: string): void {
  process.emitWarning(`${what}; the state file is ignored`, {
    type: 'TensorBundleWarning',
    code: 'TENSORBUNDLE_STATE_IGNORED',
  });
}

/** Null if there is no state file. Warns if something else has its name. */
async function stateIn(
  directories: Directories,
  path: string,
  latestFilename: string,
): Promise<CheckpointState | null> {
  try {
    const directory = await directories.open(path);
    return directory && (await readStateIn(directory, path, latestFilename));
  } catch (error) {
    if (!(error instanceof TensorBundleError && NO_STATE.includes(error.code))) throw error;
    // The directory itself is a file: there is no state file.
    if ((await kindIn(directories, withoutSlashes(resolve(path)))) !== 'directory') return null;
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
 * The newest checkpoint of a directory that is whole; null if there is none. Tries those that the state file names,
 * newest first, and then every other index of the directory, by time of modification. Rejects with ERR_ABORTED. Also
 * rejects with ERR_PERMISSION, ERR_IO and the like if a checkpoint that is newer than the whole one cannot be read,
 * since it may be whole, too.
 */
export async function latestValidCheckpoint(
  directory: PathLike,
  options: LatestValidOptions = {},
): Promise<string | null> {
  refuseUnknown(options, 'latestValidCheckpoint', LATEST_VALID_OPTIONS);
  return await withDirectories(directories => latestValidIn(directories, pathOf(directory), options));
}

/** As `latestValidCheckpoint`, with directories that the caller also looks into. */
export async function latestValidIn(
  directories: Directories,
  local: string,
  { latestFilename = 'checkpoint', deep = true, signal }: LatestValidOptions = {},
): Promise<string | null> {
  let unread: TensorBundleError | null = null;
  for (const prefix of await candidates(directories, local, latestFilename)) {
    throwIfAborted(signal, 'looking for a checkpoint');
    const problem = await problemOf(directories, prefix, deep, signal);
    if (problem === null) return prefix;
    // A bad sector is damage of this checkpoint only. If no other one is whole, its error is reported.
    if (problem.code === 'ERR_IO') unread ??= problem;
    else if (!isDamage(problem)) throw problem;
  }
  if (unread !== null) throw unread;
  return null;
}

async function candidates(directories: Directories, path: string, latestFilename: string): Promise<string[]> {
  const state = await stateIn(directories, path, latestFilename);
  const named = state === null ? [] : [state.modelCheckpointPath, ...state.allModelCheckpointPaths.toReversed()];
  const directory = await directories.open(path);
  if (directory === null) return [];
  const found = (await newestIndexes(directory)).map(({ base }) => joinPrefix(path, base));
  return [...new Set([...named, ...found])].filter(prefix => prefix !== '' && schemeOf(prefix) === null);
}

/** Null if the checkpoint is whole. */
async function problemOf(
  directories: Directories,
  prefix: string,
  deep: boolean,
  signal: AbortSignal | undefined,
): Promise<TensorBundleError | null> {
  try {
    const located = await locate(prefix, directories);
    if (deep) {
      const { ok, problems } = await verifyLocated(located, { ...(signal && { signal }) });
      if (ok) return null;
      // A file that may not be read matters more than one that was read and is damaged.
      const first = problems.find(({ code }) => !isDamageCode(code)) ?? problems[0];
      return new TensorBundleError(first?.code ?? 'ERR_CORRUPT', first?.message ?? `${prefix} is damaged`, {
        path: first?.file ?? prefix,
      });
    }
    await (await openBundle(located, { signal })).close();
    return null;
  } catch (error) {
    if (error instanceof TensorBundleError) return error;
    throw error;
  }
}
