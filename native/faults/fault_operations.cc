#include "fault_operations.h"

#include <cerrno>
#include <string_view>
#include <utility>

namespace tensorbundle {

void FaultOperations::setFaults(std::vector<Fault> faults) {
  const std::lock_guard<std::mutex> guard(mutex_);
  faults_ = std::move(faults);
  log_.clear();
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

int FaultOperations::inject(const char* syscall, const std::string& path, bool* shorten) {
  const std::lock_guard<std::mutex> guard(mutex_);
  int error = 0;
  for (Fault& fault : faults_) {
    if (!fault.syscall.empty() && fault.syscall != syscall) continue;
    if (path.find(fault.path) == std::string::npos) continue;
    if (!fault.notPath.empty() && path.find(fault.notPath) != std::string::npos) continue;
    ++fault.seen;
    if (fault.seen != fault.at && !(fault.sticky && fault.seen > fault.at)) continue;
    if (fault.action == Fault::Action::kKill) std::raise(SIGKILL);
    if (fault.action == Fault::Action::kShort) *shorten = true;
    if (fault.action == Fault::Action::kError && error == 0) error = fault.error;
  }
  return error;
}

std::string FaultOperations::pathOf(int file) const {
  const std::lock_guard<std::mutex> guard(mutex_);
  const auto found = files_.find(file);
  return found == files_.end() ? std::string() : found->second;
}

void FaultOperations::record(Operation operation, std::int64_t result) {
  operation.result = result < 0 ? -1 : result;
  operation.error = result < 0 ? static_cast<int>(-result) : 0;
  const std::lock_guard<std::mutex> guard(mutex_);
  log_.push_back(std::move(operation));
}

void FaultOperations::opened(int file, std::string path) {
  const std::lock_guard<std::mutex> guard(mutex_);
  files_[file] = std::move(path);
}

template <typename Call>
int FaultOperations::run(Operation operation, Call call) {
  bool shorten = false;
  const int error = inject(operation.syscall, operation.path, &shorten);
  const int result = error != 0 ? -error : call();
  record(std::move(operation), result);
  return result;
}

template <typename Call>
ssize_t FaultOperations::transfer(Operation operation, std::size_t length, Call call) {
  bool shorten = false;
  const int error = inject(operation.syscall, operation.path, &shorten);
  // Half of it, but progress: what the system may do to any transfer.
  const std::size_t allowed = shorten ? (length + 1) / 2 : length;
  const ssize_t result = error != 0 ? -error : call(allowed);
  operation.length = static_cast<std::int64_t>(length);
  record(std::move(operation), result);
  return result;
}

int FaultOperations::open(const char* path, int flags) {
  const int file = run({"open", path}, [&] { return real_.open(path, flags); });
  if (file >= 0) opened(file, path);
  return file;
}

int FaultOperations::openAt(int directory, const char* name, int flags, mode_t mode) {
  const std::string parent = pathOf(directory);
  std::string path = std::string_view(name) == "." ? parent : parent + "/" + name;
  const int file = run({"open", path}, [&] { return real_.openAt(directory, name, flags, mode); });
  if (file >= 0) opened(file, std::move(path));
  return file;
}

int FaultOperations::close(int file) {
  std::string path = pathOf(file);
  bool shorten = false;
  const int error = inject("close", path, &shorten);
  {
    // Before the number is free for another thread's open. A failing close closes too, as on Linux.
    const std::lock_guard<std::mutex> guard(mutex_);
    files_.erase(file);
  }
  const int closed = real_.close(file);
  const int result = error != 0 ? -error : closed;
  record({"close", std::move(path)}, result);
  return result;
}

int FaultOperations::duplicate(int file) {
  std::string path = pathOf(file);
  const int copy = run({"dup", path}, [&] { return real_.duplicate(file); });
  if (copy >= 0) opened(copy, std::move(path));
  return copy;
}

int FaultOperations::makeDirectoryAt(int directory, const char* name, mode_t mode) {
  return run({"mkdir", pathOf(directory) + "/" + name},
             [&] { return real_.makeDirectoryAt(directory, name, mode); });
}

int FaultOperations::stat(int file, struct stat* result) {
  return run({"stat", pathOf(file)}, [&] { return real_.stat(file, result); });
}

int FaultOperations::statAt(int directory, const char* name, bool follow, struct stat* result) {
  return run({"stat", pathOf(directory) + "/" + name}, [&] { return real_.statAt(directory, name, follow, result); });
}

int FaultOperations::list(int directory, std::vector<std::string>* names) {
  return run({"readdir", pathOf(directory)}, [&] { return real_.list(directory, names); });
}

int FaultOperations::rename(int directory, const char* from, const char* to) {
  return run({"rename", pathOf(directory) + "/" + to}, [&] { return real_.rename(directory, from, to); });
}

int FaultOperations::unlink(int directory, const char* name) {
  return run({"unlink", pathOf(directory) + "/" + name}, [&] { return real_.unlink(directory, name); });
}

int FaultOperations::sync(int file) {
  return run({"fsync", pathOf(file)}, [&] { return real_.sync(file); });
}

int FaultOperations::syncData(int file) {
  return run({"fdatasync", pathOf(file)}, [&] { return real_.syncData(file); });
}

int FaultOperations::lock(int file, bool shared) {
  return run({"flock", pathOf(file)}, [&] { return real_.lock(file, shared); });
}

int FaultOperations::unlock(int file) {
  return run({"flock", pathOf(file)}, [&] { return real_.unlock(file); });
}

int FaultOperations::setMode(int file, mode_t mode) {
  return run({"fchmod", pathOf(file)}, [&] { return real_.setMode(file, mode); });
}

int FaultOperations::isRemote(int file) {
  bool remote = false;
  const int error = inject("fstatfs", pathOf(file), &remote);
  const int result = error != 0 ? -error : remote ? 1 : real_.isRemote(file);
  record({"fstatfs", pathOf(file)}, result);
  return result;
}

int FaultOperations::freeSpace(int directory, std::uint64_t* bytes) {
  return run({"statvfs", pathOf(directory)}, [&] { return real_.freeSpace(directory, bytes); });
}

ssize_t FaultOperations::read(int file, void* into, std::size_t length, std::uint64_t offset) {
  return transfer({"pread", pathOf(file), static_cast<std::int64_t>(offset)}, length,
                  [&](std::size_t allowed) { return real_.read(file, into, allowed, offset); });
}

ssize_t FaultOperations::write(int file, const void* from, std::size_t length, std::uint64_t offset) {
  return transfer({"pwrite", pathOf(file), static_cast<std::int64_t>(offset)}, length,
                  [&](std::size_t allowed) { return real_.write(file, from, allowed, offset); });
}

int FaultOperations::reserve(int file, std::uint64_t bytes) {
  Operation operation{"fallocate", pathOf(file)};
  operation.length = static_cast<std::int64_t>(bytes);
  return run(std::move(operation), [&] { return real_.reserve(file, bytes); });
}

int FaultOperations::startWriteback(int file, std::uint64_t offset, std::uint64_t length) {
  Operation operation{"sync_file_range", pathOf(file), static_cast<std::int64_t>(offset)};
  operation.length = static_cast<std::int64_t>(length);
  return run(std::move(operation), [&] { return real_.startWriteback(file, offset, length); });
}

Mapped FaultOperations::map(int file, std::uint64_t offset, std::size_t length) {
  Mapped mapped;
  Operation operation{"mmap", pathOf(file), static_cast<std::int64_t>(offset)};
  operation.length = static_cast<std::int64_t>(length);
  const int done = run(std::move(operation), [&] {
    mapped = real_.map(file, offset, length);
    return -mapped.error;
  });
  if (done < 0) return {nullptr, -done};
  const std::lock_guard<std::mutex> guard(mutex_);
  mappings_[mapped.address] = length;
  return mapped;
}

int FaultOperations::unmap(void* address, std::size_t length) {
  {
    const std::lock_guard<std::mutex> guard(mutex_);
    mappings_.erase(address);
  }
  return run({"munmap", ""}, [&] { return real_.unmap(address, length); });
}

}  // namespace tensorbundle
