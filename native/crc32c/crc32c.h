// CRC32C (Castagnoli), unmasked: kernels for several processors, the choice of a kernel, and the combination of CRCs.
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

// The kernels that this processor and operating system can use, fastest first. Never empty, since "portable" is always
// among them. Computed at each call (once per environment), because a static variable of this type would be destroyed
// at exit while other threads still run.
std::vector<Crc32cVariant> crc32cVariants();

// The CRC of A followed by B, without reading their data. O(log lengthB).
std::uint32_t crc32cCombine(std::uint32_t crcA, std::uint32_t crcB, std::uint64_t lengthB);

// The CRC with the kernel in use. Thread-safe.
class Crc32c {
 public:
  Crc32c() : kernel_(crc32cVariants().front().kernel) {}

  // The CRC of the bytes that `crc` covers, followed by the data. 0 is the CRC of no bytes.
  std::uint32_t extend(std::uint32_t crc, const void* data, std::size_t length) const {
    return ~kernel_.load(std::memory_order_relaxed)(~crc, static_cast<const std::uint8_t*>(data), length);
  }

  // False if no usable kernel has this name.
  bool select(std::string_view name);

 private:
  std::atomic<Crc32cKernel> kernel_;
};

// The kernels. A build has only those of its own processor architecture.
std::uint32_t crc32cPortable(std::uint32_t state, const std::uint8_t* data, std::size_t length);
#if defined(__x86_64__)
std::uint32_t crc32cSse42(std::uint32_t state, const std::uint8_t* data, std::size_t length);
std::uint32_t crc32cAvx2(std::uint32_t state, const std::uint8_t* data, std::size_t length);
std::uint32_t crc32cAvx512(std::uint32_t state, const std::uint8_t* data, std::size_t length);
#elif defined(__aarch64__)
std::uint32_t crc32cPmull(std::uint32_t state, const std::uint8_t* data, std::size_t length);
std::uint32_t crc32cArm64(std::uint32_t state, const std::uint8_t* data, std::size_t length);
#endif

}  // namespace tensorbundle
