/** Bytes of a structure that is being written, little-endian. */
import { ByteWriter, putBytes } from '../../format/bytes.js';

/** What HDF5 writes for an address that is not there, in all 8 bytes. */
export const NOWHERE = -1;

export class Block extends ByteWriter {
  override u8(...values: readonly number[]): this {
    for (const value of values) super.u8(value);
    return this;
  }

  u16(value: number): this {
    return this.u8(value, value >>> 8);
  }

  u32(value: number): this {
    this.u32le(value);
    return this;
  }

  /** A size or an address, or NOWHERE. */
  u64(value: number): this {
    if (value === NOWHERE) return this.u32(0xffffffff).u32(0xffffffff);
    this.u64le(value);
    return this;
  }

  /** Each of the given number of bytes, as JavaScript's views set them. */
  integer(value: number | bigint, bytes: number): this {
    return this.append(new Uint8Array(BigInt64Array.of(BigInt.asIntN(64, BigInt(value))).buffer, 0, bytes));
  }

  float(value: number, bytes: 4 | 8): this {
    return this.append(new Uint8Array((bytes === 4 ? Float32Array.of(value) : Float64Array.of(value)).buffer));
  }

  append(bytes: Uint8Array): this {
    this.bytes(bytes);
    return this;
  }

  /** As many bytes as told: the beginning of `bytes`, and zeros. */
  filled(bytes: Uint8Array, length: number): this {
    return this.append(bytes).zeros(length - bytes.byteLength);
  }

  /** Writes over what was written there. */
  put(at: number, bytes: Uint8Array): this {
    putBytes(this.buffer, at, bytes, 0, bytes.byteLength);
    return this;
  }

  zeros(count: number): this {
    this.reserve(count);
    this.length += count;
    return this;
  }

  /** Zeros up to the next multiple of `unit`, 8 if it is not given. */
  pad(unit = 8): this {
    return this.zeros(paddedTo(this.length, unit) - this.length);
  }
}

/** The next multiple of `unit`. Not by bits, since addresses may be beyond 32 of them. */
export function paddedTo(length: number, unit = 8): number {
  return Math.ceil(length / unit) * unit;
}
