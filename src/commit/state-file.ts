/**
 * The `checkpoint` state file: a CheckpointState text proto that names the latest checkpoint of a directory
 * (tensorflow/python/training/checkpoint_state.proto, python/checkpoint/checkpoint_management.py). Fields that this
 * package does not know are kept as they are.
 */

import { isAbsolute, join, relative, resolve } from 'node:path';
import { TextDecoder } from 'node:util';
import type { FileStat } from '../binding.js';
import { invalidArgument, isNativeError, TensorBundleError } from '../errors.js';
import { type OptionList, refuseUnknown } from '../options.js';
import { type Directory, withDirectory, withNewDirectory } from '../storage/directory.js';
import type { TriedStart } from '../storage/directory-steps.js';
import { readFileNow } from '../storage/read-now.js';
import { nextCall, overtakenBy, placeOf, rememberCall, storedAt } from './call-order.js';
import { joinPrefix, splitPrefix } from './names.js';
import { type PathLike, pathOf, schemeOf } from './paths.js';
import { removeDeadUpdates, replaceSmallFile } from './small-file.js';
import { formatStateText, parseStateText, parseStateTextInTurns, type StateFields } from './state-text.js';

export const STATE_NAME = 'checkpoint';
/**
 * Room for some 45,000 checkpoints (each with a path and a time), far more than any real directory has. There is a
 * limit because a manager reads the file while the process waits.
 */
const MAX_BYTES = 4 * 1024 * 1024;
/** So much is read in the same trip as the lock. Most state files are smaller. */
const START_BYTES = 16 * 1024;

export interface CheckpointState {
  /**
   * Prefix of the newest checkpoint; joined to the directory if the file has a relative path. The URL of a directory
   * (`gs://…`) stays as it is, since it is not a path on this machine. '' if the file names none: a power loss can
   * leave an empty file.
   */
  modelCheckpointPath: string;
  /** Oldest first; the newest is the last. URLs of directories are left out. */
  allModelCheckpointPaths: string[];
  /** Seconds since the epoch, one per path; or empty. */
  allModelCheckpointTimestamps: number[];
  /** When a manager last kept a checkpoint for good, in seconds since the epoch; null if the file does not say. */
  lastPreservedTimestamp: number | null;
}

/**
 * The contents of a directory's state file; null if there is none. `latestFilename` is its name; default 'checkpoint'.
 * Throws ERR_CORRUPT (with `path` and `offset`) for a file that is not a CheckpointState; ERR_TOO_LARGE above 4 MiB;
 * ERR_NOT_SUPPORTED and ERR_INVALID_ARGUMENT for a directory that is not a local path.
 */
export async function readCheckpointState(
  directory: PathLike,
  latestFilename = STATE_NAME,
): Promise<CheckpointState | null> {
  const local = pathOf(directory);
  checkFilename(latestFilename);
  return await withDirectory(local, opened => readStateIn(opened, local, latestFilename));
}

/** As `readCheckpointState`, for an open directory. Relative paths are joined to `spelled`. */
export async function readStateIn(
  directory: Directory,
  spelled: string,
  latestFilename = STATE_NAME,
): Promise<CheckpointState | null> {
  checkFilename(latestFilename);
  const fields = await readFields(directory, latestFilename);
  return fields && stateOf(spelled, fields);
}

/** As `readCheckpointState`, for a caller that cannot wait: it reads the file synchronously. */
export function readCheckpointStateNow(directory: string, latestFilename = STATE_NAME): CheckpointState | null {
  const bytes = readFileNow(directory, latestFilename, MAX_BYTES);
  if (bytes === null) return null;
  return stateOf(directory, parseStateText(new TextDecoder().decode(bytes), join(directory, latestFilename)));
}

/**
 * Joins the paths to the directory. Paths on other machines are left out, since nobody here can keep or remove them.
 */
function stateOf(directory: string, fields: StateFields): CheckpointState {
  const { allModelCheckpointPaths: all, allModelCheckpointTimestamps: times } = fields;
  const paths: string[] = [];
  const kept: number[] = [];
  // There may be many paths, and nearly all are plain names.
  const here = join(directory, 'x').slice(0, -1);
  for (let i = 0; i < all.length; i++) {
    const path = isPlainName(all[i]!) ? here + all[i]! : joined(directory, all[i]!);
    if (all[i] === '' || schemeOf(path) !== null) continue;
    paths.push(path);
    if (times.length === all.length) kept.push(times[i]!);
  }
  return {
    modelCheckpointPath: fields.modelCheckpointPath === '' ? '' : joined(directory, fields.modelCheckpointPath),
    allModelCheckpointPaths: paths,
    allModelCheckpointTimestamps: times.length === all.length ? kept : [...times],
    lastPreservedTimestamp: fields.lastPreservedTimestamp,
  };
}

