// Complete reads and writes: interrupted and short transfers are continued here, above the seam.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/descriptor.h"
#include "engine/file_operations.h"
#include "engine/status.h"

namespace tensorbundle {

// A limit, so that a file system that always returns EINTR does not hang the process.
constexpr int kMaxInterruptions = 1000;

// Repeats the call while the result is "interrupted".
template <typename Call>
Result uninterrupted(Call call) {
  Result result = call();
  for (int i = 0; result == failed(Error::kEINTR) && i < kMaxInterruptions; ++i) result = call();
  return result;
}

// Reads all of `length` bytes; ESHORT if the file ends before.
Status readFully(const Descriptor& file, void* into, std::size_t length, std::uint64_t offset);

Status writeFully(const Descriptor& file, const void* from, std::size_t length, std::uint64_t offset);

}  // namespace tensorbundle
