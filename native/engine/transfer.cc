#include "engine/transfer.h"

#include <algorithm>

namespace tensorbundle {
namespace {

// Linux transfers at most 2 GiB - 4 KiB per call; macOS refuses more than INT_MAX bytes.
constexpr std::size_t kMaxTransfer = std::size_t{1} << 30;

}  // namespace

Status readFully(const Descriptor& file, void* into, std::size_t length, std::uint64_t offset) {
  auto* bytes = static_cast<std::uint8_t*>(into);
  for (std::size_t done = 0; done < length;) {
    const std::size_t wanted = std::min(length - done, kMaxTransfer);
    const Result got =
        uninterrupted([&] { return file.operations()->read(file.file(), bytes + done, wanted, offset + done); });
    const auto position = static_cast<std::int64_t>(offset + done);
    if (got < 0) return Status::failure(errorOf(got), "pread", file.path(), position);
    if (got == 0) return Status::endsEarly("pread", file.path(), position);
    done += static_cast<std::size_t>(got);
  }
  return {};
}

Status writeFully(const Descriptor& file, const void* from, std::size_t length, std::uint64_t offset) {
  const auto* bytes = static_cast<const std::uint8_t*>(from);
  for (std::size_t done = 0; done < length;) {
    const std::size_t wanted = std::min(length - done, kMaxTransfer);
    const Result put =
        uninterrupted([&] { return file.operations()->write(file.file(), bytes + done, wanted, offset + done); });
    const auto position = static_cast<std::int64_t>(offset + done);
    if (put < 0) return Status::failure(errorOf(put), "pwrite", file.path(), position);
    // A write that makes no progress and reports no error must not become an endless loop.
    if (put == 0) return Status::failure(Error::kEIO, "pwrite", file.path(), position);
    done += static_cast<std::size_t>(put);
  }
  return {};
}

}  // namespace tensorbundle
