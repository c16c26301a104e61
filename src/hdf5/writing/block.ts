/** Bytes of a structure that is being written, little-endian. */

/** What HDF5 writes for an address that is not there, in all 8 bytes. */
export const NOWHERE = -1;
const HALF = 2 ** 32;

export class Block {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(room = 256) {
    this.#bytes = new Uint8Array(room);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get length(): number {
    return this.#length;
  }

  /** What was written so far. */
  done(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  u8(...values: readonly number[]): this {
    const at = this.#grow(values.length);
    for (let i = 0; i < values.length; i++) this.#bytes[at + i] = values[i]!;
    return this;
  }

  u16(value: number): this {
    const at = this.#grow(2);
    this.#view.setUint16(at, value, true);
    return this;
  }

  u32(value: number): this {
    const at = this.#grow(4);
    this.#view.setUint32(at, value, true);
    return this;
  }

  /** A size or an address, or NOWHERE. */
  u64(value: number): this {
    const at = this.#grow(8);
    const isNowhere = value === NOWHERE;
    this.#view.setUint32(at, isNowhere ? 0xffffffff : value % HALF, true);
    this.#view.setUint32(at + 4, isNowhere ? 0xffffffff : Math.floor(value / HALF), true);
    return this;
  }

  /** Each of the given number of bytes, as JavaScript's views set them. */
  integer(value: number | bigint, bytes: number): this {
    const at = this.#grow(bytes);
    const part = new Uint8Array(BigInt64Array.of(BigInt.asIntN(64, BigInt(value))).buffer, 0, bytes);
    this.#bytes.set(part, at);
    return this;
  }

  float(value: number, bytes: 4 | 8): this {
    const at = this.#grow(bytes);
    if (bytes === 4) this.#view.setFloat32(at, value, true);
    else this.#view.setFloat64(at, value, true);
    return this;
  }

  append(bytes: Uint8Array): this {
    return this.filled(bytes, bytes.byteLength);
  }

  /** As many bytes as told: the beginning of `bytes`, and zeros. */
  filled(bytes: Uint8Array, length: number): this {
    const at = this.#grow(length);
    this.#bytes.set(bytes, at);
    return this;
  }

  /** Writes over what was written there. */
  put(at: number, bytes: Uint8Array): this {
    this.#bytes.set(bytes, at);
    return this;
  }

  zeros(count: number): this {
    this.#grow(count);
    return this;
  }

  /** Zeros up to the next multiple of `unit`, 8 if it is not given. */
  pad(unit = 8): this {
    return this.zeros(paddedTo(this.#length, unit) - this.#length);
  }

  /** Call it before anything that takes the array or the view, since it may replace them. */
  #grow(bytes: number): number {
    const at = this.#length;
    this.#length += bytes;
    if (this.#length <= this.#bytes.byteLength) return at;
    const larger = new Uint8Array(Math.max(this.#length, 2 * this.#bytes.byteLength));
    larger.set(this.#bytes);
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
    return at;
  }
}

/** The next multiple of `unit`. Not by bits, since addresses may be beyond 32 of them. */
export function paddedTo(length: number, unit = 8): number {
  return Math.ceil(length / unit) * unit;
}
