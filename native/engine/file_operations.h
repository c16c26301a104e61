// The seam: every file operation of the library is a call of this table, in plain types that belong to no system. To
// support a system, one file implements the table: posix_operations.cc for Linux and macOS. Tests put another table in
// front of it that counts calls, lets them fail, shortens transfers, or kills the process.
//
// Nothing is retried here. Callers handle interrupted and short transfers (transfer.h), so that tests can inject them.
// Paths and names are UTF-8 and end with a NUL. A name is one component: callers refuse '/', '.' and '..'. A table must
// refuse with kEINVAL other characters that its system does not take as part of a name ('\' and ':' on Windows).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/error.h"

namespace tensorbundle {

// Success is >= 0: the opened file, a number of bytes, or an answer. A failure is < 0: failed(error).
using Result = std::int64_t;

constexpr Result failed(Error error) { return -static_cast<Result>(error); }

// kNone for a success.
constexpr Error errorOf(Result result) { return result < 0 ? static_cast<Error>(-result) : Error::kNone; }

// An open file or directory: a number >= 0 that only its table understands.
using FileId = std::int64_t;
constexpr FileId kNoFile = -1;

enum class OpenMode {
  // For reading; follows a symbolic link.
  kRead,
  // A new file, for reading and writing. kEEXIST if the name exists, even as a symbolic link.
  kCreate,
  // For reading, to lock it. kELOOP for a symbolic link.
  kLock,
};

struct FileStat {
  enum class Kind { kFile, kDirectory, kSymlink, kOther };
  // Together they say which file it is.
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  Kind kind = Kind::kOther;
  std::uint64_t size = 0;
  // The lower twelve bits of POSIX's mode. A system without them gives the nearest equivalent.
  std::uint32_t permissions = 0;
  std::uint64_t links = 0;
  // Since the start of 1970, UTC.
  std::int64_t modifiedNanoseconds = 0;
};

struct Mapped {
  void* address = nullptr;
  Error error = Error::kNone;
};

class FileOperations {
 public:
  FileOperations() = default;
  FileOperations(const FileOperations&) = delete;
  FileOperations& operator=(const FileOperations&) = delete;
  virtual ~FileOperations() = default;

  virtual Result openDirectory(const char* path) = 0;
  // '.' opens the directory itself again.
  virtual Result openDirectoryAt(FileId directory, const char* name) = 0;
  // Never waits for the other end of a pipe. kENXIO for something that cannot be opened at all, such as a socket. A new
  // file gets `permissions` without those that the umask takes away.
  virtual Result openAt(FileId directory, const char* name, OpenMode mode, std::uint32_t permissions) = 0;
  // The file is closed even if this fails.
  virtual Result close(FileId file) = 0;
  // A second number for the same open file. It shares the lock, and closing it reports the write errors so far.
  virtual Result duplicate(FileId file) = 0;
  virtual Result makeDirectoryAt(FileId directory, const char* name, std::uint32_t permissions) = 0;
  virtual Result stat(FileId file, FileStat* result) = 0;
  virtual Result statAt(FileId directory, const char* name, bool follow, FileStat* result) = 0;
  // Without '.' and '..', unsorted.
  virtual Result list(FileId directory, std::vector<std::string>* names) = 0;
  // Atomically replaces what has the name `to`.
  virtual Result rename(FileId directory, const char* from, const char* to) = 0;
  // Atomically gives each of two names what the other one had: there is no moment in which one of them is missing.
  // kEINVAL, kENOSYS, kEOPNOTSUPP or kENOTSUP where the file system or the system cannot.
  virtual Result exchange(FileId directory, const char* one, const char* other) = 0;
  virtual Result unlink(FileId directory, const char* name) = 0;
  // kENOTEMPTY (on some systems kEEXIST) if it is not empty.
  virtual Result removeDirectoryAt(FileId directory, const char* name) = 0;
  // Data and metadata, down to the medium.
  virtual Result sync(FileId file) = 0;
  // Data, and the metadata needed to read it back, down to the medium.
  virtual Result syncData(FileId file) = 0;
  // Does not wait: kEAGAIN if another open file holds the lock. For a shared lock the file need not be open for
  // writing. (For an exclusive lock NFSv4 requires that.)
  virtual Result lock(FileId file, bool shared) = 0;
  virtual Result unlock(FileId file) = 0;
  virtual Result setPermissions(FileId file, std::uint32_t permissions) = 0;
  // 1 if other machines or a program can change the file without this kernel's knowledge (a network or FUSE file
  // system, judged by its type), 0 if not.
  virtual Result isRemote(FileId file) = 0;
  // UINT64_MAX if the file system does not know (it reports a total of 0 blocks, as some FUSE file systems do).
  virtual Result freeSpace(FileId directory, std::uint64_t* bytes) = 0;
  // Returns how many bytes were read, perhaps fewer than asked for; 0 at the end of the file.
  virtual Result read(FileId file, void* into, std::size_t length, std::uint64_t offset) = 0;
  // Returns how many bytes were written, perhaps fewer than asked for.
  virtual Result write(FileId file, const void* from, std::size_t length, std::uint64_t offset) = 0;
  // Reserves the space; may also set the size. kEOPNOTSUPP also where that takes longer than to write.
  virtual Result reserve(FileId file, std::uint64_t bytes) = 0;
  // Starts to write to disk what the system still holds in memory, and does not wait for it.
  virtual Result startWriteback(FileId file, std::uint64_t offset, std::uint64_t length) = 0;
  // In bytes. The offset of every mapping must be a multiple of it.
  virtual std::uint64_t mappingUnit() const = 0;
  // A private, writable mapping.
  virtual Mapped map(FileId file, std::uint64_t offset, std::size_t length) = 0;
  virtual Result unmap(void* address, std::size_t length) = 0;
};

// The table of the system that this is compiled for.
std::shared_ptr<FileOperations> makeSystemOperations();

}  // namespace tensorbundle
