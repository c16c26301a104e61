// The crc32 instruction takes three cycles, and one can start in each cycle. So three independent streams run at once.
// One carry-less multiplication joins a stream's register to the next.
#include "crc32c/crc32c.h"

#if defined(__x86_64__)

#include "crc32c/crc32c_x86.h"

namespace tensorbundle {
namespace {

using x86::load;
using x86::shift;

// Processes as many whole blocks as there are. A block is three streams of kBytes each.
template <std::size_t kBytes>
TENSORBUNDLE_SSE42 inline std::uint64_t blocks(std::uint64_t state, const std::uint8_t*& data, std::size_t& length) {
  static_assert(kBytes % 8 == 0);
  for (; length >= 3 * kBytes; data += 3 * kBytes, length -= 3 * kBytes) {
    std::uint64_t second = 0;
    std::uint64_t third = 0;
    for (std::size_t i = 0; i < kBytes; i += 8) {
      state = _mm_crc32_u64(state, load(data + i));
      second = _mm_crc32_u64(second, load(data + kBytes + i));
      third = _mm_crc32_u64(third, load(data + 2 * kBytes + i));
    }
    state = shift<2 * kBytes>(state) ^ shift<kBytes>(second) ^ third;
  }
  return state;
}

}  // namespace

TENSORBUNDLE_SSE42 std::uint32_t crc32cSse42(std::uint32_t state, const std::uint8_t* data, std::size_t length) {
  std::uint64_t wide = state;
  wide = blocks<4096>(wide, data, length);
  wide = blocks<512>(wide, data, length);
  wide = blocks<64>(wide, data, length);
  for (; length >= 8; data += 8, length -= 8) wide = _mm_crc32_u64(wide, load(data));
  auto narrow = static_cast<std::uint32_t>(wide);
  for (; length > 0; ++data, --length) narrow = _mm_crc32_u8(narrow, *data);
  return narrow;
}

}  // namespace tensorbundle

#endif
