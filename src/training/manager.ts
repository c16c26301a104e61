/**
 * `tf.train.CheckpointManager` for TensorFlow.js: numbered checkpoints of one directory, of which the last few stay
 * (tensorflow/python/checkpoint/checkpoint_management.py). The `checkpoint` file is the same, so Python's manager can go on. Unlike
 * TensorFlow's it removes nothing outside its directory, whatever that file says (own-checkpoints.ts).
 */
import { basename, join } from 'node:path';
import { latestValidCheckpoint } from '../bundle/latest.js';
import { removeOrphans } from '../commit/orphans.js';
import { type PathLike, pathOf } from '../commit/paths.js';
import { STATE_NAME, updateCheckpointState } from '../commit/state-file.js';
import { type ErrorCode, TensorBundleError } from '../errors.js';
import { LocalStore } from '../storage/local-store.js';
import type { BackgroundSave } from './background.js';
import { readBooks } from './books.js';
import type { Checkpoint, SaveOptions } from './checkpoint.js';
import { LEDGER_NAME, writeLedger } from './ledger.js';
import {
  checkManagerOptions,
  checkSaveOptions,
  type ManagerOptions,
  type ManagerSaveOptions,
} from './manager-options.js';
import { warnOfBooks, warnOfFallback, warnOfRemoval } from './manager-warnings.js';
import { OwnCheckpoints } from './own-checkpoints.js';
import type { KeptCheckpoint } from './retention.js';
import { Shelf } from './shelf.js';

/** Damage of a checkpoint, for which another one may be taken instead. */
const DAMAGE: readonly ErrorCode[] = [
  'ERR_CHECKSUM',
  'ERR_CORRUPT',
  'ERR_MISSING_SHARD',
  'ERR_NOT_A_CHECKPOINT',
  'ERR_NOT_FOUND',
  'ERR_TOO_LARGE',
  'ERR_TRUNCATED',
];

export class CheckpointManager {
  readonly checkpoint: Checkpoint;
  readonly directory: string;
  readonly #options: ReturnType<typeof checkManagerOptions>;
  readonly #own: OwnCheckpoints;
  readonly #shelf: Shelf;
  #lastCheckpointStep: number | null;
  /** What the constructor could not read of the state file. */
  readonly #stateDamage: TensorBundleError | null;
  /** Whether the ledger on disk has entries: it is written once more when the last of them goes. */
  #hasLedger: boolean;
  #isClean = false;
  /** What the last sweep could not remove: a warning says it once. */
  #unremoved: ReadonlySet<string> = new Set();
  /** One save at a time writes down what it made. */
  #recording: Promise<unknown> = Promise.resolve();

