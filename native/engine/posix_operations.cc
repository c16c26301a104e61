// The table of file operations for Linux and macOS: the only file of the engine that uses POSIX.
#if !defined(_WIN32)

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <sys/vfs.h>
#elif defined(__APPLE__)
#include <sys/mount.h>
#include <sys/param.h>
#endif
#include <sys/statvfs.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/file_operations.h"

namespace tensorbundle {
namespace {

struct Translation {
  int number;
  Error error;
};

constexpr Translation kTranslations[] = {
#define TENSORBUNDLE_TRANSLATION(name, number) {name, Error::k##name},
    TENSORBUNDLE_ERRORS(TENSORBUNDLE_TRANSLATION)
#undef TENSORBUNDLE_TRANSLATION
};

// If two names have the same number (EOPNOTSUPP and ENOTSUP on Linux), the first one is used.
Error toError(int number) {
  for (const Translation& translation : kTranslations) {
    if (translation.number == number) return translation.error;
  }
  return static_cast<Error>(static_cast<int>(Error::kUnlisted) + number);
}

Result failedWith(int number) { return failed(toError(number)); }

template <typename Returned>
Result toResult(Returned returned) {
  return returned < 0 ? failedWith(errno) : static_cast<Result>(returned);
}

int descriptorOf(FileId file) { return static_cast<int>(file); }

int flagsOf(OpenMode mode) {
  // O_NONBLOCK, since opening a FIFO must not wait for its other end. It changes nothing for regular files.
  constexpr int kCareful = O_NONBLOCK | O_NOCTTY;
  switch (mode) {
    case OpenMode::kRead:
      return O_RDONLY | kCareful;
    case OpenMode::kLock:
      return O_RDONLY | O_NOFOLLOW | kCareful;
    case OpenMode::kCreate:
      return O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW;
  }
  return O_RDONLY;
}

FileStat describe(const struct stat& raw) {
  FileStat result;
  result.device = static_cast<std::uint64_t>(raw.st_dev);
  result.inode = static_cast<std::uint64_t>(raw.st_ino);
  if (S_ISREG(raw.st_mode)) result.kind = FileStat::Kind::kFile;
  if (S_ISDIR(raw.st_mode)) result.kind = FileStat::Kind::kDirectory;
  if (S_ISLNK(raw.st_mode)) result.kind = FileStat::Kind::kSymlink;
  result.size = raw.st_size < 0 ? 0 : static_cast<std::uint64_t>(raw.st_size);
  result.permissions = static_cast<std::uint32_t>(raw.st_mode) & 07777;
  result.links = static_cast<std::uint64_t>(raw.st_nlink);
#if defined(__APPLE__)
  const struct timespec& modified = raw.st_mtimespec;
#else
  const struct timespec& modified = raw.st_mtim;
#endif
  result.modifiedNanoseconds = static_cast<std::int64_t>(modified.tv_sec) * 1000000000 + modified.tv_nsec;
  return result;
}

#if defined(__APPLE__)
// On macOS fsync leaves the data in the drive's cache, so F_FULLFSYNC is used. Network file systems refuse it and get a
// plain fsync.
Result fullSync(int file) {
  if (::fcntl(file, F_FULLFSYNC) == 0) return 0;
  if (errno != ENOTSUP && errno != ENOTTY && errno != EINVAL) return failedWith(errno);
  return toResult(::fsync(file));
}
#endif

#if defined(__linux__)
// Numbers of linux/magic.h and of file systems outside the kernel. The list has those that are known to be remote or
// served by a program. All others (ext4, xfs, btrfs, zfs, tmpfs, overlayfs, ...) count as local.
bool isMemoryType(std::uint32_t type) { return type == 0x01021994 || type == 0x858458F6; }  // tmpfs, ramfs

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

class PosixOperations final : public FileOperations {
 public:
  Result openDirectory(const char* path) override { return toResult(::open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)); }

