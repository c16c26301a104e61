/**
 * The `checkpoint` state file: a CheckpointState text proto that names the latest checkpoint of a directory
 * (tensorflow/python/training/checkpoint_state.proto, python/checkpoint/checkpoint_management.py). Fields and comments
 * this package does not know are kept as they are.
 */

import { isAbsolute, join, relative, resolve } from 'node:path';
import { TensorBundleError } from '../errors.js';
import { LocalStore } from '../storage/local-store.js';
import type { ObjectStore } from '../storage/store.js';
import { replaceSmallFile } from './small-file.js';
import { formatStateText, parseStateText, parseStateTextInTurns, type StateFields } from './state-text.js';

export const STATE_NAME = 'checkpoint';
/** Some 90,000 checkpoints (a path and a time each): far above any real one. A manager reads it while the process waits. */
const MAX_BYTES = 8 * 1024 * 1024;

export interface CheckpointState {
  /** Prefix of the newest checkpoint, joined to the directory if the file holds a relative path. */
  modelCheckpointPath: string;
  /** Oldest first; the newest is the last. */
  allModelCheckpointPaths: string[];
  /** Seconds since the epoch, one a path, or empty. */
  allModelCheckpointTimestamps: number[];
  lastPreservedTimestamp: number | null;
}

/**
 * Null if there is no state file. Throws ERR_CORRUPT (with `path` and `offset`) for one that is no CheckpointState, ERR_TOO_LARGE above
 * 8 MiB.
 */
export async function readCheckpointState(
  directory: string,
  latestFilename = STATE_NAME,
): Promise<CheckpointState | null> {
  const store = await LocalStore.open(resolve(directory));
  if (store === null) return null;
  try {
    const fields = await readFields(store, latestFilename);
    return fields && stateOf(directory, fields);
  } finally {
    await store.close();
  }
}

/** As `readCheckpointState`, for who cannot wait: it does its I/O at once. */
export function readCheckpointStateNow(directory: string, latestFilename = STATE_NAME): CheckpointState | null {
  const bytes = LocalStore.readNow(resolve(directory), latestFilename, MAX_BYTES);
  if (bytes === null) return null;
  return stateOf(directory, parseStateText(new TextDecoder().decode(bytes), join(directory, latestFilename)));
}

/** Paths joined to the directory. */
function stateOf(directory: string, fields: StateFields): CheckpointState {
  return {
    modelCheckpointPath: joined(directory, fields.modelCheckpointPath),
    allModelCheckpointPaths: fields.allModelCheckpointPaths.map(path => joined(directory, path)),
    allModelCheckpointTimestamps: [...fields.allModelCheckpointTimestamps],
    lastPreservedTimestamp: fields.lastPreservedTimestamp,
  };
}

/** A path of a file in the directory, which is relative to it or absolute: the inverse of `relativePath`. */
export function joined(directory: string, path: string): string {
  return isAbsolute(path) ? path : join(directory, path);
}

export interface CheckpointStateUpdate {
  modelCheckpointPath: string;
  /** Oldest first; the newest is appended if it is not the last. Default: only the newest. */
  allModelCheckpointPaths?: readonly string[];
  allModelCheckpointTimestamps?: readonly number[];
  lastPreservedTimestamp?: number | null;
  latestFilename?: string;
  /** Default true: synced before it takes the old one's place. */
  durable?: boolean;
}

/**
 * Replaces the state file atomically. Paths below the directory are stored relative to it, so that it can be moved. Rejects with
 * ERR_TOO_LARGE above 8 MiB; the old one stays.
 * Order and absent fields as `update_checkpoint_state_internal` writes them.
 */
export async function updateCheckpointState(directory: string, update: CheckpointStateUpdate): Promise<void> {
  const newest = update.modelCheckpointPath;
  const all = [...(update.allModelCheckpointPaths ?? [])];
  if (all.at(-1) !== newest) all.push(newest);
  const timestamps = update.allModelCheckpointTimestamps ?? [];
  if (timestamps.length > 0 && timestamps.length !== all.length) {
    throw new TensorBundleError(
      'ERR_INVALID_ARGUMENT',
      'allModelCheckpointTimestamps must have one time for each path',
      {
        expected: all.length,
        found: timestamps.length,
      },
    );
  }
  const name = update.latestFilename ?? STATE_NAME;
  const durable = update.durable ?? true;
  const store = await LocalStore.create(resolve(directory));
  try {
    await store.exclusively(30_000, undefined, async () => {
      // A damaged state file is replaced, not mourned: it holds nothing that the update does not say anew.
      const before = await readFields(store, name).catch(() => null);
      const text = formatStateText({
        modelCheckpointPath: relativePath(directory, newest),
        allModelCheckpointPaths: all.map(path => relativePath(directory, path)),
        allModelCheckpointTimestamps: [...timestamps],
        lastPreservedTimestamp: update.lastPreservedTimestamp ?? null,
        unknown: before?.unknown ?? [],
      });
      checkSize(Buffer.byteLength(text), store.pathOf(name));
      await replaceSmallFile(store, name, text, durable);
    });
  } finally {
    await store.close();
  }
}

async function readFields(store: ObjectStore, name: string): Promise<StateFields | null> {
  const object = await store.open(name);
  if (object === null) return null;
  try {
    return await parseStateTextInTurns(new TextDecoder().decode(await object.readAll(MAX_BYTES)), object.path);
  } finally {
    await object.close();
  }
}

/** TensorFlow makes a path relative only if both are of one kind and the checkpoint lies below the directory. */
export function relativePath(directory: string, path: string): string {
  if (isAbsolute(path) && !isAbsolute(directory)) return path;
  const base = resolve(directory);
  const name = path.startsWith(`${base}/`) ? path.slice(base.length + 1) : '';
  // Nearly all are such, and there may be many.
  if (name !== '' && !/^\.{1,2}$|\//.test(name)) return name;
  const below = relative(base, resolve(path));
  const isOutside = below === '' || below === '..' || below.startsWith('../') || isAbsolute(below);
  // `ckpt-1/` is the checkpoint without a name in the directory ckpt-1, and not ckpt-1.
  return (isOutside ? resolve(path) : below) + (path.endsWith('/') ? '/' : '');
}

/** What is written can be read again. */
function checkSize(found: number, path: string): void {
  if (found <= MAX_BYTES) return;
  throw new TensorBundleError(
    'ERR_TOO_LARGE',
    `${path} would have ${found} bytes, more than the ${MAX_BYTES} it may have; keep fewer checkpoints in it (maxToKeep)`,
    { path, expected: MAX_BYTES, found },
  );
}
