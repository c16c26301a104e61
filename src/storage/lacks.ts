/**
 * Which features a file system may lack without making a save fail, by the errno that says so. FORMAT.md, "File
 * systems", has the same table, with the effect of each lack on the promises. Every other error stays an error, above
 * all EIO. (For fchmod and fallocate the native code decides: native/engine/file_calls.cc and shard_writer.cc.)
 */
import { isNativeError } from '../errors.js';

export const LACKING = {
  /**
   * flock. EBADF: an NFSv4 server wants a descriptor that is open for writing. ENOLCK: no lock manager, or no lock
   * left.
   */
  locks: ['ENOSYS', 'ENOLCK', 'EOPNOTSUPP', 'ENOTSUP', 'EBADF', 'EINVAL'],
  /** fsync of a directory. */
  directorySync: ['EINVAL', 'EBADF', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'],
  /** statvfs; only an early warning depends on it. */
  freeSpace: ['ENOSYS', 'EOPNOTSUPP', 'ENOTSUP', 'EPERM', 'EACCES', 'EOVERFLOW', 'EINVAL'],
} as const;

/** Whether the error says that the file system lacks the feature. */
export function lacks(what: keyof typeof LACKING, error: unknown): boolean {
  return isNativeError(error) && (LACKING[what] as readonly string[]).includes(error.code);
}
