/**
 * `tf.train.CheckpointManager` for TensorFlow.js: numbered checkpoints in one directory, of which the last few are kept
 * (tensorflow/python/checkpoint/checkpoint_management.py). The `checkpoint` file is the same, so Python's manager can
 * go on. Unlike TensorFlow's it removes nothing outside its directory, whatever that file says (own-checkpoints.ts).
 */
import { join } from 'node:path';
import { nextCall } from '../../commit/call-order.js';
import { type Committed, forgetManaged, writeManagedState } from '../../commit/latest-name.js';
import { type PathLike, pathOf } from '../../commit/paths.js';
import { TensorBundleError } from '../../errors.js';
import type { Directories } from '../../storage/directories.js';
import { type Directory, withDirectory, withNewDirectory } from '../../storage/directory.js';
import type { BackgroundSave } from '../checkpoint/background.js';
import type { Checkpoint, Hooks } from '../checkpoint/checkpoint.js';
import { readBooks } from './books.js';
import { KeptCheckpoints } from './kept-checkpoints.js';
import { writeLedger } from './ledger.js';
import {
  checkManagerOptions,
  checkSaveOptions,
  type ManagerOptions,
  type ManagerSaveOptions,
} from './manager-options.js';
import { restoreNewest } from './manager-restore.js';
import { checkpointSaveOptions, type PlannedSave } from './manager-save.js';
import { warnOfBooks, warnOfRemoval } from './manager-warnings.js';
import { OwnCheckpoints } from './own-checkpoints.js';
import { PreemptionSaver } from './preemption-saver.js';
import type { KeptCheckpoint } from './retention.js';
import { SaveInterval } from './save-interval.js';

export class CheckpointManager {
  readonly checkpoint: Checkpoint;
  readonly directory: string;
  readonly #options: ReturnType<typeof checkManagerOptions>;
  readonly #own: OwnCheckpoints;
  readonly #kept: KeptCheckpoints;
  readonly #interval: SaveInterval;
  /** The error, if the constructor found a damaged state file. */
  readonly #stateDamage: TensorBundleError | null;
  /** Whether the ledger on disk has entries. If so, it is written once more when the last of them goes. */
  #hasLedger: boolean;
  readonly #isOwnBase = (base: string): boolean => this.#own.numberOf(base) !== null;
  readonly #isOther = (path: string): boolean => this.#own.isOthers(path);
  /** Whether the books have no checkpoint of its own. Then the first save looks for numbers on disk. */
  #isUncounted: boolean;
  #numbering: Promise<void> | null = null;
  /** What the last sweep could not remove, so that each is warned of only once. */
  #unremoved: ReadonlySet<string> = new Set();
  /** Settles when the last change of the books is done: only one at a time changes them. */
  #recording: Promise<unknown> = Promise.resolve();

