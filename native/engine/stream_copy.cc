#include "engine/stream_copy.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

namespace tensorbundle {

#if defined(__x86_64__)

namespace {

constexpr std::size_t kLine = 64;

}  // namespace

void streamCopy(void* into, const void* from, std::size_t size) {
  auto* target = static_cast<std::uint8_t*>(into);
  const auto* source = static_cast<const std::uint8_t*>(from);
  // The bytes before the first whole cache line of the target.
  const std::size_t head = std::min(size, (kLine - reinterpret_cast<std::uintptr_t>(target) % kLine) % kLine);
  if (head > 0) std::memcpy(target, source, head);
  std::size_t done = head;
  for (; size - done >= kLine; done += kLine) {
    __m128i parts[4];
    for (std::size_t i = 0; i < 4; ++i) {
      parts[i] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(source + done + 16 * i));
    }
    for (std::size_t i = 0; i < 4; ++i) _mm_stream_si128(reinterpret_cast<__m128i*>(target + done + 16 * i), parts[i]);
  }
  // Locks and atomics alone do not order streaming stores.
  _mm_sfence();
  if (done < size) std::memcpy(target + done, source + done, size - done);
}

#else

void streamCopy(void* into, const void* from, std::size_t size) {
  if (size > 0) std::memcpy(into, from, size);
}

#endif

}  // namespace tensorbundle
