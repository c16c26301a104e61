/** Handles and arrays of the addon, as the rest of this package wants them. */
import { type Handle, native } from '../binding.js';

/**
 * Closes a descriptor that has nothing left to write: a directory, a lock, a file that was read or synced. An error is
 * ignored: it says nothing about any data, the descriptor is gone either way, and what was done before must stand.
 */
export function release(handle: Handle): Promise<void> {
  return native.close(handle).catch(() => undefined);
}

/**
 * The same bytes as an array of this realm. The addon makes arrays of the main realm, and a test runner's context is
 * another one.
 */
export function ownView({ buffer, byteOffset, byteLength }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
