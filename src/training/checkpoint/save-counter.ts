/** How often a checkpoint was saved: TensorFlow's `save_counter`, an int64 among its objects. */

import { type Attribute, captureOf, VARIABLE_VALUE } from '../../graph/attribute.js';
import { type Trackable, variableNode } from '../../graph/trackable.js';

export class SaveCounter {
  /** Null until something counts: `write` alone writes no counter. */
  #value: number | null = null;

  get value(): number {
    return this.#value ?? 0;
  }

  /** Null again, where a restore was refused. */
  get state(): number | null {
    return this.#value;
  }

  set state(value: number | null) {
    this.#value = value;
  }

  /** What is restored, or saved with a number, has a counter. */
  begin(): void {
    this.#value ??= 0;
  }

  increment(): number {
    this.#value = this.value + 1;
    return this.#value;
  }

  /** The next number is above this one. */
  countFrom(number: number): void {
    if (number > this.value) this.#value = number;
  }

  /**
   * As the objects of a checkpoint have it; null where nothing counts. `pending`: of a save whose number is not known
   * yet.
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
