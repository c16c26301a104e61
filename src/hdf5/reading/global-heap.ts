/**
 * The global heap: text of variable length. It is a number of collections, anywhere in the file. An element of a
 * dataset or of an attribute is a reference: length, address of a collection, number of an object in it.
 */
import { TensorBundleError } from '../../errors.js';
import type { Fields } from './fields.js';
import type { Structures } from './structures.js';

/** An object has a number of two bytes. */
const MAX_OBJECTS = 0xffff;
const PREFIX_BYTES = 16;
/** Collections whose objects are known. */
const KEPT_COLLECTIONS = 64;
/** Of one text: a configuration of a model has some megabytes. */
const MAX_TEXT_BYTES = 256 * 1024 * 1024;

interface HeapObject {
  readonly address: number;
  readonly bytes: number;
}

type Collection = ReadonlyMap<number, HeapObject>;

export class GlobalHeap {
  readonly #collections = new Map<number, Promise<Collection>>();

  constructor(private readonly structures: Structures) {}

  get fileBytes(): number {
    return this.structures.size;
  }

  /** The bytes that the reference in the next fields names. */
  async text(reference: Fields): Promise<Uint8Array> {
    const { at } = reference;
    const bytes = reference.u32le();
    const address = reference.address();
    const number = reference.u32le();
    if (bytes === 0) return new Uint8Array(0);
    if (address === null || address === 0) throw reference.corrupt('a text of some length lies nowhere', at);
    if (bytes > MAX_TEXT_BYTES) throw this.#tooLarge(bytes);
    const object = (await this.#collection(address)).get(number);
    if (object === undefined || object.bytes < bytes) {
      throw reference.corrupt(`the heap at ${address} has no text ${number} of ${bytes} bytes`, at, {
        expected: bytes,
        found: object?.bytes,
      });
    }
    const fields = await this.structures.fields(object.address, bytes, 'a text');
    return fields.bytes(bytes);
  }

  #collection(address: number): Promise<Collection> {
    const kept = this.#collections.get(address);
    if (kept !== undefined) return kept;
    if (this.#collections.size >= KEPT_COLLECTIONS) this.#collections.delete([...this.#collections.keys()][0]!);
    const reading = this.#read(address);
    // A read that fails is begun again by the next that needs it.
    reading.catch(() => this.#collections.delete(address));
    this.#collections.set(address, reading);
    return reading;
  }

  async #read(address: number): Promise<Collection> {
    const start = await this.structures.fields(address, PREFIX_BYTES, 'a heap of text');
    start.signature('GCOL');
    const version = start.u8();
    if (version !== 1) throw start.corrupt(`a heap of version ${version}`);
    start.skip(3);
    const end = address + start.length();
    const objects = new Map<number, HeapObject>();
    const prefix = 8 + this.structures.widths.length;
    for (let at = address + start.at; end - at >= prefix; ) {
      const fields = await this.structures.fields(at, prefix, 'a text');
      const number = fields.u16le();
      // How often it is used; reserved.
      fields.skip(6);
      const bytes = fields.length();
      // The rest is free.
      if (number === 0) break;
      const next = at + prefix + Math.ceil(bytes / 8) * 8;
      if (next > end) throw fields.corrupt('a text goes beyond its heap', 0);
      if (objects.has(number)) throw fields.corrupt(`a heap has two texts ${number}`, 0);
      if (objects.size === MAX_OBJECTS) throw fields.corrupt('a heap has too many texts', 0);
      objects.set(number, { address: at + prefix, bytes });
      at = next;
    }
    return objects;
  }

  #tooLarge(bytes: number): TensorBundleError {
    const { path } = this.structures.range;
    return new TensorBundleError(
      'ERR_TOO_LARGE',
      `${path}: a text has ${bytes} bytes, more than the ${MAX_TEXT_BYTES} it may have`,
      { path, expected: MAX_TEXT_BYTES, found: bytes },
    );
  }
}
