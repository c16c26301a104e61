/**
 * The global heap: texts of any length, which attributes refer to. It is made of collections, each of which a reader
 * takes into memory as a whole, so a long text has one of its own, and short ones share one.
 */
import { Block, paddedTo } from './block.js';

/** The smallest collection that HDF5 reads, and the head of a collection and of each text in it. */
const LEAST_BYTES = 4096;
const HEAD_BYTES = 16;
/** A collection that is longer than this gets no more texts. */
const FULL_BYTES = 64 * 1024;

/** Where a text lies. */
export interface TextPlace {
  /** Of its collection, from the start of the heap. */
  readonly collection: number;
  /** In the collection, from 1 on. */
  readonly index: number;
  /** Of UTF-8. */
  readonly bytes: number;
}

interface Collection {
  readonly start: number;
  /** With the head, and without what fills it up. */
  used: number;
  readonly texts: string[];
}

export class TextCollections {
  readonly #collections: Collection[] = [];

  /** All collections together. */
  get bytes(): number {
    const last = this.#collections.at(-1);
    return last === undefined ? 0 : last.start + sizeOf(last);
  }

  add(text: string): TextPlace {
    const bytes = Buffer.byteLength(text);
    const last = this.#collections.at(-1);
    const needs = HEAD_BYTES + paddedTo(bytes);
    const hasRoom = last !== undefined && last.used + needs <= FULL_BYTES;
    const collection = hasRoom ? last : { start: this.bytes, used: HEAD_BYTES, texts: [] };
    if (!hasRoom) this.#collections.push(collection);
    collection.used += needs;
    collection.texts.push(text);
    return { collection: collection.start, index: collection.texts.length, bytes };
  }

  *blocks(): Generator<Uint8Array> {
    for (const collection of this.#collections) yield encoded(collection);
  }
}

function sizeOf({ used }: Collection): number {
  return Math.max(used, LEAST_BYTES);
}

function encoded(collection: Collection): Uint8Array {
  const size = sizeOf(collection);
  const block = new Block(size).append(Buffer.from('GCOL')).u8(1, 0, 0, 0).u64(size);
  for (const [i, text] of collection.texts.entries()) {
    const bytes = Buffer.from(text);
    block
      .u16(i + 1)
      .u16(0)
      .u32(0)
      .u64(bytes.byteLength);
    block.append(bytes).pad();
  }
  const free = size - block.length;
  // The place of number 0 is what is free.
  if (free >= HEAD_BYTES) block.u16(0).u16(0).u32(0).u64(free);
  return block.zeros(size - block.length).finish();
}
