/** What the addon gives out, and what becomes of it here. */
import { type Handle, native } from '../binding.js';

/**
 * Closes a descriptor that has nothing left to write: a directory, a lock, a file that was read or synced. Whether
 * that succeeds says nothing about any data, and the descriptor is gone either way, so an error must not undo what was
 * done.
 */
export function release(handle: Handle): Promise<void> {
  return native.close(handle).catch(() => undefined);
}

/**
 * The same bytes as an array of this realm: the addon makes those of the main one, which a test runner's context is
 * not.
 */
export function ownView({ buffer, byteOffset, byteLength }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
