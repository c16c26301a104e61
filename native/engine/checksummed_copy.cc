#include "engine/checksummed_copy.h"

#include <algorithm>
#include <cstring>

namespace tensorbundle {
namespace {

// What was just copied is checksummed from the second-level cache.
constexpr std::size_t kBlock = std::size_t{64} << 10;

}  // namespace

std::uint32_t checksummedCopy(void* into, const void* from, std::size_t size, const Crc32c& crc32c, std::uint32_t crc) {
  auto* target = static_cast<std::uint8_t*>(into);
  const auto* source = static_cast<const std::uint8_t*>(from);
  for (std::size_t done = 0; done < size;) {
    const std::size_t part = std::min(size - done, kBlock);
    std::memcpy(target + done, source + done, part);
    crc = crc32c.extend(crc, target + done, part);
    done += part;
  }
  return crc;
}

}  // namespace tensorbundle