  Result openDirectoryAt(FileId directory, const char* name) override {
    return toResult(::openat(descriptorOf(directory), name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }

  Result openAt(FileId directory, const char* name, OpenMode mode, std::uint32_t permissions) override {
    return toResult(
        ::openat(descriptorOf(directory), name, flagsOf(mode) | O_CLOEXEC, static_cast<mode_t>(permissions)));
  }

  Result close(FileId file) override { return toResult(::close(descriptorOf(file))); }

  Result duplicate(FileId file) override { return toResult(::fcntl(descriptorOf(file), F_DUPFD_CLOEXEC, 0)); }

  Result makeDirectoryAt(FileId directory, const char* name, std::uint32_t permissions) override {
    return toResult(::mkdirat(descriptorOf(directory), name, static_cast<mode_t>(permissions)));
  }

  Result stat(FileId file, FileStat* result) override {
    struct stat raw{};
    if (::fstat(descriptorOf(file), &raw) < 0) return failedWith(errno);
    *result = describe(raw);
    return 0;
  }

  Result statAt(FileId directory, const char* name, bool follow, FileStat* result) override {
    struct stat raw{};
    const int flags = follow ? 0 : AT_SYMLINK_NOFOLLOW;
    if (::fstatat(descriptorOf(directory), name, &raw, flags) < 0) return failedWith(errno);
    *result = describe(raw);
    return 0;
  }

  Result list(FileId directory, std::vector<std::string>* names) override {
    // Uses a second descriptor, since fdopendir takes ownership of its argument and the position of the caller's must
    // not move.
    const int own = ::openat(descriptorOf(directory), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (own < 0) return failedWith(errno);
    const auto closeDirectory = [](DIR* stream) { ::closedir(stream); };
    const std::unique_ptr<DIR, decltype(closeDirectory)> stream(::fdopendir(own), closeDirectory);
    if (!stream) {
      const int number = errno;
      ::close(own);
      return failedWith(number);
    }
    for (;;) {
      errno = 0;
      const dirent* entry = ::readdir(stream.get());
      if (entry == nullptr) return errno == 0 ? 0 : failedWith(errno);
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names->emplace_back(name);
    }
  }

  Result rename(FileId directory, const char* from, const char* to) override {
    return toResult(::renameat(descriptorOf(directory), from, descriptorOf(directory), to));
  }

  Result exchange(FileId directory, const char* one, const char* other) override {
    const int at = descriptorOf(directory);
#if defined(__linux__) && defined(SYS_renameat2)
    // As a system call, since older C libraries that the prebuilt addon runs with have no function for it.
    constexpr unsigned kExchange = 2;  // RENAME_EXCHANGE of linux/fs.h
    return toResult(::syscall(SYS_renameat2, at, one, at, other, kExchange));
#elif defined(__APPLE__)
    return toResult(::renameatx_np(at, one, at, other, RENAME_SWAP));
#else
    static_cast<void>(at);
    static_cast<void>(one);
    static_cast<void>(other);
    return failed(Error::kEOPNOTSUPP);
#endif
  }

  Result unlink(FileId directory, const char* name) override {
    return toResult(::unlinkat(descriptorOf(directory), name, 0));
  }

  Result removeDirectoryAt(FileId directory, const char* name) override {
    return toResult(::unlinkat(descriptorOf(directory), name, AT_REMOVEDIR));
  }

  Result sync(FileId file) override {
#if defined(__APPLE__)
    return fullSync(descriptorOf(file));
#else
    return toResult(::fsync(descriptorOf(file)));
#endif
  }

  Result syncData(FileId file) override {
#if defined(__APPLE__)
    return fullSync(descriptorOf(file));
#else
    return toResult(::fdatasync(descriptorOf(file)));
#endif
  }

  Result lock(FileId file, bool shared) override {
    return toResult(::flock(descriptorOf(file), (shared ? LOCK_SH : LOCK_EX) | LOCK_NB));
  }

  Result unlock(FileId file) override { return toResult(::flock(descriptorOf(file), LOCK_UN)); }

  Result setPermissions(FileId file, std::uint32_t permissions) override {
    return toResult(::fchmod(descriptorOf(file), static_cast<mode_t>(permissions)));
  }

  Result isRemote(FileId file) override {
#if defined(__linux__)
    struct statfs result{};
    if (::fstatfs(descriptorOf(file), &result) < 0) return failedWith(errno);
    return isRemoteType(static_cast<std::uint32_t>(result.f_type)) ? 1 : 0;
#elif defined(__APPLE__)
    struct statfs result{};
    if (::fstatfs(descriptorOf(file), &result) < 0) return failedWith(errno);
    const std::string_view type = result.f_fstypename;
    // The kernel reports macFUSE mounts as local.
    const bool fuse = type.find("fuse") != std::string_view::npos;
    return fuse || (result.f_flags & MNT_LOCAL) == 0 ? 1 : 0;
#else
    static_cast<void>(file);
    return 0;
#endif
  }

  Result freeSpace(FileId directory, std::uint64_t* bytes) override {
    struct statvfs result{};
    if (::fstatvfs(descriptorOf(directory), &result) < 0) return failedWith(errno);
    const std::uint64_t unit = result.f_frsize != 0 ? result.f_frsize : result.f_bsize;
    *bytes = result.f_blocks == 0 ? std::numeric_limits<std::uint64_t>::max()
                                  : static_cast<std::uint64_t>(result.f_bavail) * unit;
    return 0;
  }

  Result read(FileId file, void* into, std::size_t length, std::uint64_t offset) override {
    return toResult(::pread(descriptorOf(file), into, length, static_cast<off_t>(offset)));
  }

  Result write(FileId file, const void* from, std::size_t length, std::uint64_t offset) override {
    return toResult(::pwrite(descriptorOf(file), from, length, static_cast<off_t>(offset)));
  }

  Result reserve(FileId file, std::uint64_t bytes) override {
#if defined(__APPLE__)
    fstore_t request{};
    request.fst_flags = F_ALLOCATEALL;
    request.fst_posmode = F_PEOFPOSMODE;
    request.fst_length = static_cast<off_t>(bytes);
    return toResult(::fcntl(descriptorOf(file), F_PREALLOCATE, &request));
#else
    // In memory, space is reserved page by page, which takes longer than the write itself does (measured: 250 ms a
    // GiB).
    struct statfs result{};
    if (::fstatfs(descriptorOf(file), &result) == 0 && isMemoryType(static_cast<std::uint32_t>(result.f_type))) {
      return failed(Error::kEOPNOTSUPP);
    }
    // Not posix_fallocate: if the file system cannot reserve space, glibc's version writes a byte into every block
    // instead.
    return toResult(::fallocate(descriptorOf(file), 0, 0, static_cast<off_t>(bytes)));
#endif
  }

  Result startWriteback(FileId file, std::uint64_t offset, std::uint64_t length) override {
#if defined(__linux__)
    return toResult(::sync_file_range(descriptorOf(file), static_cast<off_t>(offset), static_cast<off_t>(length),
                                      SYNC_FILE_RANGE_WRITE));
#else
    static_cast<void>(file);
    static_cast<void>(offset);
    static_cast<void>(length);
    return failed(Error::kENOSYS);
#endif
  }

  std::uint64_t mappingUnit() const override { return page_; }

  Mapped map(FileId file, std::uint64_t offset, std::size_t length) override {
    void* address =
        ::mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE, descriptorOf(file), static_cast<off_t>(offset));
    return address == MAP_FAILED ? Mapped{nullptr, toError(errno)} : Mapped{address, Error::kNone};
  }

  Result unmap(void* address, std::size_t length) override { return toResult(::munmap(address, length)); }

 private:
  const std::uint64_t page_ = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
};

}  // namespace

std::shared_ptr<FileOperations> makeSystemOperations() { return std::make_shared<PosixOperations>(); }

}  // namespace tensorbundle

#endif
