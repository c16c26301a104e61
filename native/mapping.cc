#include "mapping.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "file_calls.h"

namespace tensorbundle {

Status Mapping::create(const Descriptor& file, std::uint64_t offset, std::uint64_t length,
                       std::unique_ptr<Mapping>* result) {
  FileInfo info;
  Status status = statHandle(file, &info);
  if (!status.ok()) return status;
  if (length > info.size || offset > info.size - length) {
    return Status::endsEarly("mmap", file.path(), static_cast<std::int64_t>(std::max(offset, info.size)));
  }
  if (length == 0) {
    result->reset(new Mapping(file.operations(), nullptr, 0, 0));
    return {};
  }
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const auto skipped = static_cast<std::size_t>(offset % page);
  const auto size = static_cast<std::size_t>(length);
  const Mapped mapped = file.operations()->map(file.file(), offset - skipped, skipped + size);
  if (mapped.address == nullptr) {
    return Status::failure(mapped.error, "mmap", file.path(), static_cast<std::int64_t>(offset));
  }
  result->reset(new Mapping(file.operations(), static_cast<std::uint8_t*>(mapped.address), skipped, size));
  return {};
}

Mapping::Mapping(std::shared_ptr<FileOperations> operations, std::uint8_t* base, std::size_t skipped, std::size_t size)
    : operations_(std::move(operations)), base_(base), skipped_(skipped), size_(size) {}

Mapping::~Mapping() {
  if (base_ != nullptr) operations_->unmap(base_, skipped_ + size_);
}

}  // namespace tensorbundle
