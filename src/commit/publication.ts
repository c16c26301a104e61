/**
 * One save of one prefix, from the choice of its shard total to the removal of what it replaced. The commit protocol:
 *
 *  1. Under the directory's lock: choose a total that no file on disk uses and create the temporary index ("intent"),
 *     named with that total and held with flock. The lock ends with the process: a dead one never blocks anybody.
 *  2. Create the shards under their final names, exclusively, with their space reserved. Write each; one data sync.
 *  3. Sync the directory and every directory that was created for it, beside the last data syncs. When all of them have
 *     ended, write the temporary index (it must be younger than the shards), sync it.
 *  4. Under the lock: rename the temporary index over `BASE.index`. This is the only commit point: before it
 *     nothing old was touched, and all new data is on stable storage.
 *  5. Sync the directory. Only now is the save acknowledged.
 *  6. Remove the earlier generations, beside what the caller does after a save. Skipped if the sync of step 5 failed.
 *
 * Without `durable` the syncs are left out, and a marker that is made before step 4 says so, and which generation is
 * the last durable one. The next save, in any process, removes the unsynced generation and keeps the durable one.
 *
 * Up to step 4 `abandon` undoes everything. No existing data file is ever opened for writing.
 */

import { setTimeout as delay } from 'node:timers/promises';
import type { FileStat } from '../binding.js';
import { now } from '../clock.js';
import { isNativeError, type NativeError, throwIfAborted } from '../errors.js';
import { allEnded } from '../storage/all-ended.js';
import type { Directory } from '../storage/directory.js';
import type { DirectorySteps } from '../storage/directory-steps.js';
import type { HeldFile, NewShard } from '../storage/new-files.js';
import type { Step } from '../storage/steps.js';
import { overtakenBy, placeOf, rememberCall } from './call-order.js';
import { surveyGenerations } from './generations.js';
import { hasLeftovers, lookAtReplaced, removeDead, removeReplaced, removeStrayMarkers } from './leftovers.js';
import { lookAt } from './look.js';
import { checkOwnFiles, isOvertaken, rememberFailed } from './lost-place.js';
import { indexName, intentName, nonce, shardName, unsyncedName } from './names.js';
import { forgetUnsynced, rememberOwn, rememberUnsynced } from './own-commits.js';
import { busyError, existsError, renameUncertainError, syncUncertainError } from './publication-errors.js';
import { checkSpace, planInPlace, type Replaced, replacedBy, replacedTotal } from './replaced.js';
import { judgeRest, type Rest } from './rest.js';
import { lastDurable, totalsInUse } from './superseded.js';
import { pickTotal } from './total.js';

/** How long, in milliseconds, a save that must wait for another pauses before it looks again. */
const BUSY_PAUSE_MS = 20;
/** How long a save waits for others before it takes a total above natural + 2: so few totals are in use at once. */
const CROWD_MS = 1000;
/** Shorter than any lease: a save that took less time still has its locks. */
const LEASE_MS = 1000;

interface PublicationOptions {
  /** Shard totals in order of preference. */
  candidates: readonly number[];
  /** Bytes that the save will write, for the check of free space. */
  bytes: number;
  /** Bytes of the first data file, for each total. */
  firstBytes: (total: number) => number;
  durable: boolean;
  overwrite: 'atomic' | 'in-place' | 'error';
  keepPrevious: boolean;
  lockTimeoutMs: number;
  signal?: AbortSignal | undefined;
  /** From `nextCall`: a save does not replace one that was called later. */
  call: number;
}

interface PublishHooks {
  /** The index is written, and synced if it must be. */
  onSynced: () => void;
  /** Called beside step 6 if files are removed; again, with more room on the disk, if it rejects. Keeps its error. */
  beside?: (() => Promise<void>) | undefined;
}

