/**
 * The best value of a metric while saves run in the background. A value counts from the call of its save on, so that
 * the next epoch is compared with it. If the save fails, the value before counts again: that of a save that is still
 * running, or the last that was saved.
 */
interface Hope {
  readonly best: number | null;
}

export class BestSoFar {
  /** The best value that is saved, or the threshold. */
  #saved: number | null;
  /** Values of saves that have not ended, in the order of their calls. */
  readonly #hopes = new Set<Hope>();

  constructor(threshold: number | null) {
    this.#saved = threshold;
  }

  get value(): number | null {
    let value = this.#saved;
    for (const { best } of this.#hopes) value = best;
    return value;
  }

  /** A checkpoint that is there already has this value. */
  found(best: number): void {
    this.#saved = best;
  }

  /** Counts `best` until `ended` is called with whether its save succeeded. */
  hope(best: number | null): { ended(isSaved: boolean): void } {
    const hope: Hope = { best };
    this.#hopes.add(hope);
    return {
      ended: isSaved => {
        this.#hopes.delete(hope);
        if (isSaved) this.#saved = best;
      },
    };
  }
}
