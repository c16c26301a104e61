// Working memory that begins at a page: 512-bit loads that cross cache lines halve the speed of the checksum.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

namespace tensorbundle {

struct AlignedDelete {
  void operator()(std::uint8_t* bytes) const { ::operator delete[](bytes, std::align_val_t{4096}); }
};

using AlignedBuffer = std::unique_ptr<std::uint8_t[], AlignedDelete>;

// Uninitialized. Throws std::bad_alloc.
inline AlignedBuffer allocateAligned(std::size_t size) {
  return AlignedBuffer(static_cast<std::uint8_t*>(::operator new[](size, std::align_val_t{4096})));
}

}  // namespace tensorbundle
