/** Byte order: a bundle written on a big-endian machine holds its numbers the other way round. */

/** Reverses the bytes of every unit of `unit` bytes, in place. `bytes` must be a whole number of units. */
export function swapBytes(bytes: Uint8Array, unit: number): void {
  const half = unit >>> 1;
  for (let start = 0; start + unit <= bytes.length; start += unit) {
    for (let i = 0; i < half; i++) {
      const low = bytes[start + i]!;
      bytes[start + i] = bytes[start + unit - 1 - i]!;
      bytes[start + unit - 1 - i] = low;
    }
  }
}
