#include "posix_operations.h"

#if defined(_WIN32)
#error "tensorbundle's native engine has no Windows implementation of FileOperations yet; write windows_operations.cc"
#endif

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#if defined(__linux__)
#include <sys/vfs.h>
#elif defined(__APPLE__)
#include <sys/mount.h>
#include <sys/param.h>
#endif
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <limits>
#include <memory>
#include <string_view>

namespace tensorbundle {
namespace {

template <typename Result>
Result negatedErrno(Result result) {
  return result < 0 ? static_cast<Result>(-errno) : result;
}

#if defined(__APPLE__)
// fsync on macOS leaves the data in the drive's cache. Network file systems refuse F_FULLFSYNC: plain fsync there.
int fullSync(int file) {
  if (::fcntl(file, F_FULLFSYNC) == 0) return 0;
  if (errno != ENOTSUP && errno != ENOTTY && errno != EINVAL) return -errno;
  return negatedErrno(::fsync(file));
}
#endif

#if defined(__linux__)
// Numbers of linux/magic.h and of file systems outside the kernel. Only what is known to be remote or served by a program;
// whatever else there is (ext4, xfs, btrfs, zfs, tmpfs, overlayfs, ...) counts as local.
bool isRemoteType(std::uint32_t type) {
  switch (type) {
    case 0x6969:      // nfs
    case 0x517B:      // smb
    case 0xFF534D42:  // cifs
    case 0xFE534D42:  // smb2 and later
    case 0x65735546:  // fuse: sshfs, gcsfuse, s3fs, glusterfs, virtiofs, ...
    case 0x01021997:  // 9p
    case 0x00C36400:  // ceph
    case 0x5346414F:  // afs
    case 0x6B414653:  // kafs
    case 0x73757245:  // coda
    case 0x564C:      // ncp
    case 0x0BD00BD0:  // lustre
    case 0x47504653:  // gpfs
    case 0x19830326:  // beegfs
    case 0x20030528:  // orangefs (pvfs2)
    case 0xAAD7AAEA:  // panfs
    case 0x013111A8:  // ibrix
    case 0x786F4256:  // vboxsf
    case 0xBACBACBC:  // vmhgfs
    case 0x7461636F:  // ocfs2
    case 0x01161970:  // gfs2
      return true;
    default:
      return false;
  }
}
#endif

}  // namespace

int PosixOperations::open(const char* path, int flags) { return negatedErrno(::open(path, flags | O_CLOEXEC)); }

int PosixOperations::openAt(int directory, const char* name, int flags, mode_t mode) {
  return negatedErrno(::openat(directory, name, flags | O_CLOEXEC, mode));
}

int PosixOperations::close(int file) { return negatedErrno(::close(file)); }

int PosixOperations::duplicate(int file) { return negatedErrno(::fcntl(file, F_DUPFD_CLOEXEC, 0)); }

int PosixOperations::makeDirectoryAt(int directory, const char* name, mode_t mode) {
  return negatedErrno(::mkdirat(directory, name, mode));
}

int PosixOperations::stat(int file, struct stat* result) { return negatedErrno(::fstat(file, result)); }

int PosixOperations::statAt(int directory, const char* name, bool follow, struct stat* result) {
  return negatedErrno(::fstatat(directory, name, result, follow ? 0 : AT_SYMLINK_NOFOLLOW));
}

int PosixOperations::list(int directory, std::vector<std::string>* names) {
  // A second descriptor: fdopendir takes its argument over, and the position of the caller's must not move.
  const int own = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (own < 0) return -errno;
  const auto closeDirectory = [](DIR* stream) { ::closedir(stream); };
  const std::unique_ptr<DIR, decltype(closeDirectory)> stream(::fdopendir(own), closeDirectory);
  if (!stream) {
    const int error = errno;
    ::close(own);
    return -error;
  }
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr) return -errno;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names->emplace_back(name);
  }
}

