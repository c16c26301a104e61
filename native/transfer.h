// Reads and writes that are complete: interrupted and short transfers are continued here, above the seam.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "descriptor.h"
#include "status.h"

namespace tensorbundle {

// A file system that only ever says EINTR must not hang the process.
constexpr int kMaxInterruptions = 1000;

// Calls until the result is something else than "interrupted".
template <typename Call>
auto uninterrupted(Call call) {
  auto result = call();
  for (int i = 0; result == -EINTR && i < kMaxInterruptions; ++i) result = call();
  return result;
}

// All of `length` bytes; ESHORT if the file ends before.
Status readFully(const Descriptor& file, void* into, std::size_t length, std::uint64_t offset);

Status writeFully(const Descriptor& file, const void* from, std::size_t length, std::uint64_t offset);

}  // namespace tensorbundle