  /**
   * Reads the directory's `checkpoint` file; makes nothing. A damaged one counts as none, and `restoreOrInitialize` says so.
   * Throws ERR_INVALID_ARGUMENT; ERR_NOT_SUPPORTED for a URL that is not `file:`; ERR_PERMISSION or ERR_IO if the file
   * cannot be read, ERR_NOT_A_CHECKPOINT if it is a directory or the like.
   */
  constructor(checkpoint: Checkpoint, directory: PathLike, options: ManagerOptions) {
    this.directory = pathOf(directory);
    this.#options = checkManagerOptions(this.directory, options);
    this.checkpoint = checkpoint;
    this.#lastCheckpointStep = this.#options.lastCheckpointStep;
    this.#own = new OwnCheckpoints(this.directory, this.#options.checkpointName);
    const { state, stateDamage, ledger } = readBooks(this.directory, this.#own);
    this.#stateDamage = stateDamage;
    this.#hasLedger = ledger.size > 0;
    this.#shelf = new Shelf(this.#options, state, ledger, now());
  }

  /** Prefixes that are kept as the latest, oldest first; without those that only another rule keeps, as in TensorFlow. */
  get checkpoints(): readonly string[] {
    return this.#shelf.active;
  }

  /** All that are kept, whatever keeps them, oldest first. */
  get kept(): readonly KeptCheckpoint[] {
    return this.#shelf.kept;
  }

  get latestCheckpoint(): string | null {
    return this.#shelf.latest;
  }

  /** Of the last save, or of the restored checkpoint; null without `checkpointInterval`. */
  get lastCheckpointStep(): number | null {
    return this.#lastCheckpointStep;
  }

  /**
   * Saves under the next number, names it in the `checkpoint` file and removes what need not be kept any more: after the new one
   * is durable, never before. Null if it is not time yet (`checkpointInterval`). Otherwise as `Checkpoint.save`. Also rejects
   * with ERR_STATE if the manager is `readOnly`.
   */
  save(options: ManagerSaveOptions & { background: true }): BackgroundSave | null;
  save(options?: ManagerSaveOptions): Promise<string | null>;
  save(options: ManagerSaveOptions & { background?: boolean } = {}): BackgroundSave | null | Promise<string | null> {
    return options?.background ? this.#saveInBackground(options) : this.#saveNow(options);
  }

  async #saveNow(options: ManagerSaveOptions): Promise<string | null> {
    checkSaveOptions(options);
    this.#requireWritable();
    if (!this.#isTime(options)) return null;
    const { path, made, write } = this.#next(options);
    return await this.checkpoint.writeManaged(path, write, {
      absolute: this.#own.absolute(path),
      afterCommit: () => this.#record(made, write),
      again: error => this.#makeRoom(path, error),
    });
  }

  #saveInBackground(options: ManagerSaveOptions): BackgroundSave | null {
    checkSaveOptions(options);
    this.#requireWritable();
    if (options.ifBusy === 'skip' && this.checkpoint.isBusy) return null;
    if (!this.#isTime(options)) return null;
    const { path, made, write } = this.#next(options);
    const absolute = this.#own.absolute(path);
    return this.checkpoint.writeInBackground(path, write, { absolute, afterCommit: () => this.#record(made, write) });
  }

  /**
   * Restores the newest checkpoint; if it is damaged, the newest that is not, with a process warning (code
   * TENSORBUNDLE_FALLBACK) that says what was wrong. Null if there is none at all: then `initFn` was called. Rejects as
   * `Checkpoint.restore` does; with what was wrong with the newest if there is no other, or with `fallback: false`.
   */
  async restoreOrInitialize(): Promise<string | null> {
    await this.#recording;
    const problems: TensorBundleError[] = this.#stateDamage ? [this.#stateDamage] : [];
    const tried = new Set<string>();
    for (const path of [this.#shelf.latest, ...this.#shelf.newestFirst()]) {
      if (path === null || tried.has(path)) continue;
      tried.add(path);
      if (await this.#restored(path, problems)) return path;
    }
    // No list, or nothing whole in it.
    const found = this.#options.fallback ? await latestValidCheckpoint(this.#own.directory) : null;
    const other = found === null ? null : join(this.directory, basename(found));
    const isOwn = other !== null && this.#own.absolute(other) === found && this.#own.numberOf(basename(other)) !== null;
    if (isOwn && !tried.has(other) && (await this.#restored(other, problems))) return other;
    if (tried.size > 0) throw problems.find(({ path }) => path !== undefined) ?? problems[0];
    await this.#options.initFn?.();
    return null;
  }

  /** Keeps a checkpoint until it is unpinned, whatever the rules say. Rejects with ERR_NOT_FOUND for one that is not kept. */
  async pin(path: PathLike): Promise<void> {
    await this.#setPinned(pathOf(path), true);
  }

  /** The rules decide again, at the next save. */
  async unpin(path: PathLike): Promise<void> {
    await this.#setPinned(pathOf(path), false);
  }

  /**
   * Takes what somebody else found and restored into the books, if it is its own: they may not have it. It goes when its time has come.
   *
   * @internal
   */
  async adopt(path: string): Promise<void> {
    await this.#alone(async () => {
      for (const name of (await this.#own.removable([path], [])).values())
        this.#shelf.adopt(join(this.directory, name), now());
    });
  }

  /**
   * Removes every checkpoint of an own name from disk, whatever the books say of it; then the state file and the ledger.
   *
   * @internal
   */
  async discard(): Promise<void> {
    this.#requireWritable();
    await this.#alone(async () => {
      const { active } = this.#shelf;
      for (const path of active) this.#shelf.forget(path);
      this.#shelf.latest = null;
      await this.#own.removeAll();
      const store = await LocalStore.open(this.#own.directory);
      try {
        if (store === null || !(await this.#own.isHome(store))) return;
        for (const name of [STATE_NAME, LEDGER_NAME]) await store.remove(name);
      } finally {
        await store?.close();
      }
    });
  }

  /** Waits for background saves. Rejects with the first error that nobody has seen, once. */
  async sync(): Promise<void> {
    await this.checkpoint.sync();
  }

  async #restored(path: string, problems: TensorBundleError[]): Promise<boolean> {
    try {
      await this.checkpoint.restore(this.#own.absolute(path));
    } catch (error) {
      const isDamage = error instanceof TensorBundleError && DAMAGE.includes(error.code);
      if (!isDamage || !this.#options.fallback) throw error;
      problems.push(error);
      return false;
    }
    this.#shelf.latest = path;
    if (this.#options.checkpointInterval !== null) this.#lastCheckpointStep = this.#step();
    if (problems.length > 0) warnOfFallback(path, problems);
    return true;
  }

  /** TensorFlow's rule: the step is remembered before anything is written. */
  #isTime({ checkInterval = true }: ManagerSaveOptions): boolean {
    const { checkpointInterval } = this.#options;
    if (checkpointInterval === null) return true;
    const step = this.#step()!;
    const last = this.#lastCheckpointStep;
    if (last !== null && (step === last || (checkInterval && step < last + checkpointInterval))) return false;
    this.#lastCheckpointStep = step;
    return true;
  }

  #next({ checkpointNumber, checkInterval: _i, metrics = {}, ...rest }: ManagerSaveOptions): {
    path: string;
    made: KeptCheckpoint;
    write: SaveOptions;
  } {
    const counted = this.checkpoint.incrementSaveCounter();
    const number = checkpointNumber ?? counted;
    const path = join(this.directory, `${this.#options.checkpointName}-${number}`);
    const made = { path, number, step: this.#step(), time: now(), metrics: { ...metrics }, pinned: false };
    const { background: _b, ...write } = rest as SaveOptions & { background?: boolean };
    return { path, made, write };
  }

  #step(): number | null {
    const { stepCounter } = this.#options;
    if (stepCounter === null) return null;
    return typeof stepCounter === 'function' ? stepCounter() : Number(stepCounter.dataSync()[0]);
  }

  /** What is on disk is named before anything is removed; then the names of the removed go. */
  async #record(made: KeptCheckpoint, { durable = true }: SaveOptions): Promise<void> {
    await this.#alone(async () => {
      await this.#removeOrphans();
      await this.#own.made(made.path);
      this.#shelf.add({ ...made, time: now() }, durable);
      await this.#write(durable);
      await this.#removeSwept();
      await this.#write(durable);
    });
  }

  /** The new one is on disk and named: no old one that cannot be removed fails the save. The next one tries again. */
  async #removeSwept(): Promise<void> {
    const swept = this.#shelf.sweep();
    const paths = swept.map(({ path }) => path);
    const failed = await this.#own.remove(paths, this.#shelf.paths);
    for (const one of swept) if (failed.has(one.path)) this.#shelf.putBack(one);
    if ([...failed.keys()].some(path => !this.#unremoved.has(path))) warnOfRemoval([...failed.values()]);
    this.#unremoved = new Set(failed.keys());
  }

  /** After what has been asked for before. */
  async #alone(action: () => Promise<void>): Promise<void> {
    const work = this.#recording.then(action);
    this.#recording = work.catch(() => undefined);
    await work;
  }

  async #write(durable: boolean): Promise<void> {
    for (;;) {
      try {
        return await this.#writeBooks(durable);
      } catch (error) {
        const isTooLarge = error instanceof TensorBundleError && error.code === 'ERR_TOO_LARGE';
        if (!isTooLarge || !this.#shelf.forgetOlderHalf()) throw error;
        warnOfBooks(error);
      }
    }
  }

  async #writeBooks(durable: boolean): Promise<void> {
    const { active, timestamps, latest, lastPreserved, needsLedger } = this.#shelf;
    // First, since what the other file names without it has no metrics.
    if (needsLedger || this.#hasLedger) await this.#writeLedger(durable);
    await updateCheckpointState(this.#own.directory, {
      modelCheckpointPath: this.#own.absolute(latest!),
      allModelCheckpointPaths: active.map(path => this.#own.absolute(path)),
      allModelCheckpointTimestamps: timestamps,
      lastPreservedTimestamp: lastPreserved,
      durable,
    });
  }

  /** What saves that died left behind, once a manager. */
  async #removeOrphans(): Promise<void> {
    if (this.#isClean) return;
    try {
      await removeOrphans(this.#own.directory, base => this.#own.numberOf(base) !== null);
      this.#isClean = true;
    } catch (error) {
      // The next save tries again: this one is on disk.
      if (!(error instanceof TensorBundleError)) throw error;
    }
  }

  /** Where the disk is full, what `onLowSpace` lets go is removed. False if nothing was. */
  async #makeRoom(path: string, error: unknown): Promise<boolean> {
    if (!(error instanceof TensorBundleError && error.code === 'ERR_NO_SPACE')) return false;
    const candidates = new Set(this.#shelf.removable(path));
    const staying = [...this.#shelf.paths, path].filter(one => !candidates.has(one));
    const removable = [...(await this.#own.removable(candidates, staying)).keys()];
    const chosen = removable.length === 0 ? [] : await this.#options.onLowSpace({ path, removable, error });
    const offered = new Set(removable);
    const wanted = new Set<string | null>();
    for (const one of chosen) wanted.add(await this.#own.meant(one, offered));
    const going = removable.filter(one => wanted.has(one));
    const failed = await this.#own.remove(going, staying);
    const removed = going.filter(one => !failed.has(one));
    for (const one of removed) this.#shelf.forget(one);
    return removed.length > 0;
  }

  async #setPinned(path: string, pinned: boolean): Promise<void> {
    this.#requireWritable();
    await this.#alone(async () => {
      this.#shelf.setPinned((await this.#own.meant(path, this.#shelf.paths)) ?? path, pinned);
      await this.#writeLedger(true);
    });
  }

  #requireWritable(): void {
    if (!this.#options.readOnly) return;
    const message = `the manager of ${this.directory} was made with readOnly: true`;
    throw new TensorBundleError('ERR_STATE', message, { path: this.directory });
  }

  async #writeLedger(durable: boolean): Promise<void> {
    const checkpoints = this.#shelf.written.map(one => ({ ...one, path: this.#own.absolute(one.path) }));
    await writeLedger(this.#own.directory, checkpoints, durable);
    this.#hasLedger = checkpoints.length > 0;
  }
}

/** Seconds, as TensorFlow's time. */
function now(): number {
  return Date.now() / 1000;
}
