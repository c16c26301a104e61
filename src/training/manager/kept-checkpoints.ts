/**
 * The checkpoints of a manager in memory, and which of them have to go. The latest few are TensorFlow's active list,
 * which its `checkpoint` file holds; what only another rule keeps is not in it, so that the file does not grow for
 * ever.
 */
import type { CheckpointState } from '../../commit/state-file.js';
import { TensorBundleError } from '../../errors.js';
import type { CheckedManagerOptions } from './manager-options.js';
import type { KeptCheckpoint } from './retention.js';

/** An error names so many of what is kept. */
const NAMED = 5;

type Rules = Pick<CheckedManagerOptions, 'maxToKeep' | 'keepCheckpointEveryNHours' | 'retention' | 'checkpointName'>;

export class KeptCheckpoints {
  latest: string | null;
  readonly #rules: Rules;
  /** By path, oldest first; TensorFlow's `_maybe_delete`. Times are those of the state file. */
  readonly #active = new Map<string, number>();
  /** All that is known, the active included. */
  readonly #known: Map<string, KeptCheckpoint>;
  #lastPreserved: number;
  /** The newest that a power loss cannot take; what was there before counts as such. */
  #durable: string | null;

  /**
   * As TensorFlow takes over a state file: times do not lie in the future, and what was preserved before is not active.
   */
  constructor(rules: Rules, state: CheckpointState | null, ledger: Map<string, KeptCheckpoint>, clock: number) {
    this.#rules = rules;
    this.#known = ledger;
    this.latest = state?.modelCheckpointPath || null;
    this.#durable = this.latest;
    this.#lastPreserved = state === null ? clock - 1 : Math.min(state.lastPreservedTimestamp ?? 0, clock);
    const times = state?.allModelCheckpointTimestamps ?? [];
    for (const [i, path] of (state?.allModelCheckpointPaths ?? []).entries()) {
      const time = Math.min(times[i] ?? this.#lastPreserved, clock);
      // Where one is there twice, the later says when it was saved.
      this.#active.delete(path);
      if (time > this.#lastPreserved) this.#active.set(path, time);
      // Somebody else has saved it again: what is known of it is no longer true.
      const known = ledger.get(path);
      if (known && times[i] !== undefined && known.time !== times[i])
        ledger.set(path, { ...this.#unknown(path, time), pinned: known.pinned });
    }
  }

  get active(): string[] {
    return [...this.#active.keys()];
  }

  get timestamps(): number[] {
    return [...this.#active.values()];
  }

  get lastPreserved(): number {
    return this.#lastPreserved;
  }

  /** What the `checkpoint` file does not hold has to be written down somewhere. */
  get needsLedger(): boolean {
    if (this.#rules.retention.length > 0) return true;
    return [...this.#known.values()].some(({ path, pinned }) => pinned || !this.#active.has(path));
  }

  /** In the order of their times. */
  get kept(): KeptCheckpoint[] {
    const all = new Map(this.#known);
    for (const [path, time] of this.#active) if (!all.has(path)) all.set(path, this.#unknown(path, time));
    return [...all.values()].sort((a, b) => a.time - b.time || a.number - b.number);
  }

  /** All that the books name, in no order. */
  get paths(): Set<string> {
    const all = new Set([...this.#known.keys(), ...this.#active.keys()]);
    if (this.latest !== null) all.add(this.latest);
    return all;
  }

  /** Another one when something has left the books. */
  get extent(): string {
    return [this.paths.size, this.#active.size, this.#lastPreserved].join();
  }

  /** What the state file does not say, in the order of the times: that it holds a checkpoint needs no second entry. */
  get written(): KeptCheckpoint[] {
    return this.kept.filter(
      ({ path, pinned, step, metrics }) =>
        pinned || step !== null || Object.keys(metrics).length > 0 || !this.#active.has(path),
    );
  }

  newestFirst(): string[] {
    return [...this.active.toReversed(), ...this.kept.toReversed().map(({ path }) => path)];
  }

  /** What was found on disk and restored is the newest now, and kept as such; the books may not have had it. */
  adopt(path: string, time: number): void {
    const before = this.#known.get(path) ?? this.#unknown(path, this.#active.get(path) ?? time);
    this.#active.delete(path);
    this.#active.set(path, before.time);
    this.#known.set(path, before);
    this.latest = path;
    this.#durable = path;
  }

  /** The newest now; one of the same path was overwritten. */
  add(made: KeptCheckpoint, durable: boolean): void {
    this.#active.delete(made.path);
    this.#active.set(made.path, made.time);
    const pinned = this.#known.get(made.path)?.pinned ?? false;
    this.#known.delete(made.path);
    this.#known.set(made.path, { ...made, pinned });
    this.latest = made.path;
    if (durable) this.#durable = made.path;
  }

  /** Takes what is too much out of the books, and gives it: which of its files may go is not decided here. */
  sweep(): KeptCheckpoint[] {
    const dropped = this.#sweepActive();
    const all = this.kept;
    const stays = new Set(this.#active.keys());
    if (this.#durable !== null) stays.add(this.#durable);
    for (const one of all) if (one.pinned) stays.add(one.path);
    for (const policy of this.#rules.retention) for (const { path } of policy.keep(all)) stays.add(path);
    const gone = new Map(dropped.map(one => [one.path, one]));
    for (const one of all)
      if (stays.has(one.path)) this.#known.set(one.path, one);
      else if (this.#known.delete(one.path)) gone.set(one.path, one);
    return [...gone.values()].filter(({ path }) => !stays.has(path));
  }

  /** What could not be removed is in the books as what nothing keeps, so that the next sweep takes it up again. */
  putBack(one: KeptCheckpoint): void {
    if (!this.#known.has(one.path)) this.#known.set(one.path, one);
  }

  /**
   * Oldest first: never the newest, nor the newest that a power loss cannot take; nothing that is pinned, nor what is
   * being written.
   */
  removable(writing: string): string[] {
    const stays = new Set([this.latest, this.#durable, writing]);
    return this.kept.flatMap(({ path, pinned }) => (pinned || stays.has(path) ? [] : [path]));
  }

  forget(path: string): void {
    this.#active.delete(path);
    this.#known.delete(path);
  }

  /**
   * Where the books have become too large for their files: the older half leaves them. Nothing is removed from disk.
   * False if there is nothing that may leave: not what is pinned, nor the newest.
   */
  forgetOlderHalf(): boolean {
    const candidates = this.kept.filter(({ path, pinned }) => !pinned && path !== this.latest);
    for (const { path } of candidates.slice(0, Math.ceil(candidates.length / 2))) this.forget(path);
    return candidates.length > 0;
  }

  setPinned(path: string, pinned: boolean): void {
    const time = this.#active.get(path);
    const one = this.#known.get(path) ?? (time === undefined ? undefined : this.#unknown(path, time));
    if (one === undefined) {
      const kept = this.newestFirst();
      const some = [...new Set(kept)].slice(0, NAMED);
      const named = some.length === 0 ? 'none' : `${some.join(', ')}${some.length < new Set(kept).size ? ', …' : ''}`;
      throw new TensorBundleError(
        'ERR_NOT_FOUND',
        `${path} is no checkpoint that this manager keeps; it keeps ${named}`,
        { path, expected: some },
      );
    }
    this.#known.set(path, { ...one, pinned });
  }

  /** TensorFlow's sweep; what it preserves by the hour leaves the books, and stays. */
  #sweepActive(): KeptCheckpoint[] {
    const { maxToKeep, keepCheckpointEveryNHours } = this.#rules;
    const dropped: KeptCheckpoint[] = [];
    if (maxToKeep === null) return dropped;
    // One walk: a Map from which the first are taken is slow to find its new first.
    for (const [path, time] of this.#active) {
      if (this.#active.size <= maxToKeep) break;
      this.#active.delete(path);
      // For ever: it leaves the books, so that nobody takes it for one that may go.
      if (keepCheckpointEveryNHours && time - keepCheckpointEveryNHours * 3600 >= this.#lastPreserved) {
        this.#lastPreserved = time;
        this.#known.delete(path);
      } else dropped.push(this.#known.get(path) ?? this.#unknown(path, time));
    }
    return dropped;
  }

  /** Made by another manager, Python's for example. */
  #unknown(path: string, time: number): KeptCheckpoint {
    const counted = Number(/-(\d{1,16})$/.exec(path)?.[1] ?? 0);
    return { path, number: Number.isSafeInteger(counted) ? counted : 0, step: null, time, metrics: {}, pinned: false };
  }
}