export class Publication {
  readonly #created: string[] = [];
  #first: NewShard | null = null;
  #marker: string | null = null;
  /** The other names in the directory, as listed for the commit. Null before that, and if the listing failed. */
  names: readonly string[] | null = null;
  readonly #begun = now();
  #state: 'writing' | 'committed' | 'abandoned' = 'writing';

  private constructor(
    private readonly directory: Directory,
    private readonly base: string,
    private readonly options: PublicationOptions,
    /** Shard total of this generation. */
    readonly total: number,
    private readonly intent: HeldFile,
    private readonly replaced: Replaced,
  ) {}

  /** Step 1. Throws ERR_EXISTS, ERR_LOCKED, ERR_NO_SPACE, ERR_PERMISSION, ERR_ABORTED, ERR_IO. */
  static async begin(directory: Directory, base: string, options: PublicationOptions): Promise<Publication> {
    const start = now();
    for (;;) {
      const waited = now() - start;
      const look = lookAt(directory, base);
      const isPatient = waited < Math.min(CROWD_MS, options.lockTimeoutMs);
      const begun = await directory.exclusively(
        options.lockTimeoutMs,
        options.signal,
        () => Publication.#attempt(directory, base, options, look, isPatient),
        { after: look.steps },
      );
      if (begun !== null) return begun;
      throwIfAborted(options.signal, 'the save');
      if (waited >= options.lockTimeoutMs) throw busyError(directory.pathOf(base), options.lockTimeoutMs);
      await delay(BUSY_PAUSE_MS);
    }
  }

