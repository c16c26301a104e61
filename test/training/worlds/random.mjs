/** Random numbers that are the same in every process (mulberry32). */
export class Random {
  #state;

  constructor(seed) {
    this.#state = seed >>> 0;
  }

  /** From 0 to 1, without 1. */
  number() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  }

  chance(probability) {
    return this.number() < probability;
  }

  below(count) {
    return Math.floor(this.number() * count);
  }

  pick(items) {
    return items[this.below(items.length)];
  }

  shuffled(items) {
    const left = [...items];
    const order = [];
    while (left.length > 0) order.push(...left.splice(this.below(left.length), 1));
    return order;
  }

  values(count) {
    return Float32Array.from({ length: count }, () => this.number() * 2 - 1);
  }
}
