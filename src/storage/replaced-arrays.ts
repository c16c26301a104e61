/**
 * JavaScript arrays that were values until a load replaced them. V8 does not notice that they became garbage, since the
 * load makes no new ones.
 */
import { native } from '../binding.js';

/** So many bytes of them may be in memory. */
const LEFT_BYTES = 40 * 1024 * 1024;
/** V8 collects at once if it is told of more than the largest heap. */
const MORE_THAN_ANY_HEAP = 2 ** 46;
/** At most about this part of the time of a load is spent on collecting, however many objects the program has. */
const COLLECTING_PART = 1 / 8;
/** V8 may be in the middle of a collection that began when arrays were in use; then it ends that one. */
const MOST_USELESS = 2;

export class ReplacedArrays {
  #bytes = 0;
  /** Not before this time. */
  #from = 0;
  /** All arrays must have fewer bytes than this, or the last collection was of no use. */
  #fewer = Number.POSITIVE_INFINITY;
  /** So many collections in a row freed little. */
  #useless = 0;

  /** To be called after `bytes` of values were replaced, which may have been such arrays. */
  add(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes < LEFT_BYTES) return;
    const begun = performance.now();
    if (begun < this.#from) return;
    // Not imported: the module 'node:process' would load Node's streams with it.
    const { arrayBuffers } = process.memoryUsage();
    this.#useless = arrayBuffers < this.#fewer ? 0 : this.#useless + 1;
    // Other arrays, or ones that somebody else still has: what was replaced was memory of TensorFlow's own.
    if (arrayBuffers < this.#bytes || this.#useless === MOST_USELESS) {
      this.#from = Number.POSITIVE_INFINITY;
      return;
    }
    this.#fewer = arrayBuffers - this.#bytes / 2;
    this.#bytes = 0;
    // V8 has no other door to it.
    native.adjustExternalMemory(MORE_THAN_ANY_HEAP);
    native.adjustExternalMemory(-MORE_THAN_ANY_HEAP);
    const ended = performance.now();
    this.#from = ended + (ended - begun) / COLLECTING_PART;
  }
}
