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
import { formatStateText, parseStateText, type StateFields } from './state-text.js';

/** Far above any real one (a path and a time per kept checkpoint). */
const MAX_BYTES = 64 * 1024 * 1024;

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
 * Null if there is no state file. Throws ERR_CORRUPT (with `path` and `offset`) for one that is no CheckpointState.
 */
export async function readCheckpointState(
  directory: string,
  latestFilename = 'checkpoint',
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
export function readCheckpointStateNow(directory: string, latestFilename = 'checkpoint'): CheckpointState | null {
  const bytes = LocalStore.readNow(resolve(directory), latestFilename, MAX_BYTES);
  if (bytes === null) return null;
  return stateOf(directory, parseStateText(new TextDecoder().decode(bytes), join(directory, latestFilename)));
}

/** Paths joined to the directory. */
function stateOf(directory: string, fields: StateFields): CheckpointState {
  const place = (path: string): string => (isAbsolute(path) ? path : join(directory, path));
  return {
    modelCheckpointPath: place(fields.modelCheckpointPath),
    allModelCheckpointPaths: fields.allModelCheckpointPaths.map(place),
    allModelCheckpointTimestamps: [...fields.allModelCheckpointTimestamps],
    lastPreservedTimestamp: fields.lastPreservedTimestamp,
  };
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
 * Replaces the state file atomically. Paths below the directory are stored relative to it, so that it can be moved.
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
  const name = update.latestFilename ?? 'checkpoint';
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
    return parseStateText(new TextDecoder().decode(await object.readAll(MAX_BYTES)), object.path);
  } finally {
    await object.close();
  }
}

/** TensorFlow makes a path relative only if both are of one kind and the checkpoint lies below the directory. */
export function relativePath(directory: string, path: string): string {
  if (isAbsolute(path) && !isAbsolute(directory)) return path;
  const below = relative(resolve(directory), resolve(path));
  return below.startsWith('..') || isAbsolute(below) ? resolve(path) : below;
}