function isPlainName(path: string): boolean {
  return path !== '' && path !== '.' && path !== '..' && !path.includes('/');
}

/**
 * The path of a checkpoint as the file has it, relative or absolute, joined to the directory: the inverse of
 * `relativePath`. A URL of a directory stays as it is, because joined to the directory it would name a local file that
 * nobody meant.
 */
export function joined(directory: string, path: string): string {
  if (schemeOf(path) === null) {
    // TensorFlow writes '.' for the prefix 'dir/' of the directory itself, and cannot find it again.
    const prefix = path === '.' ? './' : path;
    return isAbsolute(prefix) ? prefix : join(directory, prefix);
  }
  try {
    return pathOf(path);
  } catch {
    return path;
  }
}

export interface CheckpointStateUpdate {
  /** Prefix of the newest checkpoint. */
  modelCheckpointPath: PathLike;
  /** Oldest first; the newest is appended if it is not the last. Default: only the newest. */
  allModelCheckpointPaths?: readonly PathLike[];
  /** Seconds since the epoch, one per path. Default: none are written. */
  allModelCheckpointTimestamps?: readonly number[];
  /** Seconds since the epoch. Default null: none is written. */
  lastPreservedTimestamp?: number | null;
  /** Name of the state file. Default 'checkpoint'. */
  latestFilename?: string;
  /** Default true: the new file is on stable storage before it replaces the old one. */
  durable?: boolean;
}

const UPDATE_OPTIONS: OptionList<CheckpointStateUpdate> = {
  modelCheckpointPath: true,
  allModelCheckpointPaths: true,
  allModelCheckpointTimestamps: true,
  lastPreservedTimestamp: true,
  latestFilename: true,
  durable: 'flag',
};

/**
 * Replaces the state file atomically. Of several calls that are not awaited, the last one stays. Paths below the
 * directory are stored relative to it, so that the directory can be moved. Rejects with ERR_INVALID_ARGUMENT for an
 * empty path, and with ERR_TOO_LARGE above 4 MiB; the old file stays then. The order of fields, and which are left out,
 * are as in TensorFlow's `update_checkpoint_state_internal`.
 */
export async function updateCheckpointState(directory: PathLike, update: CheckpointStateUpdate): Promise<void> {
  refuseUnknown(update, 'updateCheckpointState', UPDATE_OPTIONS);
  const call = nextCall();
  const local = pathOf(directory);
  const newest = pathOf(update.modelCheckpointPath);
  const all = (update.allModelCheckpointPaths ?? []).map(pathOf);
  if (all.at(-1) !== newest) all.push(newest);
  if (all.includes(''))
    throw invalidArgument('an empty path names no checkpoint; give its prefix', {
      path: '',
    });
  const timestamps = update.allModelCheckpointTimestamps ?? [];
  if (timestamps.length > 0 && timestamps.length !== all.length) {
    throw invalidArgument('allModelCheckpointTimestamps must have one time for each path', {
      expected: all.length,
      found: timestamps.length,
    });
  }
  const name = update.latestFilename ?? STATE_NAME;
  checkFilename(name);
  const written = {
    modelCheckpointPath: relativePath(local, newest),
    allModelCheckpointPaths: all.map(path => relativePath(local, path)),
    allModelCheckpointTimestamps: [...timestamps],
    lastPreservedTimestamp: update.lastPreservedTimestamp ?? null,
  };
  await withNewDirectory(local, opened =>
    rewriteState(opened, name, { durable: update.durable ?? true, call }, (_, isOvertaken) =>
      isOvertaken ? null : written,
    ),
  );
}

/** Makes the new fields; paths are as in the file. Null: the file stays as it is. */
type StateChange = (before: StateFields | null, isOvertaken: boolean) => Omit<StateFields, 'unknown'> | 'remove' | null;

export interface StateWrite {
  readonly durable: boolean;
  /** From `nextCall`: what was saved later stays the newest. */
  readonly call: number;
  /** What is in the directory, if the caller has just listed it. */
  readonly names?: readonly string[] | null;
  /** Default false. True: the caller is inside `exclusively` of the directory. */
  readonly locked?: boolean;
}

/**
 * Replaces the state file of a directory by what `change` makes of it. A file that has these bytes already is left as
 * it is, unless the call is durable and this process did not put that file on stable storage. It holds the directory's
 * lock, so that nothing is lost that others write meanwhile. `isOvertaken` says that a later call of this process has
 * already written the file. Rejects with ERR_TOO_LARGE; the old file stays then.
 */
