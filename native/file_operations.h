// The seam: every file operation of the library is a call of this table. The product has one implementation
// (posix_operations.cc); tests put another one before it that counts, fails, shortens or kills.
//
// Convention: >= 0 is success, < 0 is the negated errno. Nothing is retried here: interrupted and short transfers are
// the callers' business (transfer.cc), so that tests can inject them.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace tensorbundle {

struct Mapped {
  void* address = nullptr;
  int error = 0;
};

class FileOperations {
 public:
  FileOperations() = default;
  FileOperations(const FileOperations&) = delete;
  FileOperations& operator=(const FileOperations&) = delete;
  virtual ~FileOperations() = default;

  virtual int open(const char* path, int flags) = 0;
  virtual int openAt(int directory, const char* name, int flags, mode_t mode) = 0;
  virtual int close(int file) = 0;
  // A second descriptor of the same open file: it shares the lock, and closing it says what writing has met so far.
  virtual int duplicate(int file) = 0;
  virtual int makeDirectoryAt(int directory, const char* name, mode_t mode) = 0;
  virtual int stat(int file, struct stat* result) = 0;
  virtual int statAt(int directory, const char* name, bool follow, struct stat* result) = 0;
  // Without '.' and '..', unsorted.
  virtual int list(int directory, std::vector<std::string>* names) = 0;
  virtual int rename(int directory, const char* from, const char* to) = 0;
  virtual int unlink(int directory, const char* name) = 0;
  // Data and metadata; F_FULLFSYNC on macOS.
  virtual int sync(int file) = 0;
  // Data, and the metadata needed to read it back; F_FULLFSYNC on macOS.
  virtual int syncData(int file) = 0;
  // Without waiting. A shared lock needs no descriptor that is open for writing (an exclusive one does on NFSv4).
  virtual int lock(int file, bool shared) = 0;
  virtual int unlock(int file) = 0;
  virtual int setMode(int file, mode_t mode) = 0;
  // 1 if other machines or a program can change the file behind this kernel's back (a network or FUSE file system, as far
  // as its type says so), 0 if not.
  virtual int isRemote(int file) = 0;
  // UINT64_MAX where the file system does not say (a total of 0 blocks, as FUSE file systems give).
  virtual int freeSpace(int directory, std::uint64_t* bytes) = 0;
  virtual ssize_t read(int file, void* into, std::size_t length, std::uint64_t offset) = 0;
  virtual ssize_t write(int file, const void* from, std::size_t length, std::uint64_t offset) = 0;
  // Reserves the blocks; may also set the size.
  virtual int reserve(int file, std::uint64_t bytes) = 0;
  // Starts writing dirty pages back, without waiting.
  virtual int startWriteback(int file, std::uint64_t offset, std::uint64_t length) = 0;
  // A private, writable mapping. `offset` is page-aligned.
  virtual Mapped map(int file, std::uint64_t offset, std::size_t length) = 0;
  virtual int unmap(void* address, std::size_t length) = 0;
};

}  // namespace tensorbundle
