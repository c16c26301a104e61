#include "crc32c/crc32c.h"

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

namespace tensorbundle {
namespace {

#if defined(__x86_64__)
struct X86Features {
  bool sse42 = false;
  bool avx2 = false;
  bool avx512 = false;
};

X86Features detect() {
  X86Features features;
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0) return features;
  constexpr unsigned kPclmulqdq = 1U << 1;
  constexpr unsigned kSse42 = 1U << 20;
  constexpr unsigned kOsxsave = 1U << 27;
  features.sse42 = (c & kSse42) != 0 && (c & kPclmulqdq) != 0;
  if (!features.sse42 || (c & kOsxsave) == 0) return features;
  // The operating system must save the vector registers: XMM, YMM, and the three AVX-512 states.
  unsigned low = 0;
  unsigned high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  constexpr unsigned kAvxStates = 0x06;
  constexpr unsigned kAvx512States = 0xe6;
  if ((low & kAvxStates) != kAvxStates || __get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return features;
  constexpr unsigned kAvx2 = 1U << 5;
  constexpr unsigned kAvx512f = 1U << 16;
  constexpr unsigned kAvx512vl = 1U << 31;
  constexpr unsigned kVpclmulqdq = 1U << 10;
  features.avx2 = (b & kAvx2) != 0 && (c & kVpclmulqdq) != 0;
  features.avx512 =
      features.avx2 && (low & kAvx512States) == kAvx512States && (b & kAvx512f) != 0 && (b & kAvx512vl) != 0;
  return features;
}
#endif

#if defined(__aarch64__)
struct Arm64Features {
  bool crc = false;
  bool pmull = false;
};

Arm64Features detect() {
  Arm64Features features;
#if defined(__linux__)
  constexpr unsigned long kHwcapPmull = 1UL << 4;
  constexpr unsigned long kHwcapCrc32 = 1UL << 7;
  const unsigned long capabilities = getauxval(AT_HWCAP);
  features.crc = (capabilities & kHwcapCrc32) != 0;
  features.pmull = features.crc && (capabilities & kHwcapPmull) != 0;
#elif defined(__APPLE__)
  // Every 64-bit processor that runs macOS has the instructions. Elsewhere there is no way to ask.
  features.crc = true;
  features.pmull = true;
#endif
  return features;
}
#endif

}  // namespace

std::vector<Crc32cVariant> crc32cVariants() {
  std::vector<Crc32cVariant> variants;
#if defined(__x86_64__)
  const X86Features features = detect();
  if (features.avx512) variants.push_back({"avx512", crc32cAvx512});
  if (features.avx2) variants.push_back({"avx2", crc32cAvx2});
  if (features.sse42) variants.push_back({"sse42", crc32cSse42});
#elif defined(__aarch64__)
  const Arm64Features features = detect();
  if (features.pmull) variants.push_back({"pmull", crc32cPmull});
  if (features.crc) variants.push_back({"arm64", crc32cArm64});
#endif
  variants.push_back({"portable", crc32cPortable});
  return variants;
}

bool Crc32c::select(std::string_view name) {
  for (const Crc32cVariant& variant : crc32cVariants()) {
    if (name == variant.name) {
      kernel_.store(variant.kernel, std::memory_order_relaxed);
      return true;
    }
  }
  return false;
}

}  // namespace tensorbundle
