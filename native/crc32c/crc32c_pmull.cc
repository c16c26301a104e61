// Fusion with PMULL, one lane in each accumulator, for 64-bit ARM processors that have both extensions.
#include "crc32c/crc32c.h"

#if defined(__aarch64__)

#include <arm_acle.h>

#include <cstring>

#include "crc32c/crc32c_polynomial.h"
#include <arm_neon.h>

#if defined(__clang__)
#define TENSORBUNDLE_FUSION_TARGET __attribute__((target("crc,aes")))
#else
#define TENSORBUNDLE_FUSION_TARGET __attribute__((target("+crc+crypto")))
#endif

#include "crc32c/crc32c_fusion.h"

namespace tensorbundle {
namespace {

struct Pmull {
  using Register = std::uint32_t;
  using Lanes = uint64x2_t;
  // Both kinds of instruction start once in a cycle on many of these processors: half of the data for each.
  static constexpr std::size_t kStream = 24;

  TENSORBUNDLE_FUSION_TARGET static Lanes load(const std::uint8_t* data) {
    return vreinterpretq_u64_u8(vld1q_u8(data));
  }
  TENSORBUNDLE_FUSION_TARGET static Lanes zero() { return vdupq_n_u64(0); }
  TENSORBUNDLE_FUSION_TARGET static Lanes add(Lanes a, Lanes b) { return veorq_u64(a, b); }
  TENSORBUNDLE_FUSION_TARGET static Lanes place(std::uint32_t state) { return vsetq_lane_u64(state, zero(), 0); }

  template <std::size_t kBytes>
  TENSORBUNDLE_FUSION_TARGET static Lanes move(Lanes lanes, Lanes data) {
    constexpr std::uint64_t kLow = polynomial::foldFactor(8 * kBytes + 63);
    constexpr std::uint64_t kHigh = polynomial::foldFactor(8 * kBytes - 1);
    const Lanes low = multiply(vgetq_lane_u64(lanes, 0), kLow);
    const poly64x2_t by = vreinterpretq_p64_u64(vdupq_n_u64(kHigh));
    const Lanes high = vreinterpretq_u64_p128(vmull_high_p64(vreinterpretq_p64_u64(lanes), by));
    return add(add(low, high), data);
  }

  TENSORBUNDLE_FUSION_TARGET static void keepOrder(Register* first, Register* second, Register* third, Lanes* lanes) {
    __asm__("" : "+r"(*first), "+r"(*second), "+r"(*third), "+w"(*lanes));
  }

  TENSORBUNDLE_FUSION_TARGET static std::uint32_t reduce(Lanes lanes) {
    return __crc32cd(__crc32cd(0, vgetq_lane_u64(lanes, 0)), vgetq_lane_u64(lanes, 1));
  }

  TENSORBUNDLE_FUSION_TARGET static std::uint32_t crc(std::uint32_t state, const std::uint8_t* data) {
    std::uint64_t word;
    std::memcpy(&word, data, sizeof word);
    return __crc32cd(state, word);
  }

  // A carry-less product of two reflected 32-bit values is the product times x, and the instruction that reduces it
  // multiplies by x^32. Together that is x^33, hence the 33 in the exponent.
  template <std::size_t kBytes>
  TENSORBUNDLE_FUSION_TARGET static std::uint32_t shift(std::uint32_t state) {
    constexpr std::uint32_t kFactor = polynomial::power(8 * kBytes - 33);
    return __crc32cd(0, vgetq_lane_u64(multiply(state, kFactor), 0));
  }

 private:
  TENSORBUNDLE_FUSION_TARGET static Lanes multiply(std::uint64_t a, std::uint64_t b) {
    return vreinterpretq_u64_p128(vmull_p64(static_cast<poly64_t>(a), static_cast<poly64_t>(b)));
  }
};

}  // namespace

TENSORBUNDLE_FUSION_TARGET std::uint32_t crc32cPmull(std::uint32_t state, const std::uint8_t* data,
                                                     std::size_t length) {
  // 136 bytes a step. The largest block is just below the 256 KiB of the engine's pieces.
  state = Fusion<Pmull>::blocks<1920>(state, data, length);
  state = Fusion<Pmull>::blocks<480>(state, data, length);
  state = Fusion<Pmull>::blocks<96>(state, data, length);
  state = Fusion<Pmull>::blocks<16>(state, data, length);
  state = Fusion<Pmull>::fold(state, data, length);
  for (; length >= 8; data += 8, length -= 8) state = Pmull::crc(state, data);
  for (; length > 0; ++data, --length) state = __crc32cb(state, *data);
  return state;
}

}  // namespace tensorbundle

#endif
