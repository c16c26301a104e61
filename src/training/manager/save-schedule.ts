/** When a callback saves during a training: at the end of each epoch, or after a number of batches or seconds. */
import { invalidArgument } from '../../errors.js';

/**
 * 'epoch': at the end of each epoch. A number: after that many batches, counted across epochs. `{ seconds: 600 }`: at
 * the end of the first batch after that much time has passed since the last save, or since the training began.
 */
export type SaveFrequency = 'epoch' | number | { readonly seconds: number };

/** Throws ERR_INVALID_ARGUMENT. */
export function checkSeconds(owner: string, option: string, value: unknown): number {
  const { seconds, ...more } = (value ?? {}) as { seconds?: unknown };
  if (typeof seconds === 'number' && seconds > 0 && Number.isFinite(seconds) && Object.keys(more).length === 0)
    return seconds;
  throw invalidArgument(`${owner}: ${option} takes { seconds: a number above 0 }`, {
    found: value,
  });
}

export class SaveSchedule {
  /** Batches between saves; null: not counted. */
  readonly #batches: number | null = null;
  readonly #milliseconds: number | null = null;
  #sinceSave = 0;
  #savedAt = performance.now();

  /** Throws ERR_INVALID_ARGUMENT. */
  constructor(owner: string, frequency: SaveFrequency = 'epoch') {
    if (frequency === 'epoch') return;
    if (typeof frequency === 'object') this.#milliseconds = 1000 * checkSeconds(owner, 'saveFreq', frequency);
    else if (Number.isSafeInteger(frequency) && frequency > 0) this.#batches = frequency;
    else
      throw invalidArgument(
        `${owner}: saveFreq must be 'epoch', a whole number of batches above 0, or { seconds: a number above 0 }`,
        { found: frequency },
      );
  }

  get isByEpoch(): boolean {
    return this.#batches === null && this.#milliseconds === null;
  }

  get isByBatch(): boolean {
    return this.#batches !== null;
  }

  /** Called when a training begins: time counts from now. */
  begin(): void {
    this.#savedAt = performance.now();
  }

  /** Called when this many more batches are done. */
  count(batches: number): void {
    this.#sinceSave += batches;
  }

  /** Asked at the end of a batch. */
  get isDue(): boolean {
    if (this.#batches !== null) return this.#sinceSave >= this.#batches;
    return this.#milliseconds !== null && performance.now() - this.#savedAt >= this.#milliseconds;
  }

  saved(): void {
    this.#sinceSave = 0;
    this.#savedAt = performance.now();
  }
}
