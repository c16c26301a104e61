#include "engine/mapping.h"

#include <algorithm>
#include <utility>

#include "engine/file_calls.h"

namespace tensorbundle {
namespace {

// Errors of mmap after which reading may still succeed: file systems without mappings (ENODEV, ENOTSUP; FUSE with
// direct_io: EINVAL or ENODEV), too many mappings or too little address space (ENOMEM, EAGAIN, EOVERFLOW), a security
// module (EACCES, EPERM). Anything else (EIO) is an error.
bool refusesMapping(Error error) {
  switch (error) {
    case Error::kEACCES:
    case Error::kEAGAIN:
    case Error::kEINVAL:
    case Error::kENFILE:
    case Error::kENODEV:
    case Error::kENOMEM:
    case Error::kENOSYS:
    case Error::kENOTSUP:
    case Error::kEOVERFLOW:
    case Error::kEPERM:
      return true;
    default:
      return false;
  }
}

}  // namespace

Status Mapping::create(const Descriptor& file, std::uint64_t offset, std::uint64_t length,
                       std::unique_ptr<Mapping>* result) {
  result->reset();
  FileStat info;
  Status status = statHandle(file, &info);
  if (!status.ok()) return status;
  if (length > info.size || offset > info.size - length) {
    return Status::endsEarly("mmap", file.path(), static_cast<std::int64_t>(std::max(offset, info.size)));
  }
  if (length == 0) {
    result->reset(new Mapping(file.operations(), nullptr, 0, 0));
    return {};
  }
  // If not even the kind of the file system is known, it is not mapped: reading is always safe.
  if (file.operations()->isRemote(file.file()) != 0) return {};
  const std::uint64_t unit = file.operations()->mappingUnit();
  const auto skipped = static_cast<std::size_t>(offset % unit);
  const auto size = static_cast<std::size_t>(length);
  const Mapped mapped = file.operations()->map(file.file(), offset - skipped, skipped + size);
  if (mapped.address == nullptr) {
    if (refusesMapping(mapped.error)) return {};
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