export async function rewriteState(
  directory: Directory,
  name: string,
  { durable, call, names = null, locked = false }: StateWrite,
  change: StateChange,
): Promise<void> {
  const look = directory.steps();
  const start = look.tryStart(name, START_BYTES);
  const rewrite = async (): Promise<void> => {
    const place = placeOf(directory.identity, name, 'file');
    const later = overtakenBy(place, call);
    const isOvertaken = later !== null;
    const seen = wholeFile(start);
    // A damaged state file is simply replaced: nobody can tell what it held.
    const before = await (seen === null
      ? readFields(directory, name)
      : fieldsIn(seen.bytes, directory.pathOf(name))
    ).catch(() => null);
    const fields = change(before, isOvertaken);
    if (fields === null) {
      // What this call promised must hold for the later one.
      if (!durable || later === null || later.durable || before === null) return;
      await directory.syncFile(name);
      await directory.sync();
      rememberCall(place, { ...later, durable });
      return;
    }
    if (fields === 'remove') return void (await directory.remove(name));
    const text = formatStateText({ ...fields, unknown: before?.unknown ?? [] });
    checkSize(Buffer.byteLength(text), directory.pathOf(name));
    const stored = storedAt(place);
    const isStored = isSameFile(stored, seen?.stat);
    if (seen?.bytes && isText(seen.bytes, text) && (isStored || !durable)) {
      // Each save over the same checkpoint comes here: the file says already what it has to.
      await removeDeadUpdates(directory, name, names ?? []);
      if (!isOvertaken) rememberCall(place, { call, durable, stored: isStored ? stored : null });
      return;
    }
    const written = await replaceSmallFile(directory, name, text, { durable, names, old: seen?.stat });
    if (!isOvertaken) rememberCall(place, { call, durable, stored: written });
  };
  if (!locked) return await directory.exclusively(30_000, undefined, rewrite, { after: look });
  await look.run();
  await rewrite();
}

/** A file that was read to its end together with the lock, or is absent. Null for any other, which is opened anew. */
function wholeFile(start: TriedStart): { stat: FileStat | null; bytes: Uint8Array | null } | null {
  const [handle, stat, bytes] = [start.handle.value, start.stat.value, start.bytes.value];
  if (isNativeError(handle) || isNativeError(stat) || isNativeError(bytes)) return null;
  if (stat === null) return { stat, bytes: null };
  return stat.kind === 'file' && stat.size === bytes?.byteLength ? { stat, bytes } : null;
}

/** The inode alone is not enough: it is given to another file once this one is gone. */
function isSameFile(one: FileStat | null | undefined, other: FileStat | null | undefined): boolean {
  if (!one || !other) return false;
  return one.identity === other.identity && one.modified === other.modified && one.size === other.size;
}

function isText(bytes: Uint8Array, text: string): boolean {
  return Buffer.from(text).equals(bytes);
}

async function fieldsIn(bytes: Uint8Array | null, path: string): Promise<StateFields | null> {
  return bytes === null ? null : await parseStateTextInTurns(new TextDecoder().decode(bytes), path);
}

function checkFilename(name: unknown): void {
  if (typeof name === 'string' && isPlainName(name) && !name.includes('\0')) return;
  throw invalidArgument(`latestFilename must be the name of a file in the directory, not ${String(name)}`, {
    expected: 'a file name',
    found: name,
  });
}

async function readFields(directory: Directory, name: string): Promise<StateFields | null> {
  const object = await directory.open(name);
  if (object === null) return null;
  try {
    return await fieldsIn(await object.readAll(MAX_BYTES), object.path);
  } finally {
    await object.close();
  }
}

/**
 * TensorFlow makes a path relative only if both are absolute or both are relative, and the checkpoint lies below the
 * directory.
 */
export function relativePath(directory: string, path: string): string {
  if (isAbsolute(path) && !isAbsolute(directory)) return path;
  if (path === '') return path;
  const here = resolve(directory);
  const name = path.startsWith(`${here}/`) ? path.slice(here.length + 1) : '';
  // Nearly all names are plain, and there may be many.
  if (name !== '' && !/^\.{1,2}$|\//.test(name)) return name;
  const { directory: parent, base } = splitPrefix(path);
  const below = relative(here, resolve(parent));
  if (below === '..' || below.startsWith('../') || isAbsolute(below)) return joinPrefix(resolve(parent), base);
  // './' stands for the prefix 'dir/' of the directory itself. TensorFlow finds the checkpoint by './', but not by the
  // '.' that it writes.
  return below === '' ? base || './' : joinPrefix(below, base);
}

/** What is written must be readable again. */
function checkSize(found: number, path: string): void {
  if (found <= MAX_BYTES) return;
  throw new TensorBundleError(
    'ERR_TOO_LARGE',
    `${path} would have ${found} bytes, more than the ${MAX_BYTES} it may have; keep fewer checkpoints in it ` +
      `(maxToKeep)`,
    { path, expected: MAX_BYTES, found },
  );
}
