/**
 * The names of an index in order, and where each of them is. Names are mostly asked for in this order, which takes one
 * comparison. For others a Map is made little by little, because making it at once would block the event loop.
 */

/** Names that a look-up adds to the Map of names, which takes some 0.1 ms. */
const MAPPED_TOGETHER = 512;

export class IndexNames {
  readonly names: string[];
  /** Null: each name is at its place, from 1. */
  readonly #positions: Uint32Array | null;
  readonly #map = new Map<string, number>();
  /** How many of the names are in the Map. */
  #mapped = 0;
  #last = -1;

  private constructor(names: string[], positions: Uint32Array | null) {
    this.names = names;
    this.#positions = positions;
  }

  /** Of some of the entries of an index: `push` adds them. */
  static some(entries: number): IndexNames {
    return new IndexNames([], new Uint32Array(entries));
  }

  /** Of all entries of an index after its header. */
  static all(names: string[]): IndexNames {
    return new IndexNames(names, null);
  }

  push(name: string, position: number): void {
    this.#positions![this.names.length] = position;
    this.names.push(name);
  }

  /** Whether `find` knows all names. */
  get complete(): boolean {
    return this.#mapped === this.names.length;
  }

  /** The position of a name; -1 if it is not there, or not known yet. */
  find(name: string): number {
    const next = this.#last + 1;
    if (next < this.names.length && this.names[next] === name) {
      this.#last = next;
      return this.#positionAt(next);
    }
    if (!this.complete) this.#mapSome();
    const at = this.#map.get(name);
    if (at === undefined) return -1;
    this.#last = at;
    return this.#positionAt(at);
  }

  #positionAt(i: number): number {
    return this.#positions === null ? i + 1 : this.#positions[i]!;
  }

  #mapSome(): void {
    const end = Math.min(this.#mapped + MAPPED_TOGETHER, this.names.length);
    for (; this.#mapped < end; this.#mapped++) this.#map.set(this.names[this.#mapped]!, this.#mapped);
  }
}
