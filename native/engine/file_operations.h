// The seam: every file operation of the library is a call of this table, in plain types that no system owns. A system
// is one file that implements it: posix_operations.cc for Linux and macOS. Tests put another table before it that
// counts, fails, shortens or kills.
//
// Nothing is retried here: interrupted and short transfers are the callers' business (transfer.h), so that tests can
// inject them. Paths and names are UTF-8 and end with a NUL. A name is one component: callers refuse '/', '.' and '..';
// a table refuses with kEINVAL whatever else its system would read as more than a name ('\' and ':' on Windows).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/error.h"

namespace tensorbundle {

// >= 0 is success: the opened file, the number of bytes, or an answer. < 0 is a failure: failed(error).
using Result = std::int64_t;

constexpr Result failed(Error error) { return -static_cast<Result>(error); }

// kNone for a success.
constexpr Error errorOf(Result result) { return result < 0 ? static_cast<Error>(-result) : Error::kNone; }

// An open file or directory, by a number >= 0 that means something to its table only.
using FileId = std::int64_t;
constexpr FileId kNoFile = -1;

enum class OpenMode {
  // For reading; follows a symbolic link.
  kRead,
  // For reading and writing: a new file. kEEXIST for a name that is there, also for a symbolic link.
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
  // The lower twelve bits of POSIX's mode; what a system without them takes for them.
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
  // '.' opens the directory itself anew.
  virtual Result openDirectoryAt(FileId directory, const char* name) = 0;
  // Never waits for the other end of a pipe. kENXIO for what cannot be opened at all, as a socket. `permissions`, less
  // what the process takes away from all new files (the umask), are those of a new file.
  virtual Result openAt(FileId directory, const char* name, OpenMode mode, std::uint32_t permissions) = 0;
  // Closes also when it fails.
  virtual Result close(FileId file) = 0;
  // The same open file by a second number: it shares the lock, and closing it says what writing has met so far.
  virtual Result duplicate(FileId file) = 0;
  virtual Result makeDirectoryAt(FileId directory, const char* name, std::uint32_t permissions) = 0;
  virtual Result stat(FileId file, FileStat* result) = 0;
  virtual Result statAt(FileId directory, const char* name, bool follow, FileStat* result) = 0;
  // Without '.' and '..', unsorted.
  virtual Result list(FileId directory, std::vector<std::string>* names) = 0;
  // Replaces what has the name `to`, in one step.
  virtual Result rename(FileId directory, const char* from, const char* to) = 0;
  virtual Result unlink(FileId directory, const char* name) = 0;
  // Data and metadata, down to the medium.
  virtual Result sync(FileId file) = 0;
  // Data, and the metadata needed to read it back, down to the medium.
  virtual Result syncData(FileId file) = 0;
  // Without waiting: kEAGAIN if another open file holds it. A shared lock needs no file that is open for writing (an
  // exclusive one does on NFSv4).
  virtual Result lock(FileId file, bool shared) = 0;
  virtual Result unlock(FileId file) = 0;
  virtual Result setPermissions(FileId file, std::uint32_t permissions) = 0;
  // 1 if other machines or a program can change the file behind this kernel's back (a network or FUSE file system, as
  // far as its type says so), 0 if not.
  virtual Result isRemote(FileId file) = 0;
  // UINT64_MAX where the file system does not say (a total of 0 blocks, as FUSE file systems give).
  virtual Result freeSpace(FileId directory, std::uint64_t* bytes) = 0;
  // How many bytes were read, perhaps fewer than asked for; 0 at the end of the file.
  virtual Result read(FileId file, void* into, std::size_t length, std::uint64_t offset) = 0;
  // How many bytes were written, perhaps fewer than asked for.
  virtual Result write(FileId file, const void* from, std::size_t length, std::uint64_t offset) = 0;
  // Reserves the space; may also set the size.
  virtual Result reserve(FileId file, std::uint64_t bytes) = 0;
  // Starts to write out what the system still holds in memory, without waiting.
  virtual Result startWriteback(FileId file, std::uint64_t offset, std::uint64_t length) = 0;
  // Bytes; the offset of every mapping is a multiple of it.
  virtual std::uint64_t mappingUnit() const = 0;
  // A private, writable mapping.
  virtual Mapped map(FileId file, std::uint64_t offset, std::size_t length) = 0;
  virtual Result unmap(void* address, std::size_t length) = 0;
};

// The table of the system for which this is compiled.
std::shared_ptr<FileOperations> makeSystemOperations();

}  // namespace tensorbundle