  /**
   * Reads the directory's `checkpoint` file; makes nothing. A damaged one counts as none, and `restoreOrInitialize`
   * says so. Throws ERR_INVALID_ARGUMENT; ERR_NOT_SUPPORTED for a URL that is not `file:`; ERR_PERMISSION or ERR_IO if
   * the file cannot be read, ERR_NOT_A_CHECKPOINT if it is a directory or the like.
   */
  constructor(checkpoint: Checkpoint, directory: PathLike, options: ManagerOptions) {
    this.directory = pathOf(directory);
    this.#options = checkManagerOptions(this.directory, options);
    this.checkpoint = checkpoint;
    this.#interval = new SaveInterval(this.#options);
    this.#own = new OwnCheckpoints(this.directory, this.#options.checkpointName);
    const { state, stateDamage, ledger } = readBooks(this.directory, this.#own);
    this.#stateDamage = stateDamage;
    this.#hasLedger = ledger.size > 0;
    this.#kept = new KeptCheckpoints(this.#options, state, ledger, now());
    this.#isUncounted = ![...this.#kept.paths].some(path => this.#own.isNamed(path));
  }

  /** Prefixes of the newest checkpoints, oldest first. As in TensorFlow, without those that only another rule keeps. */
  get checkpoints(): readonly string[] {
    return this.#kept.active;
  }

  /** All checkpoints that are kept, whatever keeps them, oldest first. */
  get kept(): readonly KeptCheckpoint[] {
    return this.#kept.kept;
  }

  /** Prefix of the newest checkpoint; null if there is none. */
  get latestCheckpoint(): string | null {
    return this.#kept.latest;
  }

  /** Step of the last save, or of the restored checkpoint; null without `checkpointInterval`. */
  get lastCheckpointStep(): number | null {
    return this.#interval.lastStep;
  }

  /**
   * Saves under the next number, names the checkpoint in the `checkpoint` file, and then removes checkpoints that are
   * not kept any more. They are never removed before the new one is durable. Null if it is not time yet
   * (`checkpointInterval`). Otherwise as `Checkpoint.save`. Also rejects with ERR_STATE if the manager is `readOnly`.
   */
  save(options: ManagerSaveOptions & { background: true }): BackgroundSave | null;
  save(options?: ManagerSaveOptions): Promise<string | null>;
  save(options: ManagerSaveOptions & { background?: boolean } = {}): BackgroundSave | null | Promise<string | null> {
    return options?.background ? this.#saveInBackground(options) : this.#saveNow(options);
  }

  async #saveNow(options: ManagerSaveOptions): Promise<string | null> {
    checkSaveOptions(options);
    this.#requireWritable();
    if (!this.#interval.isTime(options)) return null;
    const { write } = checkpointSaveOptions(options);
    const step = this.#interval.step();
    const hooks = ({ path, absolute, made }: PlannedSave): Hooks => ({
      absolute,
      afterCommit: committed => this.#record(made, committed),
      again: error => this.#makeRoom(path, error),
    });
    if (this.#isUncounted) {
      this.#numbering ??= this.#countFromDisk();
      const next = this.#numbering.then(() => this.#next(options, step));
      return await this.checkpoint.writeLater(next, write, hooks).finally(() => this.#own.looked());
    }
    const next = this.#next(options, step);
    return await this.checkpoint.writeManaged(next.path, write, hooks(next)).finally(() => this.#own.looked());
  }

  #saveInBackground(options: ManagerSaveOptions): BackgroundSave | null {
    checkSaveOptions(options);
    this.#requireWritable();
    if (options.ifBusy === 'skip' && this.checkpoint.isBusy) return null;
    if (!this.#interval.isTime(options)) return null;
    const { write } = checkpointSaveOptions(options);
    if (this.#isUncounted) this.#skipTaken(options);
    const { path, absolute, made } = this.#next(options, this.#interval.step());
    const afterCommit = (committed: Committed) => this.#record(made, committed);
    return this.checkpoint.writeInBackground(path, write, { absolute, afterCommit });
  }

  /**
   * Restores the newest checkpoint. If it is damaged, the newest one that is not, with a process warning (code
   * TENSORBUNDLE_FALLBACK) that says what was wrong. Null if there is none: then `initFn` was called. Rejects as
   * `Checkpoint.restore` does; if no checkpoint is whole, or with `fallback: false`, with what was wrong with the
   * newest.
   */
  async restoreOrInitialize(): Promise<string | null> {
    await this.#recording;
    await this.#own.looked();
    const { fallback, initFn } = this.#options;
    const search = { checkpoint: this.checkpoint, own: this.#own, kept: this.#kept, damage: this.#stateDamage };
    const path = await restoreNewest({ ...search, fallback });
    if (path === null) await initFn?.();
    else this.#interval.restored();
    return path;
  }

  /**
   * Keeps a checkpoint until it is unpinned, whatever the rules say. Rejects with ERR_NOT_FOUND for one that is not
   * kept.
   */
  async pin(path: PathLike): Promise<void> {
    await this.#setPinned(pathOf(path), true);
  }

  /** Ends a pin: at the next save, the rules decide about the checkpoint again. */
  async unpin(path: PathLike): Promise<void> {
    await this.#setPinned(pathOf(path), false);
  }

  /**
   * Takes a checkpoint that the caller has found and restored into the books, if it is the manager's own. The rules
   * then decide when it is removed.
   *
   * @internal
   */
  async adopt(path: string, directory?: Directory): Promise<void> {
    await this.#alone(async () => {
      for (const name of (await this.#own.removable([path], [], directory)).values())
        this.#kept.adopt(join(this.directory, name), now());
    });
  }

  /**
   * Removes every checkpoint from disk that has a name of this manager, whatever the books say of it; then the state
   * file and the ledger.
   *
   * @internal
   */
  async discard(): Promise<void> {
    this.#requireWritable();
    await this.#alone(async () => {
      const { active } = this.#kept;
      for (const path of active) this.#kept.forget(path);
      this.#kept.latest = null;
      await withDirectory(this.#own.directory, async opened => {
        await this.#own.removeAll(opened);
        if (!(await this.#own.isHome(opened))) return;
        const { directory } = this.#own;
        const write = { durable: true, call: nextCall() };
        await forgetManaged(opened, { directory, isOwn: this.#isOwnBase }, write);
        await writeLedger(opened, [], { directory, durable: true, isOther: this.#isOther, isLast: true });
      });
    });
  }

  /**
   * Paths of its own checkpoints, newest first: those in the books, then those found on disk.
   *
   * @internal
   */
  async ownPaths(directories?: Directories): Promise<string[]> {
    const named = [this.#kept.latest, ...this.#kept.newestFirst()].filter(path => path !== null);
    const found = await this.#own.found(directories);
    return [...new Set([...named.filter(path => this.#own.isNamed(path)), ...found.map(({ path }) => path)])];
  }

  /**
   * Listens for SIGTERM from now on, so that a training loop can save before the process is taken away: see
   * `PreemptionSaver`. Throws ERR_STATE if the manager is `readOnly`.
   */
  saveBeforePreemption(): PreemptionSaver {
    this.#requireWritable();
    return new PreemptionSaver(async options => {
      await this.sync();
      // If null, a checkpoint of the same step exists already.
      return (await this.#saveNow({ ...options, checkInterval: false })) ?? this.latestCheckpoint;
    });
  }

  /**
   * Waits for background saves. Rejects with the first error that has not been handled; each error is reported once.
   */
  async sync(): Promise<void> {
    await this.checkpoint.sync();
  }

  #next({ checkpointNumber, metrics = {} }: ManagerSaveOptions, step: number | null): PlannedSave {
    const counted = this.checkpoint.incrementSaveCounter();
    const number = checkpointNumber ?? counted;
    const path = join(this.directory, `${this.#options.checkpointName}-${number}`);
    const made = { path, number, step, time: now(), metrics: { ...metrics }, pinned: false };
    return { path, absolute: this.#own.absolute(path), counted, made };
  }

  /** Numbers go on above those on disk, even if the books do not have them, so that nothing is overwritten. */
  async #countFromDisk(): Promise<void> {
    const found = await this.#own.found().catch(() => []);
    for (const { number } of found) this.checkpoint.countFrom(number);
    this.#isUncounted = false;
  }

  /** The path is needed before the directory can be listed, so only taken numbers are skipped. */
  #skipTaken({ checkpointNumber }: ManagerSaveOptions): void {
    if (checkpointNumber !== undefined) return;
    while (this.#own.isTaken(this.checkpoint.saveCounter + 1))
      this.checkpoint.countFrom(this.checkpoint.saveCounter + 1);
  }

  /** The new checkpoint is named before anything is removed; then removed ones leave the books. */
  async #record(made: KeptCheckpoint, committed: Committed): Promise<void> {
    await this.#alone(async () => {
      await this.#own.removeOrphans(committed);
      this.#own.made(made.path, committed.directory);
      this.#kept.add({ ...made, time: now() }, committed.durable);
      await this.#write(committed);
      if (await this.#removeSwept(committed.directory)) await this.#write(committed);
    });
  }

  /** If a file cannot be removed, the next save tries again. Returns whether the books have changed. */
  async #removeSwept(directory: Directory): Promise<boolean> {
    const before = this.#kept.extent;
    const swept = this.#kept.sweep();
    const paths = swept.map(({ path }) => path);
    const failed = await this.#own.remove(paths, this.#kept.paths, directory);
    for (const one of swept) if (failed.has(one.path)) this.#kept.putBack(one);
    if ([...failed.keys()].some(path => !this.#unremoved.has(path))) warnOfRemoval([...failed.values()]);
    this.#unremoved = new Set(failed.keys());
    return this.#kept.extent !== before;
  }

  /** Runs the action when all earlier ones are done. */
  async #alone(action: () => Promise<void>): Promise<void> {
    const work = this.#recording.then(action);
    this.#recording = work.catch(() => undefined);
    await work;
  }

  async #write(committed: Committed): Promise<void> {
    for (;;) {
      try {
        return await this.#writeBooks(committed);
      } catch (error) {
        const isTooLarge = error instanceof TensorBundleError && error.code === 'ERR_TOO_LARGE';
        if (!isTooLarge || !this.#kept.forgetOlderHalf()) throw error;
        warnOfBooks(error);
      }
    }
  }

  async #writeBooks(committed: Committed): Promise<void> {
    const { active, timestamps, latest, lastPreserved, needsLedger } = this.#kept;
    const { directory } = this.#own;
    // The ledger is written first: without it, what the state file names would have no metrics.
    if (needsLedger || this.#hasLedger) await this.#writeLedger(committed.directory, committed);
    const kept = active.map((path, i) => ({ path: this.#own.absolute(path), time: timestamps[i]! }));
    const managed = { directory, latest: this.#own.absolute(latest!), kept, lastPreserved, isOwn: this.#isOwnBase };
    await writeManagedState(committed.directory, managed, committed);
  }

  /** If the disk is full, removes what `onLowSpace` names. False if nothing was removed. */
  async #makeRoom(path: string, error: unknown): Promise<boolean> {
    if (!(error instanceof TensorBundleError && error.code === 'ERR_NO_SPACE')) return false;
    const candidates = new Set(this.#kept.removable(path));
    const staying = [...this.#kept.paths, path].filter(one => !candidates.has(one));
    const removable = [...(await this.#own.removable(candidates, staying)).keys()];
    const chosen = removable.length === 0 ? [] : await this.#options.onLowSpace({ path, removable, error });
    const offered = new Set(removable);
    const wanted = new Set(await Promise.all([...chosen].map(one => this.#own.meant(one, offered))));
    const going = removable.filter(one => wanted.has(one));
    const failed = await this.#own.remove(going, staying);
    const removed = going.filter(one => !failed.has(one));
    for (const one of removed) this.#kept.forget(one);
    return removed.length > 0;
  }

  async #setPinned(path: string, pinned: boolean): Promise<void> {
    this.#requireWritable();
    await this.#alone(async () => {
      this.#kept.setPinned((await this.#own.meant(path, this.#kept.paths)) ?? path, pinned);
      await withNewDirectory(this.#own.directory, opened => this.#writeLedger(opened, { durable: true }));
    });
  }

  #requireWritable(): void {
    if (!this.#options.readOnly) return;
    const message = `the manager of ${this.directory} was made with readOnly: true`;
    throw new TensorBundleError('ERR_STATE', message, { path: this.directory });
  }

  async #writeLedger(opened: Directory, { durable, names }: Pick<Committed, 'durable' | 'names'>): Promise<void> {
    const { directory } = this.#own;
    const checkpoints = this.#kept.written.map(one => ({ ...one, path: this.#own.absolute(one.path) }));
    await writeLedger(opened, checkpoints, { directory, durable, names, isOther: this.#isOther });
    this.#hasLedger = checkpoints.length > 0;
  }
}

/** In seconds, as TensorFlow's times are. */
function now(): number {
  return Date.now() / 1000;
}
