/**
 * What a manager remembers of its checkpoints, and which of them must be removed. The latest few are TensorFlow's
 * active list, which the `checkpoint` file holds. Checkpoints that only another rule keeps are not in that file, so
 * that it does not grow for ever.
 */
import type { CheckpointState } from '../../commit/state-file.js';
import { TensorBundleError } from '../../errors.js';
import type { CheckedManagerOptions } from './manager-options.js';
import type { KeptCheckpoint } from './retention.js';

/** How many kept checkpoints an error names. */
const NAMED = 5;

type Rules = Pick<CheckedManagerOptions, 'maxToKeep' | 'keepCheckpointEveryNHours' | 'retention' | 'checkpointName'>;

export class KeptCheckpoints {
  latest: string | null;
  readonly #rules: Rules;
  /** Time by path, oldest first, as in TensorFlow's `_maybe_delete`. Times are those of the state file. */
  readonly #active = new Map<string, number>();
  /** All known checkpoints, also the active ones. */
  readonly #known: Map<string, KeptCheckpoint>;
  #lastPreserved: number;
  /** The newest checkpoint that a power loss cannot destroy. One that was there at the start counts as such. */
  #durable: string | null;

  /**
   * Takes over a state file as TensorFlow does: no time lies in the future, and what was preserved before is not
   * active.
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
      // If a path is listed twice, the later entry says when it was saved.
      this.#active.delete(path);
      if (time > this.#lastPreserved) this.#active.set(path, time);
      // Another program has saved it again, so what the ledger says of it is no longer true.
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

  /** Whether there is something to remember that the `checkpoint` file cannot hold. */
  get needsLedger(): boolean {
    if (this.#rules.retention.length > 0) return true;
    return [...this.#known.values()].some(({ path, pinned }) => pinned || !this.#active.has(path));
  }

  /** All kept checkpoints, in the order of their times. */
  get kept(): KeptCheckpoint[] {
    const all = new Map(this.#known);
    for (const [path, time] of this.#active) if (!all.has(path)) all.set(path, this.#unknown(path, time));
    return [...all.values()].sort((a, b) => a.time - b.time || a.number - b.number);
  }

  /** All paths in the books, in no order. */
  get paths(): Set<string> {
    const all = new Set([...this.#known.keys(), ...this.#active.keys()]);
    if (this.latest !== null) all.add(this.latest);
    return all;
  }

  /** A text that changes when something has left the books. */
  get extent(): string {
    return [this.paths.size, this.#active.size, this.#lastPreserved].join();
  }

  /** The entries that have more than the state file says, in the order of their times. */
  get written(): KeptCheckpoint[] {
    return this.kept.filter(
      ({ path, pinned, step, metrics }) =>
        pinned || step !== null || Object.keys(metrics).length > 0 || !this.#active.has(path),
    );
  }

  newestFirst(): string[] {
    return [...this.active.toReversed(), ...this.kept.toReversed().map(({ path }) => path)];
  }

  /** A checkpoint that was found on disk and restored, which the books may not have: it becomes the newest. */
  adopt(path: string, time: number): void {
    const before = this.#known.get(path) ?? this.#unknown(path, this.#active.get(path) ?? time);
    this.#active.delete(path);
    this.#active.set(path, before.time);
    this.#known.set(path, before);
    this.latest = path;
    this.#durable = path;
  }

  /** A new checkpoint, which is now the newest. It replaces one of the same path. */
  add(made: KeptCheckpoint, durable: boolean): void {
    this.#active.delete(made.path);
    this.#active.set(made.path, made.time);
    const pinned = this.#known.get(made.path)?.pinned ?? false;
    this.#known.delete(made.path);
    this.#known.set(made.path, { ...made, pinned });
    this.latest = made.path;
    if (durable) this.#durable = made.path;
  }

  /** Takes out of the books what no rule keeps, and returns it. Which files may be removed is not decided here. */
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

  /** Puts back what could not be removed. No rule keeps it, so the next sweep returns it again. */
  putBack(one: KeptCheckpoint): void {
    if (!this.#known.has(one.path)) this.#known.set(one.path, one);
  }

  /**
   * What may be removed to make room, oldest first. Never the newest, the newest that is durable, a pinned one, or the
   * one that is being written.
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
   * Takes the older half out of the books, when they have become too large for their files. Nothing is removed from
   * disk. The newest and pinned ones stay in the books; false if there are no others.
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
        `${path} is not a checkpoint that this manager keeps; it keeps ${named}`,
        { path, expected: some },
      );
    }
    this.#known.set(path, { ...one, pinned });
  }

  /** TensorFlow's sweep. What `keepCheckpointEveryNHours` preserves leaves the books and stays on disk. */
  #sweepActive(): KeptCheckpoint[] {
    const { maxToKeep, keepCheckpointEveryNHours } = this.#rules;
    const dropped: KeptCheckpoint[] = [];
    if (maxToKeep === null) return dropped;
    // One loop, since a Map whose first entries were deleted is slow to find its new first entry.
    for (const [path, time] of this.#active) {
      if (this.#active.size <= maxToKeep) break;
      this.#active.delete(path);
      // It stays for ever, so it leaves the books: no rule can remove what is not in them.
      if (keepCheckpointEveryNHours && time - keepCheckpointEveryNHours * 3600 >= this.#lastPreserved) {
        this.#lastPreserved = time;
        this.#known.delete(path);
      } else dropped.push(this.#known.get(path) ?? this.#unknown(path, time));
    }
    return dropped;
  }

  /** A checkpoint that another manager has made, for example Python's. */
  #unknown(path: string, time: number): KeptCheckpoint {
    const counted = Number(/-(\d{1,16})$/.exec(path)?.[1] ?? 0);
    return { path, number: Number.isSafeInteger(counted) ? counted : 0, step: null, time, metrics: {}, pinned: false };
  }
}
