/** A manager's books as they lie on disk: TensorFlow's `checkpoint` file, and the ledger beside it. */
import { type CheckpointState, readCheckpointStateNow } from '../../commit/state-file.js';
import { type ErrorCode, TensorBundleError } from '../../errors.js';
import { readLedger } from './ledger.js';
import type { OwnCheckpoints } from './own-checkpoints.js';
import type { KeptCheckpoint } from './retention.js';

/** Of a state file, which then counts as none. */
const UNREADABLE: readonly ErrorCode[] = ['ERR_CORRUPT', 'ERR_TOO_LARGE'];

interface Books {
  /** Null where it is absent, empty or damaged. */
  readonly state: CheckpointState | null;
  readonly stateDamage: TensorBundleError | null;
  /** By path. */
  readonly ledger: Map<string, KeptCheckpoint>;
}

/** Each path in one spelling. Throws ERR_NOT_A_CHECKPOINT, ERR_PERMISSION, ERR_IO. */
export function readBooks(directory: string, own: OwnCheckpoints): Books {
  const ledger = new Map<string, KeptCheckpoint>();
  for (const one of readLedger(directory).values()) {
    const path = own.spelled(one.path);
    if (own.isOthers(path)) continue;
    ledger.set(path, { ...one, path, pinned: one.pinned || (ledger.get(path)?.pinned ?? false) });
  }
  try {
    return { state: stateOf(directory, own), stateDamage: null, ledger };
  } catch (error) {
    if (!(error instanceof TensorBundleError && UNREADABLE.includes(error.code))) throw error;
    return { state: null, stateDamage: error, ledger };
  }
}

function stateOf(directory: string, own: OwnCheckpoints): CheckpointState | null {
  const state = readCheckpointStateNow(directory);
  if (state === null) return null;
  const { modelCheckpointPath: latest, allModelCheckpointPaths: all } = state;
  // Empty, as a power loss leaves one that was not synced: there is none.
  if (latest === '' && all.length === 0) return null;
  return ownFirst(
    {
      ...state,
      modelCheckpointPath: latest === '' ? '' : own.spelled(latest),
      allModelCheckpointPaths: all.map(path => own.spelled(path)),
    },
    own,
  );
}

/**
 * Where the manager finds its own names, they are its checkpoints, whatever else was saved in the directory since (by a
 * ModelCheckpoint, another manager): the newest of them is the latest, and what has another name in the directory is
 * not in its books. Where it finds none, what is named is taken over, as TensorFlow does.
 */
function ownFirst(state: CheckpointState, own: OwnCheckpoints): CheckpointState {
  const { modelCheckpointPath: latest, allModelCheckpointPaths: all, allModelCheckpointTimestamps: times } = state;
  const newest = all.findLast(path => own.isNamed(path) && own.isHere(path));
  if (newest === undefined) return state;
  const kept = [...all.keys()].filter(i => !own.isOthers(all[i]!));
  return {
    ...state,
    modelCheckpointPath: own.isNamed(latest) ? latest : newest,
    allModelCheckpointPaths: kept.map(i => all[i]!),
    allModelCheckpointTimestamps: times.length === all.length ? kept.map(i => times[i]!) : times,
  };
}
