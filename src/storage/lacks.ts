/**
 * What a file system may lack without a save having to fail, by the errno that says so. FORMAT.md, "File systems", has
 * the same table with what each lack does to the promises. Everything else stays an error, EIO above all. (fchmod and
 * fallocate are decided in native code, where they happen: native/engine/file_calls.cc and shard_writer.cc.)
 */
import { isNativeError } from '../errors.js';

const ERRNOS = {
  /** flock. EBADF: an NFSv4 server wants a descriptor open for writing. ENOLCK: no lock manager, or none left. */
  locks: ['ENOSYS', 'ENOLCK', 'EOPNOTSUPP', 'ENOTSUP', 'EBADF', 'EINVAL'],
  /** fsync of a directory. */
  directorySync: ['EINVAL', 'EBADF', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'],
  /** statvfs: only an early warning depends on it. */
  freeSpace: ['ENOSYS', 'EOPNOTSUPP', 'ENOTSUP', 'EPERM', 'EACCES', 'EOVERFLOW', 'EINVAL'],
} as const;

/** Whether the error says that the file system has no such thing. */
export function lacks(what: keyof typeof ERRNOS, error: unknown): boolean {
  return isNativeError(error) && (ERRNOS[what] as readonly string[]).includes(error.code);
}
