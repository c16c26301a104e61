// A table of file operations for tests: passes every call to the real one, keeps a log, counts what is open, and fails,
// shortens or kills at chosen calls.
#pragma once

#include <csignal>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "posix_operations.h"

namespace tensorbundle {

struct Fault {
  enum class Action { kError, kKill, kShort };
  // Counts matching operations from 1 since the faults were set.
  std::uint64_t at = 1;
  // Empty matches every operation.
  std::string syscall;
  // A part of the path; empty matches every path.
  std::string path;
  // A part that the path must not have, unless empty.
  std::string notPath;
  Action action = Action::kError;
  int error = 0;
  // Also every matching operation after it.
  bool sticky = false;
  std::uint64_t seen = 0;
};

struct Operation {
  const char* syscall = "";
  std::string path;
  // -1 where the operation has none.
  std::int64_t offset = -1;
  std::int64_t length = -1;
  std::int64_t result = 0;
  int error = 0;
};

class FaultOperations final : public FileOperations {
 public:
  void setFaults(std::vector<Fault> faults);
  std::vector<Operation> operations() const;
  std::size_t openDescriptors() const;
  std::size_t mappings() const;

  int open(const char* path, int flags) override;
  int openAt(int directory, const char* name, int flags, mode_t mode) override;
  int close(int file) override;
  int duplicate(int file) override;
  int makeDirectoryAt(int directory, const char* name, mode_t mode) override;
  int stat(int file, struct stat* result) override;
  int statAt(int directory, const char* name, bool follow, struct stat* result) override;
  int list(int directory, std::vector<std::string>* names) override;
  int rename(int directory, const char* from, const char* to) override;
  int unlink(int directory, const char* name) override;
  int sync(int file) override;
  int syncData(int file) override;
  int lock(int file, bool shared) override;
  int unlock(int file) override;
  int setMode(int file, mode_t mode) override;
  // A fault of the kind `short` at 'fstatfs' makes the file a remote one.
  int isRemote(int file) override;
  int freeSpace(int directory, std::uint64_t* bytes) override;
  ssize_t read(int file, void* into, std::size_t length, std::uint64_t offset) override;
  ssize_t write(int file, const void* from, std::size_t length, std::uint64_t offset) override;
  int reserve(int file, std::uint64_t bytes) override;
  int startWriteback(int file, std::uint64_t offset, std::uint64_t length) override;
  Mapped map(int file, std::uint64_t offset, std::size_t length) override;
  int unmap(void* address, std::size_t length) override;

 private:
  // Error to inject before the operation (0 for none); `shorten` is set for a short transfer. May not return.
  int inject(const char* syscall, const std::string& path, bool* shorten);
  std::string pathOf(int file) const;
  void record(Operation operation, std::int64_t result);
  void opened(int file, std::string path);

  template <typename Call>
  int run(Operation operation, Call call);
  template <typename Call>
  ssize_t transfer(Operation operation, std::size_t length, Call call);

  PosixOperations real_;
  mutable std::mutex mutex_;
  std::vector<Fault> faults_;
  std::vector<Operation> log_;
  std::map<int, std::string> files_;
  std::map<void*, std::size_t> mappings_;
};

}  // namespace tensorbundle
