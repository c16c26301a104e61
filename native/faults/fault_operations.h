// A table of file operations for tests. It passes every call to the real table, keeps a log, counts what is open, and
// at chosen calls returns an error, shortens the transfer, kills the process, or waits until the faults are set anew.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "engine/file_operations.h"

namespace tensorbundle {

struct Fault {
  enum class Action { kError, kKill, kShort, kHold };
  // Which of the matching operations fails, counted from 1 since the faults were set.
  std::uint64_t at = 1;
  // Empty matches every operation.
  std::string syscall;
  // A part of the path; empty matches every path.
  std::string path;
  // A text that the path must not contain; empty excludes nothing.
  std::string notPath;
  Action action = Action::kError;
  Error error = Error::kNone;
  // Whether every later matching operation fails, too.
  bool sticky = false;
  std::uint64_t seen = 0;
};

struct Operation {
  const char* syscall = "";
  std::string path;
  // -1 if the operation has none.
  std::int64_t offset = -1;
  std::int64_t length = -1;
  std::int64_t result = 0;
  Error error = Error::kNone;
};

class FaultOperations final : public FileOperations {
 public:
  explicit FaultOperations(std::shared_ptr<FileOperations> real = makeSystemOperations()) : real_(std::move(real)) {}

  void setFaults(std::vector<Fault> faults);
  std::vector<Operation> operations() const;
  std::size_t openDescriptors() const;
  std::size_t mappings() const;

  Result openDirectory(const char* path) override;
  Result openDirectoryAt(FileId directory, const char* name) override;
  Result openAt(FileId directory, const char* name, OpenMode mode, std::uint32_t permissions) override;
  Result close(FileId file) override;
  Result duplicate(FileId file) override;
  Result makeDirectoryAt(FileId directory, const char* name, std::uint32_t permissions) override;
  Result stat(FileId file, FileStat* result) override;
  Result statAt(FileId directory, const char* name, bool follow, FileStat* result) override;
  Result list(FileId directory, std::vector<std::string>* names) override;
  Result rename(FileId directory, const char* from, const char* to) override;
  Result exchange(FileId directory, const char* one, const char* other) override;
  Result unlink(FileId directory, const char* name) override;
  Result removeDirectoryAt(FileId directory, const char* name) override;
  Result sync(FileId file) override;
  Result syncData(FileId file) override;
  Result lock(FileId file, bool shared) override;
  Result unlock(FileId file) override;
  Result setPermissions(FileId file, std::uint32_t permissions) override;
  // A fault of the kind `short` at 'fstatfs' makes the file remote.
  Result isRemote(FileId file) override;
  Result freeSpace(FileId directory, std::uint64_t* bytes) override;
  Result read(FileId file, void* into, std::size_t length, std::uint64_t offset) override;
  Result write(FileId file, const void* from, std::size_t length, std::uint64_t offset) override;
  Result reserve(FileId file, std::uint64_t bytes) override;
  Result startWriteback(FileId file, std::uint64_t offset, std::uint64_t length) override;
  std::uint64_t mappingUnit() const override { return real_->mappingUnit(); }
  Mapped map(FileId file, std::uint64_t offset, std::size_t length) override;
  Result unmap(void* address, std::size_t length) override;

 private:
  // The error to return instead of the operation. Sets `shorten` for a short transfer. Does not return if it kills the
  // process.
  Error inject(const char* syscall, const std::string& path, bool* shorten);
  std::string pathOf(FileId file) const;
  void record(Operation operation, std::int64_t result);
  void opened(FileId file, std::string path);

  template <typename Call>
  Result run(Operation operation, Call call);
  template <typename Call>
  Result transfer(Operation operation, std::size_t length, Call call);

  const std::shared_ptr<FileOperations> real_;
  mutable std::mutex mutex_;
  std::vector<Fault> faults_;
  // Changes when faults are set.
  std::size_t round_ = 0;
  std::condition_variable changed_;
  std::vector<Operation> log_;
  std::map<FileId, std::string> files_;
  std::map<void*, std::size_t> mappings_;
};

}  // namespace tensorbundle
