/**
 * One save of one prefix, from the choice of its shard total to the removal of what it replaced. The commit protocol:
 *
 *  1. Under the directory's lock: choose a total that no file on disk uses and create the temporary index ("intent"),
 *     named with that total and held with flock. Intent and liveness are one; a dead process never blocks anybody.
 *  2. Create the shards under their final names, exclusively, space reserved; write; one data sync each.  (createShard)
 *  3. Sync the directory and every directory that was created for it. Write the temporary index, sync it.
 *  4. Under the lock: rename the temporary index over `BASE.index`. This is the only commit point: before it
 *     nothing old was touched, and all new data is on stable storage.
 *  5. Sync the directory. Only now is the save acknowledged.
 *  6. Remove the generations before. Skipped if the sync of step 5 failed.
 *
 * Without `durable` the syncs are left out, and a marker that is made before step 4 says so, and which generation is
 * the last durable one: whoever saves next, in whatever process, removes such a generation and leaves that one.
 *
 * Up to step 4 `abandon` undoes everything. No existing data file is ever opened for writing.
 */

import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { FileStat } from '../binding.js';
import { TensorBundleError, throwIfAborted } from '../errors.js';
import type { Directory } from '../storage/directory.js';
import type { HeldFile, NewShard } from '../storage/new-files.js';
import { overtakenBy, placeOf, rememberCall } from './call-order.js';
import { committedIndex, type Generations, makeDurable, surveyGenerations } from './generations.js';
import { removeDead, removeReplaced, removeStrayMarkers } from './leftovers.js';
import { indexName, intentName, shardName, unsyncedName } from './names.js';
import { forgetUnsynced, isOwnUnsynced, rememberOwn, rememberUnsynced } from './own-commits.js';
import { checkSpace, planInPlace, type Replaced, replacedBy, replacedTotal, unlinkInPlace } from './replaced.js';
import { generationsToKeep, lastDurable, totalsInUse } from './superseded.js';
import { pickTotal } from './total.js';

/** How long a save that must wait for another does so before it looks again. */
const BUSY_PAUSE_MS = 20;
/**
 * How long a save waits for others to end, rather than take a total above natural + 2. Many processes that save at
 * once then leave the totals of few.
 */
const CROWD_MS = 1000;
/** Shorter than any lease: a save that took less has its locks still. */
const LEASE_MS = 1000;

interface PublicationOptions {
  /** Shard totals in order of preference. */
  candidates: readonly number[];
  /** Bytes the save will write, for the check of free space. */
  bytes: number;
  durable: boolean;
  overwrite: 'atomic' | 'in-place' | 'error';
  keepPrevious: boolean;
  lockTimeoutMs: number;
  signal?: AbortSignal | undefined;
  /** By `nextCall`: a save does not take the place of one that was called later. */
  call: number;
}

/** What lies beside a new generation. */
interface Rest {
  found: Generations;
  /** Totals that stay. */
  stays: ReadonlySet<number>;
  /** Total of the last durable one; null if there is none. */
  last: number | null;
  /** When the index that is replaced was written: only what is older is stale. Null where there was none. */
  before: bigint | null;
}

