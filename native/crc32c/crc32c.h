// CRC32C (Castagnoli), unmasked: kernels for several processors, the choice among them, and combination.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace tensorbundle {

// Advances the CRC register (the complement of a CRC) over `length` bytes.
using Crc32cKernel = std::uint32_t (*)(std::uint32_t state, const std::uint8_t* data, std::size_t length);

struct Crc32cVariant {
  const char* name;
  Crc32cKernel kernel;
};

// Usable on this processor under this operating system, fastest first. Never empty: "portable" is always there. Asked
// anew each time, once an environment: a static of this type would be destroyed at exit, while other threads still
// work.
std::vector<Crc32cVariant> crc32cVariants();

// CRC of A followed by B. O(log lengthB); touches no data.
std::uint32_t crc32cCombine(std::uint32_t crcA, std::uint32_t crcB, std::uint64_t lengthB);

// The CRC with the kernel in use. Thread-safe.
class Crc32c {
 public:
  Crc32c() : kernel_(crc32cVariants().front().kernel) {}

  // CRC of what `crc` covers followed by the data; 0 is the CRC of nothing.
  std::uint32_t extend(std::uint32_t crc, const void* data, std::size_t length) const {
    return ~kernel_.load(std::memory_order_relaxed)(~crc, static_cast<const std::uint8_t*>(data), length);
  }

  // False if no usable kernel has this name.
  bool select(std::string_view name);

 private:
  std::atomic<Crc32cKernel> kernel_;
};

// The kernels. Those of other processors do not exist in this build.
std::uint32_t crc32cPortable(std::uint32_t state, const std::uint8_t* data, std::size_t length);
#if defined(__x86_64__)
std::uint32_t crc32cSse42(std::uint32_t state, const std::uint8_t* data, std::size_t length);
std::uint32_t crc32cAvx512(std::uint32_t state, const std::uint8_t* data, std::size_t length);
#elif defined(__aarch64__)
std::uint32_t crc32cArm64(std::uint32_t state, const std::uint8_t* data, std::size_t length);
#endif

}  // namespace tensorbundle
