/** The numbers of a structure in an HDF5 file. Addresses and lengths have the widths that the superblock names. */
import { type ByteOrigin, ByteReader } from '../../format/bytes.js';

export interface Widths {
  /** Bytes of an address. */
  readonly address: 4 | 8;
  /** Bytes of a length. */
  readonly length: 4 | 8;
}

const UNDEFINED = 0xffff_ffff;

export class Fields extends ByteReader {
  constructor(
    source: Uint8Array,
    origin: ByteOrigin,
    readonly widths: Widths,
    at = 0,
    end: number = source.length,
  ) {
    super(source, at, end, origin);
  }

  /** The place of the next byte in the file. */
  get offset(): number {
    return (this.origin.offset ?? 0) + this.at;
  }

  u16le(): number {
    return this.u8() + this.u8() * 0x100;
  }

  u24le(): number {
    return this.u16le() + this.u8() * 0x1_0000;
  }

  /** Of a place further on, which stays unread. */
  u32leAt(at: number): number {
    const there = this.copy();
    there.at = at;
    return there.u32le();
  }

  /** Null if all its bits are set: there is nothing. */
  address(): number | null {
    const { at, widths } = this;
    const low = this.u32le();
    const high = widths.address === 8 ? this.u32le() : low;
    if (low === UNDEFINED && high === UNDEFINED) return null;
    this.at = at;
    return widths.address === 8 ? this.u64le() : this.u32le();
  }

  length(): number {
    return this.widths.length === 8 ? this.u64le() : this.u32le();
  }

  /** A number of 1, 2, 4 or 8 bytes. */
  sized(bytes: number): number {
    if (bytes === 1) return this.u8();
    if (bytes === 2) return this.u16le();
    return bytes === 4 ? this.u32le() : this.u64le();
  }

  /** Throws ERR_CORRUPT unless these characters are next. */
  signature(text: string): void {
    const { at } = this;
    const found = String.fromCharCode(...this.bytes(text.length));
    if (found === text) return;
    throw this.corrupt(`there is no ${text}`, at, { expected: text, found });
  }

  /** The same fields from here on, for another reader. */
  copy(): Fields {
    return new Fields(this.source, this.origin, this.widths, this.at, this.end);
  }

  /** The fields in the next `count` bytes, which this one skips. */
  part(count: number): Fields {
    const start = this.at;
    this.skip(count);
    return new Fields(this.source, this.origin, this.widths, start, this.at);
  }
}