export class Publication {
  readonly #created: string[] = [];
  #marker: string | null = null;
  /** What else was in the directory when it was listed for the commit; null before, and where that failed. */
  names: readonly string[] | null = null;
  readonly #begun = performance.now();
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
    const start = performance.now();
    for (;;) {
      const waited = performance.now() - start;
      const begun = await directory.exclusively(options.lockTimeoutMs, options.signal, () =>
        Publication.#attempt(directory, base, options, waited < Math.min(CROWD_MS, options.lockTimeoutMs)),
      );
      if (begun !== null) return begun;
      throwIfAborted(options.signal, 'the save');
      if (waited >= options.lockTimeoutMs) throw busyError(directory, base, options.lockTimeoutMs);
      await delay(BUSY_PAUSE_MS);
    }
  }

  /** Null if the save must wait for another one. Under the lock. */
  static async #attempt(
    directory: Directory,
    base: string,
    given: PublicationOptions,
    patient: boolean,
  ): Promise<Publication | null> {
    // Nothing of a later save may be unlinked: what this one writes will not stay.
    const isLate =
      given.overwrite === 'in-place' && overtakenBy(placeOf(directory.identity, base), given.call) !== null;
    const options: PublicationOptions = isLate ? { ...given, overwrite: 'atomic' } : given;
    const found = await surveyGenerations(directory, base);
    const index = await committedIndex(directory, base, { checked: found.dead.size > 0 });
    const committed = index.total;
    if (committed !== null && options.overwrite === 'error') throw existsError(directory, base);
    if (committed !== 'unknown') await removeDead(directory, base, found, totalsInUse(found, committed));
    await removeStrayMarkers(directory, found);
    const isInPlace = options.overwrite === 'in-place' && typeof committed === 'number';
    const last = isInPlace ? lastDurable(found, committed) : null;
    const replaced = replacedBy(index, last === options.candidates[0] ? null : last);
    const total = await pickTotal(directory, base, found, committed, { ...options, patient });
    if (total === null) return null;
    const inPlace = options.overwrite === 'in-place' ? await planInPlace(directory, base, found, total) : null;
    await checkSpace(directory, options.bytes, inPlace?.bytes ?? 0);
    const name = intentName(base, total, randomBytes(8).toString('hex'));
    const intent = await directory.createHeld(name, replaced.permissions);
    const publication = new Publication(directory, base, options, total, intent, replaced);
    try {
      if (inPlace !== null) await unlinkInPlace(directory, inPlace);
      return publication;
    } catch (error) {
      await publication.abandon();
      throw error;
    }
  }

  /** Step 2, for shard number `shard` of `total`. */
  async createShard(shard: number, bytes: number): Promise<NewShard> {
    const name = shardName(this.base, shard, this.total);
    const created = await this.directory.createShard(name, bytes, this.options.durable, this.replaced.permissions);
    this.#created.push(name);
    return created;
  }

  /**
   * Steps 3 to 6; the shards are finished. Returns the names of the files that were cleaned up; null if a later save
   * of this process has taken the place already, so that this one is to be abandoned. Throws ERR_DURABILITY_UNCERTAIN
   * if the save is committed, but the sync after it failed.
   */
  async publish(index: Uint8Array, onSynced: () => void): Promise<string[] | null> {
    const { directory, base, options } = this;
    if (options.durable) await directory.sync();
    await this.intent.write(index, options.durable);
    onSynced();
    return directory.exclusively(options.lockTimeoutMs, options.signal, async () => {
      throwIfAborted(options.signal, 'the save');
      const old = await directory.stat(indexName(base), false);
      if (old !== null && options.overwrite === 'error') throw existsError(directory, base);
      if (await this.#isOvertaken()) return null;
      if (performance.now() - this.#begun > LEASE_MS) await this.#checkOwnFiles();
      // Another save may have committed since step 1: what is replaced is what is there now.
      const total = await replacedTotal(directory, base, this.replaced, old);
      // A durable save can do without: what it replaces stays until the next one.
      const rest = await this.#judgeRest(old, total).catch(error => {
        if (options.durable) return null;
        throw error;
      });
      if (!options.durable && rest !== null && rest.last !== null) await this.#mark(rest.last);
      await this.#rename();
      this.#state = 'committed';
      rememberCall(placeOf(directory.identity, base), options);
      // From here on nothing but a failed sync may fail the save: it stands.
      await this.intent.close();
      forgetUnsynced(directory.identity, base);
      if (options.durable) await this.#syncCommit(rest?.last ?? null);
      else if (this.#marker === null) await this.#rememberUnsynced().catch(() => undefined);
      if (!this.intent.locked) await this.#rememberOwn().catch(() => undefined);
      // The save stands; what could not be removed now is stale for the next one too.
      return rest === null ? [] : this.#clean(rest).catch(() => []);
    });
  }

  /** As if this save had been committed just before the other: what it promised must then hold of the other. */
  async #isOvertaken(): Promise<boolean> {
    const { directory, base, options } = this;
    const place = placeOf(directory.identity, base);
    const later = overtakenBy(place, options.call);
    if (later === null) return false;
    if (later.durable || !options.durable) return true;
    try {
      await makeDurable(directory, base);
    } catch (cause) {
      const path = directory.pathOf(indexName(base));
      throw new TensorBundleError(
        'ERR_DURABILITY_UNCERTAIN',
        `a later save of ${path}, without syncs (durable: false), has taken the place of this one, and could not ` +
          `be synced for it; save again`,
        { path, cause },
      );
    }
    rememberCall(place, { call: later.call, durable: true });
    return true;
  }

  /**
   * A save whose locks were lost (a lease that a network file system did not renew) may have been taken for dead.
   * Opened, because such a file system remembers names it saw.
   */
  async #checkOwnFiles(): Promise<void> {
    for (const name of this.#created) {
      const file = await this.directory.open(name);
      await file?.close();
      if (file !== null) continue;
      const path = this.directory.pathOf(name);
      throw new TensorBundleError(
        'ERR_IO',
        `${path} was removed while the save was running: its lock was lost, or somebody cleaned up. Save again`,
        { path },
      );
    }
  }

  /** What lies beside the new generation, and how much of it stays after the commit. */
  async #judgeRest(old: FileStat | null, replaced: number | null | 'unknown'): Promise<Rest> {
    const { directory, base, options } = this;
    this.names = (await directory.list()).filter(name => name !== this.intent.name);
    const found = await surveyGenerations(directory, base, this.names);
    found.busy.add(this.total);
    const isOwn = typeof replaced === 'number' && isOwnUnsynced(directory.identity, base, old!);
    if (isOwn && !found.unsynced.has(replaced)) found.unsynced.set(replaced, { last: null, markers: [] });
    const named = typeof replaced === 'number' ? lastDurable(found, replaced) : this.replaced.last;
    const last = named === this.total ? null : named;
    const stays = generationsToKeep(found, { ...options, committed: this.total, replaced, last });
    return { found, stays, last, before: (old ?? this.replaced).modified };
  }

  /** Step 6. Names of the removed files. */
  async #clean({ found, stays, before }: Rest): Promise<string[]> {
    const { directory, base } = this;
    const removed = await removeDead(directory, base, found, stays);
    if (before === null) return removed;
    const stale = { before, ownOnly: !this.intent.locked };
    return [...removed, ...(await removeReplaced(directory, base, found, stays, stale))];
  }

  async #rememberUnsynced(): Promise<void> {
    const index = await this.directory.stat(indexName(this.base), false);
    if (index !== null) rememberUnsynced(this.directory.identity, this.base, index);
  }

  async #rememberOwn(): Promise<void> {
    const { directory, base } = this;
    for (const name of this.#created) {
      const stat = await directory.stat(name, false);
      if (stat !== null) rememberOwn(directory.identity, base, name, stat);
    }
  }

  /** Undoes everything before the commit point. Idempotent; after the commit it does nothing. Never throws. */
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
   * False once somebody took this save for dead (a server that lost its locks, as NFS does after its lease): then its
   * files are gone, and what lies under their names now may be another's. Opened, because a network file system
   * remembers names it saw.
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

  /** A rename that reports an error may have happened: then nothing of the new generation may be removed any more. */
  async #rename(): Promise<void> {
    try {
      await this.directory.rename(this.intent.name, indexName(this.base));
    } catch (cause) {
      const intent = await this.directory.stat(this.intent.name, false).catch(() => undefined);
      // Where the directory itself is gone, nothing of the save is anywhere.
      if (intent || (await this.directory.isRemoved().catch(() => false))) throw cause;
      this.#state = 'committed';
      await this.intent.close();
      const path = this.directory.pathOf(indexName(this.base));
      throw new TensorBundleError(
        'ERR_DURABILITY_UNCERTAIN',
        `the commit of ${path} reported an error and may have happened; nothing was removed. Check the disk and ` +
          `save again`,
        { path, cause },
      );
    }
  }

  async #syncCommit(last: number | null): Promise<void> {
    try {
      await this.directory.sync();
    } catch (cause) {
      if (last !== null) await this.#mark(last).catch(() => undefined);
      const path = this.directory.pathOf(indexName(this.base));
      throw new TensorBundleError(
        'ERR_DURABILITY_UNCERTAIN',
        `${path} is committed, but the directory could not be synced: a power loss may bring the checkpoint ` +
          `before back. ` +
          'Nothing old was removed; save again, under another name if the disk reports errors',
        { path, cause },
      );
    }
  }

  /**
   * Says that this generation is not synced, and which one is to be kept for that. Without it the next save would take
   * this one for durable and remove the other: so where it cannot be made, nothing is committed.
   */
  async #mark(last: number): Promise<void> {
    const name = unsyncedName(this.base, { total: this.total, last });
    const marker = await this.directory.createHeld(name, this.replaced.permissions);
    this.#marker = name;
    await marker.close();
  }
}

function busyError(directory: Directory, base: string, waitedMs: number): TensorBundleError {
  const path = directory.pathOf(base);
  return new TensorBundleError(
    'ERR_LOCKED',
    `another save is writing the data files of ${path} and was not done after ${waitedMs} ms; ` +
      "try again, raise lockTimeoutMs, or use overwrite: 'atomic', which need not wait",
    { path },
  );
}

function existsError(directory: Directory, base: string): TensorBundleError {
  const path = directory.pathOf(indexName(base));
  return new TensorBundleError('ERR_EXISTS', `${path} exists; give another prefix or overwrite: 'atomic'`, { path });
}
