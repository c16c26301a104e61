// ARMv8's CRC instructions in three streams, for processors without carry-less multiplication (Cortex-A72 without the
// crypto extension); crc32c_pmull.cc is for the others. The streams are joined by table look-ups.
#include "crc32c/crc32c.h"

#if defined(__aarch64__)

#include <arm_acle.h>

#include <cstring>

#include "crc32c/crc32c_polynomial.h"

#if defined(__clang__)
#define TENSORBUNDLE_ARM_CRC __attribute__((target("crc")))
#else
#define TENSORBUNDLE_ARM_CRC __attribute__((target("+crc")))
#endif

namespace tensorbundle {
namespace {

inline std::uint64_t load(const std::uint8_t* data) {
  std::uint64_t word;
  std::memcpy(&word, data, sizeof word);
  return word;
}

using ShiftTable = std::array<std::array<std::uint32_t, 256>, 4>;

// Tables for multiplication by x^(8 * bytes), one per byte of the register. Multiplication is linear, so they are built
// from the 32 single bits.
constexpr ShiftTable makeShift(std::uint64_t bytes) {
  ShiftTable table{};
  const std::uint32_t factor = polynomial::power(8 * bytes);
  for (std::size_t row = 0; row < 4; ++row) {
    for (std::size_t bit = 0; bit < 8; ++bit) {
      const std::size_t single = std::size_t{1} << bit;
      const std::uint32_t value = polynomial::multiply(std::uint32_t{1} << (8 * row + bit), factor);
      for (std::size_t rest = 0; rest < single; ++rest) table[row][single + rest] = table[row][rest] ^ value;
    }
  }
  return table;
}

template <std::size_t kBytes>
inline std::uint32_t shift(std::uint32_t state) {
  static constexpr ShiftTable kTable = makeShift(kBytes);
  return kTable[0][state & 0xff] ^ kTable[1][(state >> 8) & 0xff] ^ kTable[2][(state >> 16) & 0xff] ^
         kTable[3][state >> 24];
}

template <std::size_t kBytes>
TENSORBUNDLE_ARM_CRC inline std::uint32_t blocks(std::uint32_t state, const std::uint8_t*& data, std::size_t& length) {
  static_assert(kBytes % 8 == 0);
  for (; length >= 3 * kBytes; data += 3 * kBytes, length -= 3 * kBytes) {
    std::uint32_t second = 0;
    std::uint32_t third = 0;
    for (std::size_t i = 0; i < kBytes; i += 8) {
      state = __crc32cd(state, load(data + i));
      second = __crc32cd(second, load(data + kBytes + i));
      third = __crc32cd(third, load(data + 2 * kBytes + i));
    }
    state = shift<kBytes>(shift<kBytes>(state) ^ second) ^ third;
  }
  return state;
}

}  // namespace

TENSORBUNDLE_ARM_CRC std::uint32_t crc32cArm64(std::uint32_t state, const std::uint8_t* data, std::size_t length) {
  state = blocks<4096>(state, data, length);
  state = blocks<256>(state, data, length);
  for (; length >= 8; data += 8, length -= 8) state = __crc32cd(state, load(data));
  for (; length > 0; ++data, --length) state = __crc32cb(state, *data);
  return state;
}

}  // namespace tensorbundle

#endif
