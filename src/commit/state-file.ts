/**
 * The `checkpoint` state file: a CheckpointState text proto that names the latest checkpoint of a directory
 * (tensorflow/python/training/checkpoint_state.proto, python/checkpoint/checkpoint_management.py). Fields and comments
 * this package does not know are kept as they are.
 */

import { randomBytes } from 'node:crypto';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { TensorBundleError } from '../errors.js';
import { LocalStore } from '../storage/local-store.js';
import type { ObjectStore } from '../storage/store.js';
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
    if (fields === null) return null;
    const place = (path: string): string => (isAbsolute(path) ? path : join(directory, path));
    return {
      modelCheckpointPath: place(fields.modelCheckpointPath),
      allModelCheckpointPaths: fields.allModelCheckpointPaths.map(place),
      allModelCheckpointTimestamps: [...fields.allModelCheckpointTimestamps],
      lastPreservedTimestamp: fields.lastPreservedTimestamp,
    };
  } finally {
    await store.close();
  }
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
      await removeDeadUpdates(store, name);
      await replace(store, name, text, durable);
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

/** What updates that were killed left behind: the exact name, and nobody holds it. */
async function removeDeadUpdates(store: ObjectStore, name: string): Promise<void> {
  for (const other of await store.list()) {
    if (!other.startsWith(`${name}.tmp-`) || !/^[0-9a-f]{16}$/.test(other.slice(name.length + '.tmp-'.length)))
      continue;
    if (!(await store.isHeld(other))) await store.remove(other);
  }
}

async function replace(store: ObjectStore, name: string, text: string, durable: boolean): Promise<void> {
  const old = await store.stat(name);
  const temporary = await store.createHeld(
    `${name}.tmp-${randomBytes(8).toString('hex')}`,
    old ? old.mode & 0o777 : undefined,
  );
  try {
    await temporary.write(new TextEncoder().encode(text), durable);
    await store.rename(temporary.name, name);
  } catch (error) {
    await store.remove(temporary.name).catch(() => false);
    throw error;
  } finally {
    await temporary.close();
  }
  if (durable) await store.sync();
}

/** TensorFlow makes a path relative only if both are of one kind and the checkpoint lies below the directory. */
function relativePath(directory: string, path: string): string {
  if (isAbsolute(path) && !isAbsolute(directory)) return path;
  const below = relative(resolve(directory), resolve(path));
  return below.startsWith('..') || isAbsolute(below) ? resolve(path) : below;
}
