#include "faults/fault_operations.h"

#include <chrono>
#include <csignal>
#include <string_view>
#include <utility>

namespace tensorbundle {
namespace {

// A test that has failed must not keep its process for ever.
constexpr auto kLongestHold = std::chrono::seconds(20);

}  // namespace

void FaultOperations::setFaults(std::vector<Fault> faults) {
  const std::lock_guard<std::mutex> guard(mutex_);
  faults_ = std::move(faults);
  log_.clear();
  ++round_;
  changed_.notify_all();
}

std::vector<Operation> FaultOperations::operations() const {
  const std::lock_guard<std::mutex> guard(mutex_);
  return log_;
}

std::size_t FaultOperations::openDescriptors() const {
  const std::lock_guard<std::mutex> guard(mutex_);
  return files_.size();
}

std::size_t FaultOperations::mappings() const {
  const std::lock_guard<std::mutex> guard(mutex_);
  return mappings_.size();
}

Error FaultOperations::inject(const char* syscall, const std::string& path, bool* shorten) {
  std::unique_lock<std::mutex> lock(mutex_);
  Error error = Error::kNone;
  bool hold = false;
  for (Fault& fault : faults_) {
    if (!fault.syscall.empty() && fault.syscall != syscall) continue;
    if (path.find(fault.path) == std::string::npos) continue;
    if (!fault.notPath.empty() && path.find(fault.notPath) != std::string::npos) continue;
    ++fault.seen;
    if (fault.seen != fault.at && !(fault.sticky && fault.seen > fault.at)) continue;
    if (fault.action == Fault::Action::kKill) std::raise(SIGKILL);
    if (fault.action == Fault::Action::kShort) *shorten = true;
    if (fault.action == Fault::Action::kHold) hold = true;
    if (fault.action == Fault::Action::kError && error == Error::kNone) error = fault.error;
  }
  if (hold) changed_.wait_for(lock, kLongestHold, [this, round = round_] { return round_ != round; });
  return error;
}

std::string FaultOperations::pathOf(FileId file) const {
  const std::lock_guard<std::mutex> guard(mutex_);
  const auto found = files_.find(file);
  return found == files_.end() ? std::string() : found->second;
}

void FaultOperations::record(Operation operation, std::int64_t result) {
  operation.result = result < 0 ? -1 : result;
  operation.error = errorOf(result);
  const std::lock_guard<std::mutex> guard(mutex_);
  log_.push_back(std::move(operation));
}

void FaultOperations::opened(FileId file, std::string path) {
  const std::lock_guard<std::mutex> guard(mutex_);
  files_[file] = std::move(path);
}

template <typename Call>
Result FaultOperations::run(Operation operation, Call call) {
  bool shorten = false;
  const Error error = inject(operation.syscall, operation.path, &shorten);
  const Result result = error != Error::kNone ? failed(error) : call();
  record(std::move(operation), result);
  return result;
}

template <typename Call>
Result FaultOperations::transfer(Operation operation, std::size_t length, Call call) {
  bool shorten = false;
  const Error error = inject(operation.syscall, operation.path, &shorten);
  // Transfers half of it, but at least one byte, as a system may do with any transfer.
  const std::size_t allowed = shorten ? (length + 1) / 2 : length;
  const Result result = error != Error::kNone ? failed(error) : call(allowed);
  operation.length = static_cast<std::int64_t>(length);
  record(std::move(operation), result);
  return result;
}

Result FaultOperations::openDirectory(const char* path) {
  const Result file = run({"open", path}, [&] { return real_->openDirectory(path); });
  if (file >= 0) opened(file, path);
  return file;
}

Result FaultOperations::openDirectoryAt(FileId directory, const char* name) {
  const std::string parent = pathOf(directory);
  std::string path = std::string_view(name) == "." ? parent : parent + "/" + name;
  const Result file = run({"open", path}, [&] { return real_->openDirectoryAt(directory, name); });
  if (file >= 0) opened(file, std::move(path));
  return file;
}

Result FaultOperations::openAt(FileId directory, const char* name, OpenMode mode, std::uint32_t permissions) {
  std::string path = pathOf(directory) + "/" + name;
  const Result file = run({"open", path}, [&] { return real_->openAt(directory, name, mode, permissions); });
  if (file >= 0) opened(file, std::move(path));
  return file;
}

Result FaultOperations::close(FileId file) {
  std::string path = pathOf(file);
  bool shorten = false;
  const Error error = inject("close", path, &shorten);
  {
    // Erased before another thread's open can get the same number. A failing close closes the file too, as on Linux.
    const std::lock_guard<std::mutex> guard(mutex_);
    files_.erase(file);
  }
  const Result closed = real_->close(file);
  const Result result = error != Error::kNone ? failed(error) : closed;
  record({"close", std::move(path)}, result);
  return result;
}

Result FaultOperations::duplicate(FileId file) {
  std::string path = pathOf(file);
  const Result copy = run({"dup", path}, [&] { return real_->duplicate(file); });
  if (copy >= 0) opened(copy, std::move(path));
  return copy;
}

Result FaultOperations::makeDirectoryAt(FileId directory, const char* name, std::uint32_t permissions) {
  return run({"mkdir", pathOf(directory) + "/" + name},
             [&] { return real_->makeDirectoryAt(directory, name, permissions); });
}

Result FaultOperations::stat(FileId file, FileStat* result) {
  return run({"stat", pathOf(file)}, [&] { return real_->stat(file, result); });
}

Result FaultOperations::statAt(FileId directory, const char* name, bool follow, FileStat* result) {
  return run({"stat", pathOf(directory) + "/" + name}, [&] { return real_->statAt(directory, name, follow, result); });
}

Result FaultOperations::list(FileId directory, std::vector<std::string>* names) {
  return run({"readdir", pathOf(directory)}, [&] { return real_->list(directory, names); });
}

Result FaultOperations::rename(FileId directory, const char* from, const char* to) {
  return run({"rename", pathOf(directory) + "/" + to}, [&] { return real_->rename(directory, from, to); });
}

Result FaultOperations::exchange(FileId directory, const char* one, const char* other) {
  return run({"renameat2", pathOf(directory) + "/" + other}, [&] { return real_->exchange(directory, one, other); });
}

Result FaultOperations::unlink(FileId directory, const char* name) {
  return run({"unlink", pathOf(directory) + "/" + name}, [&] { return real_->unlink(directory, name); });
}

Result FaultOperations::removeDirectoryAt(FileId directory, const char* name) {
  return run({"rmdir", pathOf(directory) + "/" + name}, [&] { return real_->removeDirectoryAt(directory, name); });
}

Result FaultOperations::sync(FileId file) {
  return run({"fsync", pathOf(file)}, [&] { return real_->sync(file); });
}

Result FaultOperations::syncData(FileId file) {
  return run({"fdatasync", pathOf(file)}, [&] { return real_->syncData(file); });
}

Result FaultOperations::lock(FileId file, bool shared) {
  return run({"flock", pathOf(file)}, [&] { return real_->lock(file, shared); });
}

Result FaultOperations::unlock(FileId file) {
  return run({"flock", pathOf(file)}, [&] { return real_->unlock(file); });
}

Result FaultOperations::setPermissions(FileId file, std::uint32_t permissions) {
  return run({"fchmod", pathOf(file)}, [&] { return real_->setPermissions(file, permissions); });
}

Result FaultOperations::isRemote(FileId file) {
  bool remote = false;
  const Error error = inject("fstatfs", pathOf(file), &remote);
  const Result result = error != Error::kNone ? failed(error) : remote ? 1 : real_->isRemote(file);
  record({"fstatfs", pathOf(file)}, result);
  return result;
}

Result FaultOperations::freeSpace(FileId directory, std::uint64_t* bytes) {
  return run({"statvfs", pathOf(directory)}, [&] { return real_->freeSpace(directory, bytes); });
}

Result FaultOperations::read(FileId file, void* into, std::size_t length, std::uint64_t offset) {
  return transfer({"pread", pathOf(file), static_cast<std::int64_t>(offset)}, length,
                  [&](std::size_t allowed) { return real_->read(file, into, allowed, offset); });
}

Result FaultOperations::write(FileId file, const void* from, std::size_t length, std::uint64_t offset) {
  return transfer({"pwrite", pathOf(file), static_cast<std::int64_t>(offset)}, length,
                  [&](std::size_t allowed) { return real_->write(file, from, allowed, offset); });
}

Result FaultOperations::reserve(FileId file, std::uint64_t bytes) {
  Operation operation{"fallocate", pathOf(file)};
  operation.length = static_cast<std::int64_t>(bytes);
  return run(std::move(operation), [&] { return real_->reserve(file, bytes); });
}

Result FaultOperations::startWriteback(FileId file, std::uint64_t offset, std::uint64_t length) {
  Operation operation{"sync_file_range", pathOf(file), static_cast<std::int64_t>(offset)};
  operation.length = static_cast<std::int64_t>(length);
  return run(std::move(operation), [&] { return real_->startWriteback(file, offset, length); });
}

Mapped FaultOperations::map(FileId file, std::uint64_t offset, std::size_t length) {
  Mapped mapped;
  Operation operation{"mmap", pathOf(file), static_cast<std::int64_t>(offset)};
  operation.length = static_cast<std::int64_t>(length);
  const Result done = run(std::move(operation), [&] {
    mapped = real_->map(file, offset, length);
    return failed(mapped.error);
  });
  if (done < 0) return {nullptr, errorOf(done)};
  const std::lock_guard<std::mutex> guard(mutex_);
  mappings_[mapped.address] = length;
  return mapped;
}

Result FaultOperations::unmap(void* address, std::size_t length) {
  {
    const std::lock_guard<std::mutex> guard(mutex_);
    mappings_.erase(address);
  }
  return run({"munmap", ""}, [&] { return real_->unmap(address, length); });
}

}  // namespace tensorbundle
