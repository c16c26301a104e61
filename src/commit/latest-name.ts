/**
 * The `checkpoint` file of a directory that several programs write to: managers, callbacks, single saves. Each writes
 * its own save as the newest, as TensorFlow does. The entries of a manager stay, since it needs them to find its
 * checkpoints again. TensorFlow's own writers replace the whole file.
 *
 * Only a manager writes times. Among them, a path of another writer has the time 0. No manager, not even TensorFlow's,
 * will remove it: they take only checkpoints newer than `last_preserved_timestamp` for their own
 * (tensorflow/python/checkpoint/checkpoint_management.py, CheckpointManager.__init__).
 */
import type { Directory } from '../storage/directory.js';
import { splitPrefix } from './names.js';
import { joined, relativePath, rewriteState, STATE_NAME, type StateWrite } from './state-file.js';
import type { StateFields } from './state-text.js';

/**
 * Of the paths that no manager keeps or removes, this many of the newest stay in the file: every save reads and writes
 * it.
 */
const MOST_UNKEPT = 100;

interface Named {
  readonly path: string;
  /** Seconds since the epoch; 0 for a checkpoint that does not belong to a manager. */
  readonly time: number;
}

/** A manager's own part of the file. All paths are absolute. */
interface ManagedState {
  /** Path of the manager's directory. */
  readonly directory: string;
  /** The checkpoint that was saved last. */
  readonly latest: string;
  /** Oldest first. */
  readonly kept: readonly Named[];
  readonly lastPreserved: number;
  /** Whether a checkpoint of that base name in the directory is the manager's own. */
  isOwn(base: string): boolean;
}

/** A save that is on disk. The steps that follow in its directory come before the save is reported as done. */
export interface Committed extends StateWrite {
  /** Absolute. */
  readonly prefix: string;
  /**
   * The directory that the checkpoint lies in, even if its path leads elsewhere by now. It stays open until the
   * following steps are done.
   */
  readonly directory: Directory;
}

/**
 * Names a checkpoint as the latest in the `checkpoint` file of its directory: after a save by a caller that does not
 * keep a list of its own. Rejects as `updateCheckpointState` does.
 */
export async function nameAsLatest(committed: Committed): Promise<void> {
  const { prefix } = committed;
  const { directory } = splitPrefix(prefix);
  const path = relativePath(directory, prefix);
  await rewriteState(committed.directory, STATE_NAME, committed, (before, isOvertaken) => {
    const named = isManaged(before) ? entriesOf(before) : [];
    // TensorFlow's own writers name only the newest.
    if (named.length === 0) return isOvertaken ? null : fieldsOf(path, [{ path, time: 0 }], [], null);
    const time = named.find(one => one.path === path)?.time ?? 0;
    const all = withoutOldUnkept([...named.filter(one => one.path !== path), { path, time }], before!);
    const latest = isOvertaken ? before!.modelCheckpointPath : path;
    return fieldsOf(latest, lastly(all, latest), all, before!.lastPreservedTimestamp);
  });
}

/** Names a manager's checkpoints after one of its saves. Rejects as `updateCheckpointState` does. */
export async function writeManagedState(opened: Directory, managed: ManagedState, write: StateWrite): Promise<void> {
  const { directory } = managed;
  const path = relativePath(directory, managed.latest);
  const own = managed.kept.map(one => ({ ...one, path: relativePath(directory, one.path) }));
  await rewriteState(opened, STATE_NAME, write, (before, isOvertaken) => {
    const ours = new Set([path, ...own.map(one => one.path)]);
    const others = before === null ? [] : othersOf(directory, before, managed.isOwn, ours);
    const all = [...others, ...own];
    const isOther = isOvertaken && others.some(one => one.path === before!.modelCheckpointPath);
    const latest = isOther ? before!.modelCheckpointPath : path;
    // Another manager decides about its own checkpoints: one that it has not preserved must not look preserved.
    const isShared = others.some(({ time }) => time > (before!.lastPreservedTimestamp ?? 0));
    const preserved = isShared
      ? Math.min(managed.lastPreserved, before!.lastPreservedTimestamp ?? 0)
      : managed.lastPreserved;
    return fieldsOf(latest, lastly(all, latest), all, preserved);
  });
}

