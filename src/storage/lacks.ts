/**
 * Which features a file system may lack without making a save fail, by the errno that says so. FORMAT.md, "File
 * systems", has the same table, with the effect of each lack on the promises. Every other error stays an error, above
 * all EIO. (For fallocate, and for fchmod of new files, the native code decides: native/engine/shard_writer.cc and
 * file_calls.cc.)
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
  /** fchmod of what exists already. */
  permissions: ['EPERM', 'ENOSYS', 'EOPNOTSUPP', 'ENOTSUP'],
  /** RENAME_EXCHANGE of two directories that this process has just made. EPERM: a filter of system calls. */
  exchange: ['EINVAL', 'ENOSYS', 'EOPNOTSUPP', 'ENOTSUP', 'EPERM'],
  /** statvfs; only an early warning depends on it. */
  freeSpace: ['ENOSYS', 'EOPNOTSUPP', 'ENOTSUP', 'EPERM', 'EACCES', 'EOVERFLOW', 'EINVAL'],
} as const;

/** Whether the error says that the file system lacks the feature. */
export function lacks(what: keyof typeof LACKING, error: unknown): boolean {
  return isNativeError(error) && (LACKING[what] as readonly string[]).includes(error.code);
}
