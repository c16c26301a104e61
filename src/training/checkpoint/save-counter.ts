/** How often a checkpoint was saved: TensorFlow's `save_counter`, an int64 among its objects. */

import { type Attribute, captureOf, VARIABLE_VALUE } from '../../graph/attribute.js';
import { type Trackable, variableNode } from '../../graph/trackable.js';

export class SaveCounter {
  /** Null until the first numbered save or restore: `write` alone writes no counter. */
  #value: number | null = null;

  get value(): number {
    return this.#value ?? 0;
  }

  /** Can be set back to null, when a restore was refused. */
  get state(): number | null {
    return this.#value;
  }

  set state(value: number | null) {
    this.#value = value;
  }

  /** Called before a restore: from then on there is a counter. */
  begin(): void {
    this.#value ??= 0;
  }

  increment(): number {
    this.#value = this.value + 1;
    return this.#value;
  }

  /** Makes sure that the next number is above this one. */
  countFrom(number: number): void {
    if (number > this.value) this.#value = number;
  }

  /**
   * The counter as an object of the checkpoint; null if there is no counter. `pending`: the number of a save, if it is
   * not known yet.
   */
  trackable(pending?: Promise<number>): Trackable | null {
    if (this.#value === null && pending === undefined) return null;
    const attribute: Attribute = {
      name: VARIABLE_VALUE,
      fullName: 'save_counter',
      label: 'save_counter',
      dtype: 'int64',
      shape: [],
      capture: () => {
        const now = this.value;
        const data = async (): Promise<BigInt64Array> => BigInt64Array.of(BigInt((await pending) ?? now));
        return captureOf(data);
      },
      assign: ({ data }) => {
        this.#value = Number((data as BigInt64Array)[0]);
      },
    };
    return variableNode(attribute);
  }
}
