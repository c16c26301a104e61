/**
 * CRC32C as TensorFlow stores it. A CRC that lies in a file next to the bytes it covers is masked, because the CRC of
 * bytes that hold their own CRC has poor properties (tensorflow/core/lib/hash/crc32c.h).
 */
import { native } from '../binding.js';

const MASK_DELTA = 0xa282ead8;

/** CRC32C of `bytes`, continued from `seed` (the CRC of what came before). Unsigned. */
export function crc32c(bytes: Uint8Array, seed = 0): number {
  return native.crc32c(bytes, seed) >>> 0;
}

/** Rotates right by 15 bits and adds a constant. */
export function maskCrc(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + MASK_DELTA) >>> 0;
}

/** The inverse of `maskCrc`. */
export function unmaskCrc(masked: number): number {
  const rotated = (masked - MASK_DELTA) >>> 0;
  return ((rotated >>> 17) | (rotated << 15)) >>> 0;
}