int PosixOperations::rename(int directory, const char* from, const char* to) {
  return negatedErrno(::renameat(directory, from, directory, to));
}

int PosixOperations::unlink(int directory, const char* name) { return negatedErrno(::unlinkat(directory, name, 0)); }

int PosixOperations::sync(int file) {
#if defined(__APPLE__)
  return fullSync(file);
#else
  return negatedErrno(::fsync(file));
#endif
}

int PosixOperations::syncData(int file) {
#if defined(__APPLE__)
  return fullSync(file);
#else
  return negatedErrno(::fdatasync(file));
#endif
}

int PosixOperations::lock(int file, bool shared) {
  return negatedErrno(::flock(file, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB));
}

int PosixOperations::unlock(int file) { return negatedErrno(::flock(file, LOCK_UN)); }

int PosixOperations::setMode(int file, mode_t mode) { return negatedErrno(::fchmod(file, mode)); }

int PosixOperations::isRemote(int file) {
#if defined(__linux__)
  struct statfs result {};
  if (::fstatfs(file, &result) < 0) return -errno;
  return isRemoteType(static_cast<std::uint32_t>(result.f_type)) ? 1 : 0;
#elif defined(__APPLE__)
  struct statfs result {};
  if (::fstatfs(file, &result) < 0) return -errno;
  const std::string_view type = result.f_fstypename;
  // macFUSE mounts count as local for the kernel.
  const bool fuse = type.find("fuse") != std::string_view::npos;
  return fuse || (result.f_flags & MNT_LOCAL) == 0 ? 1 : 0;
#else
  static_cast<void>(file);
  return 0;
#endif
}

int PosixOperations::freeSpace(int directory, std::uint64_t* bytes) {
  struct statvfs result {};
  if (::fstatvfs(directory, &result) < 0) return -errno;
  const std::uint64_t unit = result.f_frsize != 0 ? result.f_frsize : result.f_bsize;
  *bytes = result.f_blocks == 0 ? std::numeric_limits<std::uint64_t>::max()
                                : static_cast<std::uint64_t>(result.f_bavail) * unit;
  return 0;
}

ssize_t PosixOperations::read(int file, void* into, std::size_t length, std::uint64_t offset) {
  return negatedErrno(::pread(file, into, length, static_cast<off_t>(offset)));
}

ssize_t PosixOperations::write(int file, const void* from, std::size_t length, std::uint64_t offset) {
  return negatedErrno(::pwrite(file, from, length, static_cast<off_t>(offset)));
}

int PosixOperations::reserve(int file, std::uint64_t bytes) {
#if defined(__APPLE__)
  fstore_t request{};
  request.fst_flags = F_ALLOCATEALL;
  request.fst_posmode = F_PEOFPOSMODE;
  request.fst_length = static_cast<off_t>(bytes);
  return negatedErrno(::fcntl(file, F_PREALLOCATE, &request));
#else
  // Not posix_fallocate: where the file system cannot reserve, glibc's writes a byte into every block instead.
  return negatedErrno(::fallocate(file, 0, 0, static_cast<off_t>(bytes)));
#endif
}

int PosixOperations::startWriteback(int file, std::uint64_t offset, std::uint64_t length) {
#if defined(__linux__)
  return negatedErrno(
      ::sync_file_range(file, static_cast<off_t>(offset), static_cast<off_t>(length), SYNC_FILE_RANGE_WRITE));
#else
  static_cast<void>(file);
  static_cast<void>(offset);
  static_cast<void>(length);
  return -ENOSYS;
#endif
}

Mapped PosixOperations::map(int file, std::uint64_t offset, std::size_t length) {
  void* address =
      ::mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, static_cast<off_t>(offset));
  return address == MAP_FAILED ? Mapped{nullptr, errno} : Mapped{address, 0};
}

int PosixOperations::unmap(void* address, std::size_t length) { return negatedErrno(::munmap(address, length)); }

}  // namespace tensorbundle
