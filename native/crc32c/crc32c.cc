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
  constexpr unsigned kAvx512States = 0xe6;
  if ((low & kAvx512States) != kAvx512States) return features;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return features;
  constexpr unsigned kAvx512f = 1U << 16;
  constexpr unsigned kAvx512vl = 1U << 31;
  constexpr unsigned kVpclmulqdq = 1U << 10;
  features.avx512 = (b & kAvx512f) != 0 && (b & kAvx512vl) != 0 && (c & kVpclmulqdq) != 0;
  return features;
}
#endif

#if defined(__aarch64__)
bool hasArm64Crc() {
#if defined(__linux__)
  constexpr unsigned long kHwcapCrc32 = 1UL << 7;
  return (getauxval(AT_HWCAP) & kHwcapCrc32) != 0;
#elif defined(__APPLE__)
  return true;  // Every 64-bit processor of Apple has the instructions.
#else
  return false;  // There is no way to ask.
#endif
}
#endif

}  // namespace

std::vector<Crc32cVariant> crc32cVariants() {
  std::vector<Crc32cVariant> variants;
#if defined(__x86_64__)
  const X86Features features = detect();
  if (features.avx512) variants.push_back({"avx512", crc32cAvx512});
  if (features.sse42) variants.push_back({"sse42", crc32cSse42});
#elif defined(__aarch64__)
  if (hasArm64Crc()) variants.push_back({"arm64", crc32cArm64});
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
