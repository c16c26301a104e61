// What the x86 kernels share. Only their sources include it.
#pragma once

#if defined(__x86_64__)

#include <nmmintrin.h>
#include <wmmintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "crc32c/crc32c_polynomial.h"

#define TENSORBUNDLE_SSE42 __attribute__((target("sse4.2,crc32,pclmul")))

namespace tensorbundle::x86 {

// The factors that move a lane of 128 bits forward (crc32c_fusion.h): of its low quadword and of its high one.
constexpr long long lowFactor(std::size_t bytes) {
  return static_cast<long long>(polynomial::foldFactor(8 * bytes + 63));
}
constexpr long long highFactor(std::size_t bytes) {
  return static_cast<long long>(polynomial::foldFactor(8 * bytes - 1));
}

// One lane moved forward by kBytes, plus `data`.
template <std::size_t kBytes>
TENSORBUNDLE_SSE42 inline __m128i move(__m128i lane, __m128i data) {
  constexpr long long kLow = lowFactor(kBytes);
  constexpr long long kHigh = highFactor(kBytes);
  const __m128i by = _mm_set_epi64x(kHigh, kLow);
  return _mm_xor_si128(_mm_xor_si128(_mm_clmulepi64_si128(lane, by, 0x00), _mm_clmulepi64_si128(lane, by, 0x11)), data);
}

// The register after the 16 bytes that a lane represents.
TENSORBUNDLE_SSE42 inline std::uint32_t reduce(__m128i lane) {
  const auto low = static_cast<std::uint64_t>(_mm_cvtsi128_si64(lane));
  const auto high = static_cast<std::uint64_t>(_mm_extract_epi64(lane, 1));
  return static_cast<std::uint32_t>(_mm_crc32_u64(_mm_crc32_u64(0, low), high));
}

// The part of a Machine that works with the register.
struct Crc {
  // With 32 bits, compilers would clear the upper half again and again, which it already is.
  using Register = std::uint64_t;

  TENSORBUNDLE_SSE42 static Register crc(Register state, const std::uint8_t* data) {
    std::uint64_t word;
    std::memcpy(&word, data, sizeof word);
    return _mm_crc32_u64(state, word);
  }

  // A carry-less product of two reflected 32-bit values is the product times x, and the crc32 instruction that reduces
  // it multiplies by x^32. Together that is x^33, hence the 33 in the exponent.
  template <std::size_t kBytes>
  TENSORBUNDLE_SSE42 static std::uint32_t shift(Register state) {
    constexpr std::uint32_t kFactor = polynomial::power(8 * kBytes - 33);
    const __m128i product = _mm_clmulepi64_si128(_mm_cvtsi64_si128(static_cast<long long>(state)),
                                                 _mm_cvtsi32_si128(static_cast<int>(kFactor)), 0);
    return static_cast<std::uint32_t>(_mm_crc32_u64(0, static_cast<std::uint64_t>(_mm_cvtsi128_si64(product))));
  }
};

}  // namespace tensorbundle::x86

#endif
