// Reads and writes that are complete: interrupted and short transfers are continued here, above the seam.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/descriptor.h"
#include "engine/file_operations.h"
#include "engine/status.h"

namespace tensorbundle {

// A file system that only ever says EINTR must not hang the process.
constexpr int kMaxInterruptions = 1000;

// Calls until the result is something else than "interrupted".
template <typename Call>
Result uninterrupted(Call call) {
  Result result = call();
  for (int i = 0; result == failed(Error::kEINTR) && i < kMaxInterruptions; ++i) result = call();
  return result;
}

// All of `length` bytes; ESHORT if the file ends before.
Status readFully(const Descriptor& file, void* into, std::size_t length, std::uint64_t offset);

Status writeFully(const Descriptor& file, const void* from, std::size_t length, std::uint64_t offset);

}  // namespace tensorbundle
