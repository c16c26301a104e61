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

inline std::uint64_t load(const std::uint8_t* data) {
  std::uint64_t word;
  std::memcpy(&word, data, sizeof word);
  return word;
}

// The register after kBytes zero bytes. A carry-less product of two reflected 32-bit values is the product times x, and
// the crc32 instruction that reduces it multiplies by x^32. Together that is x^33, hence the 33 in the exponent.
template <std::size_t kBytes>
TENSORBUNDLE_SSE42 inline std::uint64_t shift(std::uint64_t state) {
  constexpr std::uint32_t kFactor = polynomial::power(8 * kBytes - 33);
  const __m128i product = _mm_clmulepi64_si128(_mm_cvtsi64_si128(static_cast<long long>(state)),
                                               _mm_cvtsi32_si128(static_cast<int>(kFactor)), 0);
  return _mm_crc32_u64(0, static_cast<std::uint64_t>(_mm_cvtsi128_si64(product)));
}

}  // namespace tensorbundle::x86

#endif