  /** Null if the save must wait for another one. Called under the lock. */
  static async #attempt(
    directory: Directory,
    base: string,
    given: PublicationOptions,
    look: ReturnType<typeof lookAt>,
    patient: boolean,
  ): Promise<Publication | null> {
    // No file of a later save may be unlinked, because this save will not stay.
    const isLate =
      given.overwrite === 'in-place' && overtakenBy(placeOf(directory.identity, base), given.call) !== null;
    const options: PublicationOptions = isLate ? { ...given, overwrite: 'atomic' } : given;
    const found = await surveyGenerations(directory, base, look.names());
    const hasDead = found.dead.size > 0;
    const index = await look.index(hasDead);
    const committed = index.total;
    if (committed !== null && options.overwrite === 'error') throw existsError(directory.pathOf(indexName(base)));
    if (committed !== 'unknown') await removeDead(directory, base, found, totalsInUse(found, committed));
    await removeStrayMarkers(directory, found);
    const isInPlace = options.overwrite === 'in-place' && typeof committed === 'number';
    const last = isInPlace ? lastDurable(found, committed) : null;
    const replaced = replacedBy(index, last === options.candidates[0] ? null : last);
    const total = await pickTotal(directory, base, found, committed, { ...options, patient });
    if (total === null) return null;
    const inPlace = options.overwrite === 'in-place' ? await planInPlace(directory, base, found, total) : null;
    checkSpace(directory, await look.freeSpace(hasDead), options.bytes, inPlace?.bytes ?? 0);
    return await Publication.#create(directory, base, options, total, replaced, inPlace?.names ?? []);
  }

  /** The intent and, once others may choose their totals, the first data file. */
  static async #create(
    directory: Directory,
    base: string,
    options: PublicationOptions,
    total: number,
    replaced: Replaced,
    unlinked: readonly string[],
  ): Promise<Publication> {
    const steps = directory.steps();
    const name = intentName(base, total, nonce());
    const intent = steps.createHeld(name, replaced.permissions);
    for (const old of unlinked) steps.remove(old);
    steps.unlock();
    const shard = shardName(base, 0, total);
    const first = steps.createShard(shard, options.firstBytes(total), options.durable, replaced.permissions);
    const publication = (): Publication =>
      new Publication(directory, base, options, total, directory.heldFile(intent), replaced);
    try {
      await steps.run();
      const begun = publication();
      begun.#created.push(shard);
      begun.#first = directory.newShard(shard, first);
      return begun;
    } catch (error) {
      if (intent.handle.isDone) await publication().abandon();
      throw error;
    }
  }

  /** The first data file. It was created together with the intent, so that nobody else can have its name. */
  get first(): NewShard {
    return this.#first!;
  }

  /** Step 2, for shard number `shard` of `total`. */
  async createShard(shard: number, bytes: number): Promise<NewShard> {
    const name = shardName(this.base, shard, this.total);
    const created = await this.directory.createShard(name, bytes, this.options.durable, this.replaced.permissions);
    this.#created.push(name);
    return created;
  }

  /**
   * The rest of step 2, and steps 3 to 6. All bytes of the shards must have been handed over; `written` settles when
   * the shards are finished. Gives the names of the files that were cleaned up. Gives null if a later save of this
   * process has already taken the place: the caller must then abandon this one. Throws ERR_DURABILITY_UNCERTAIN if the
   * save is committed, but the sync after it failed.
   */
  async publish(
    index: Uint8Array,
    written: Promise<void>,
    { onSynced, beside }: PublishHooks,
  ): Promise<string[] | null> {
    const { directory, base, options } = this;
    const named = directory.steps();
    if (options.durable) named.sync();
    await allEnded([written, named.run()]);
    throwIfAborted(options.signal, 'the save');
    const before = directory.steps();
    this.intent.addWrite(before, index, options.durable, onSynced);
    const after = directory.steps();
    const old = after.stat(indexName(base));
    const listed = after.tryList();
    return directory.exclusively(
      options.lockTimeoutMs,
      options.signal,
      async () => {
        throwIfAborted(options.signal, 'the save');
        if (old.value !== null && options.overwrite === 'error') throw existsError(directory.pathOf(indexName(base)));
        if (await isOvertaken(directory, base, options)) return null;
        if (now() - this.#begun > LEASE_MS) await checkOwnFiles(directory, this.#created);
        // Another save may have committed since step 1, so the index that is there now is the one that is replaced.
        const replaced = await replacedTotal(directory, base, this.replaced, old.value);
        // A durable save does not need this: what it replaces then stays until the next save.
        const rest = await this.#restOf(old.value, replaced, listed).catch(error => {
          if (options.durable) return null;
          throw error;
        });
        await this.#commit(rest);
        if (!this.intent.locked) await this.#rememberOwn().catch(() => undefined);
        // The save is committed. What cannot be removed now is stale for the next save too.
        if (rest === null || rest.looks === undefined) return [];
        const removed = this.#clean(rest, { unlock: beside === undefined }).catch(() => []);
        const [done] = await Promise.allSettled([beside?.(), removed]);
        if (done.status === 'rejected') await beside?.().catch(() => undefined);
        return await removed;
      },
      { before, after },
    );
  }

  /** Steps 4 and 5, and the marker before them. */
  async #commit(rest: Rest | null): Promise<void> {
    const { directory, base, options } = this;
    const last = rest?.last ?? null;
    const steps = directory.steps();
    const isMarked = !options.durable && last !== null;
    if (isMarked) this.#mark(steps, last);
    const renamed = steps.rename(this.intent.name, indexName(base), () => {
      this.#state = 'committed';
      forgetUnsynced(directory.identity, base);
    });
    // From here on only a failed sync may fail the save, because it is committed.
    steps.closeHeld(this.intent);
    if (options.durable) steps.sync();
    const index = options.durable || isMarked ? null : steps.tryStat(indexName(base));
    if (rest === null || !hasLeftovers(rest.found, rest.stays)) steps.unlock();
    else rest.looks = lookAtReplaced(steps, rest.found, rest.stays);
    // Before the steps: they may end the lock, and then another save can look before this thread hears of it.
    const takeBack = rememberCall(placeOf(directory.identity, base), options);
    try {
      await steps.run();
    } catch (cause) {
      if (!renamed.isDone) takeBack();
      if (steps.failed === renamed) await this.#checkRename(cause);
      if (!renamed.isDone) throw cause;
      rememberFailed(directory, base, options.call, cause);
      if (last !== null) await this.#markNow(last).catch(() => undefined);
      throw syncUncertainError(directory.pathOf(indexName(base)), cause);
    }
    if (index === null || index.value === null || isNativeError(index.value)) return;
    rememberUnsynced(directory.identity, base, index.value);
  }

  async #restOf(
    index: FileStat | null,
    replaced: number | null | 'unknown',
    listed: Step<string[] | NativeError>,
  ): Promise<Rest> {
    const { directory, base, total, options, replaced: seen } = this;
    const names = (await directory.namesIn(listed)).filter(name => name !== this.intent.name);
    this.names = names;
    return await judgeRest(directory, base, { ...options, total, names, seen, index, replaced });
  }

  /** Step 6. Gives the names of the removed files. */
  async #clean({ found, stays, before, looks }: Rest, { unlock = false }): Promise<string[]> {
    const { directory, base } = this;
    const removed = await removeDead(directory, base, found, stays);
    if (before === null) return removed;
    const stale = { before, ownOnly: !this.intent.locked, looks, unlock };
    return [...removed, ...(await removeReplaced(directory, base, found, stays, stale))];
  }

  async #rememberOwn(): Promise<void> {
    const { directory, base } = this;
    for (const name of this.#created) {
      const stat = await directory.stat(name, false);
      if (stat !== null) rememberOwn(directory.identity, base, name, stat);
    }
  }

  /** Undoes everything before the commit point; does nothing after it. May be called several times. Never throws. */
  async abandon(): Promise<void> {
    if (this.#state !== 'writing') return;
    this.#state = 'abandoned';
    if (!(await this.#isIntentThere())) return await this.intent.close().catch(() => undefined);
    // The intent goes last: if a removal fails, the next save finds the dead intent and cleans up.
    let clear = true;
    for (const name of this.#created) clear = (await this.directory.remove(name).catch(() => null)) !== null && clear;
    if (this.#marker !== null) await this.directory.remove(this.#marker).catch(() => false);
    if (clear) await this.directory.remove(this.intent.name).catch(() => false);
    await this.intent.close().catch(() => undefined);
  }

  /**
   * False once another process took this save for dead, because a server lost its locks (as NFS does after its lease).
   * Its files are gone then, and their names may belong to another save. The intent is opened, because a network file
   * system answers other questions from its memory.
   */
  async #isIntentThere(): Promise<boolean> {
    try {
      const there = await this.directory.open(this.intent.name);
      await there?.close();
      return there !== null;
    } catch {
      return true;
    }
  }

  /** A rename that reports an error may still have happened: then no file of this generation is removed. Throws. */
  async #checkRename(cause: unknown): Promise<never> {
    const intent = await this.directory.stat(this.intent.name, false).catch(() => undefined);
    // If the directory itself is gone, nothing of the save exists.
    if (intent || (await this.directory.isRemoved().catch(() => false))) throw cause;
    this.#state = 'committed';
    rememberFailed(this.directory, this.base, this.options.call, cause);
    await this.intent.close();
    throw renameUncertainError(this.directory.pathOf(indexName(this.base)), cause);
  }

  /**
   * Writes the marker: this generation is not synced, and generation `last` must be kept. Without the marker, the next
   * save would take this generation for durable and remove the other: nothing is committed if it cannot be made.
   */
  #mark(steps: DirectorySteps, last: number): void {
    const name = unsyncedName(this.base, { total: this.total, last });
    steps.createEmpty(name, this.replaced.permissions, () => {
      this.#marker = name;
    });
  }

  async #markNow(last: number): Promise<void> {
    const steps = this.directory.steps();
    this.#mark(steps, last);
    await steps.run();
  }
}
