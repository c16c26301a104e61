/** Reads a manager's books from disk: TensorFlow's `checkpoint` file, and the ledger beside it. */
import { type CheckpointState, readCheckpointStateNow } from '../../commit/state-file.js';
import { type ErrorCode, TensorBundleError } from '../../errors.js';
import { readLedger } from './ledger.js';
import type { OwnCheckpoints } from './own-checkpoints.js';
import type { KeptCheckpoint } from './retention.js';

/** With these errors a state file counts as absent. */
const UNREADABLE: readonly ErrorCode[] = ['ERR_CORRUPT', 'ERR_TOO_LARGE'];

interface Books {
  /** Null where it is absent, empty or damaged. */
  readonly state: CheckpointState | null;
  readonly stateDamage: TensorBundleError | null;
  /** By path. */
  readonly ledger: Map<string, KeptCheckpoint>;
}

/** Each path is spelled in one way. Throws ERR_NOT_A_CHECKPOINT, ERR_PERMISSION, ERR_IO. */
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
  // An empty file is what a power loss leaves of one that was not synced. It counts as absent.
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
 * If the file lists names that this manager makes, those are its checkpoints, whatever a ModelCheckpoint or another
 * manager has saved in the directory since. The newest of them is the latest, and checkpoints with other names in the
 * directory are left out of its books. If it lists none, everything that it names is taken over, as in TensorFlow.
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