/**
 * Takes the manager's own checkpoints out of the file. The file is removed unless another writer needs it: the one that
 * saved last, or another manager (whose checkpoints have numbers).
 */
export async function forgetManaged(
  opened: Directory,
  { directory, isOwn }: Pick<ManagedState, 'directory' | 'isOwn'>,
  write: StateWrite,
): Promise<void> {
  await rewriteState(opened, STATE_NAME, write, before => {
    const others = before === null ? [] : othersOf(directory, before, isOwn, new Set());
    const { modelCheckpointPath, lastPreservedTimestamp } = before ?? {
      modelCheckpointPath: '',
      lastPreservedTimestamp: null,
    };
    if (!others.some(({ path }) => path === modelCheckpointPath || /-\d+$/.test(path))) return 'remove';
    const latest = (others.find(({ path }) => path === modelCheckpointPath) ?? others.at(-1)!).path;
    return fieldsOf(latest, lastly(others, latest), isManaged(before) ? others : [], lastPreservedTimestamp);
  });
}

/** Paths directly in the directory whose names the manager would not make. */
function othersOf(
  directory: string,
  before: StateFields,
  isOwn: ManagedState['isOwn'],
  ours: ReadonlySet<string>,
): Named[] {
  const entries = entriesOf(before);
  const { modelCheckpointPath: latest } = before;
  // The file may name only the newest, or a newest that is not in its list.
  if (latest !== '' && !entries.some(({ path }) => path === latest)) entries.push({ path: latest, time: 0 });
  const others = entries.filter(({ path }) => {
    const written = relativePath(directory, joined(directory, path));
    return written === path && !path.includes('/') && !isOwn(path) && !ours.has(path);
  });
  return withoutOldUnkept(others, before);
}

function isManaged(state: StateFields | null): state is StateFields {
  const { allModelCheckpointPaths: paths = [], allModelCheckpointTimestamps: times = [] } = state ?? {};
  return times.length > 0 && times.length === paths.length;
}

/** Each path once, at its last place in the list. */
function entriesOf(state: StateFields): Named[] {
  const times = isManaged(state) ? state.allModelCheckpointTimestamps : [];
  const found = new Map<string, number>();
  for (const [i, path] of state.allModelCheckpointPaths.entries()) {
    found.delete(path);
    if (path !== '') found.set(path, times[i] ?? 0);
  }
  return [...found].map(([path, time]) => ({ path, time }));
}

function withoutOldUnkept(entries: readonly Named[], { lastPreservedTimestamp }: StateFields): Named[] {
  const isKept = ({ time }: Named): boolean => time > (lastPreservedTimestamp ?? 0);
  let surplus = entries.filter(one => !isKept(one)).length - MOST_UNKEPT;
  return entries.filter(one => isKept(one) || surplus-- <= 0);
}

/** TensorFlow puts the newest at the end. */
function lastly(all: readonly Named[], latest: string): Named[] {
  const found = all.find(({ path }) => path === latest);
  return [...all.filter(one => one !== found), found ?? { path: latest, time: 0 }];
}

/** `timed` is empty if no manager writes the file; no times are written then. */
function fieldsOf(
  latest: string,
  all: readonly Named[],
  timed: readonly Named[],
  lastPreservedTimestamp: number | null,
): Omit<StateFields, 'unknown'> {
  return {
    modelCheckpointPath: latest,
    allModelCheckpointPaths: all.map(({ path }) => path),
    allModelCheckpointTimestamps: timed.length === 0 ? [] : all.map(({ time }) => time),
    lastPreservedTimestamp,
  };
}
