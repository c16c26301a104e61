/**
 * The names of many tensors as keys of an index: their UTF-8, and the order in which the index has them. No object is
 * made per name.
 */
import { TextEncoder } from 'node:util';
import { type Steps, sorted } from './turns.js';
import { compareUtf8 } from './utf8-order.js';

/** Names that are encoded together, and between two stops. */
const RUN = 256;
/** So many names are kept for the next save. */
const MAX_KEPT = 1024;
/** Bytes that make one exact number. */
const HEAD_BYTES = 6;

interface EncodedRun {
  /** The UTF-8 of the names, one after the other. */
  readonly text: Uint8Array;
  /** Where the key of each name begins, and where the last one ends. */
  readonly places: Uint32Array;
}

interface SortedKeys {
  readonly names: readonly string[];
  readonly keys: EncodedKeys;
  /** The positions of the names in the order of their bytes; equal names keep their order. */
  readonly positions: readonly number[];
}

/** The last list of at most MAX_KEPT names: most saves have the same names as the save before. */
let last: SortedKeys | null = null;

export function* sortedKeys(names: readonly string[]): Steps<SortedKeys> {
  if (last !== null && isSameList(last.names, names)) return last;
  const keys = yield* EncodedKeys.encode(names);
  const sorted = { names, keys, positions: yield* keys.sort() };
  if (names.length <= MAX_KEPT) last = sorted;
  return sorted;
}

function isSameList(one: readonly string[], other: readonly string[]): boolean {
  if (one.length !== other.length) return false;
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false;
  return true;
}

export class EncodedKeys {
  readonly #runs: EncodedRun[] = [];
  /** Bytes that all keys have in common at their start. */
  #common = Number.POSITIVE_INFINITY;

  private constructor(private readonly names: readonly string[]) {}

  static *encode(names: readonly string[]): Steps<EncodedKeys> {
    const keys = new EncodedKeys(names);
    for (let at = 0; at < names.length; at += RUN) {
      keys.#add(names.slice(at, at + RUN));
      yield;
    }
    return keys;
  }

  /** The memory in which the key of name `i` lies, from `start(i)` to `end(i)`. */
  text(i: number): Uint8Array {
    return this.#runs[Math.floor(i / RUN)]!.text;
  }

  start(i: number): number {
    return this.#runs[Math.floor(i / RUN)]!.places[i % RUN]!;
  }

  end(i: number): number {
    return this.#runs[Math.floor(i / RUN)]!.places[(i % RUN) + 1]!;
  }

  /** The positions of the names in the order of their bytes; equal names keep their order. */
  *sort(): Steps<number[]> {
    const { names } = this;
    const heads = new Float64Array(names.length);
    const positions: number[] = [];
    for (const run of this.#runs) {
      this.#readHeads(run, heads, positions);
      yield;
    }
    return yield* sorted(positions, (a, b) => heads[a]! - heads[b]! || compareUtf8(names[a]!, names[b]!));
  }

  #add(names: readonly string[]): void {
    const text = new TextEncoder().encode(names.join(''));
    const places = new Uint32Array(names.length + 1);
    for (let i = 0; i < names.length; i++) places[i + 1] = places[i]! + names[i]!.length;
    // As many bytes as units: all of them are ASCII.
    if (places[names.length] !== text.length)
      for (let i = 0; i < names.length; i++) places[i + 1] = places[i]! + Buffer.byteLength(names[i]!);
    const run = { text, places };
    this.#runs.push(run);
    this.#narrow(run);
  }

  /** Compares the keys with the very first one, as far as all before were equal to it. */
  #narrow({ text, places }: EncodedRun): void {
    const first = this.#runs[0]!;
    let common = Math.min(this.#common, first.places[1]!);
    for (let i = 0; i + 1 < places.length; i++) {
      const start = places[i]!;
      common = Math.min(common, places[i + 1]! - start);
      let same = 0;
      while (same < common && first.text[same] === text[start + same]) same++;
      common = same;
    }
    this.#common = common;
  }

  /**
   * The bytes of each key after those that all have in common, as far as they make one number. Most keys differ there,
   * and two numbers are compared much faster than two texts.
   */
  #readHeads({ text, places }: EncodedRun, heads: Float64Array, positions: number[]): void {
    for (let i = 0; i + 1 < places.length; i++) {
      const from = places[i]! + this.#common;
      const end = places[i + 1]!;
      let head = 0;
      for (let at = from; at < from + HEAD_BYTES; at++) head = head * 256 + (at < end ? text[at]! : 0);
      heads[positions.length] = head;
      positions.push(positions.length);
    }
  }
}
