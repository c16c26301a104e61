// Wishes about memory: Linux has some, other systems have none.
#include "engine/memory.h"

#if defined(__linux__)
#include <sys/mman.h>
#include <unistd.h>
#endif

#include <cstdint>

namespace tensorbundle {

#if defined(__linux__)

void preferLargePages(void* memory, std::size_t length) {
  // The size of a large page on x86-64, and on arm64 with pages of 4 KiB.
  constexpr std::size_t kLargePage = std::size_t{2} << 20;
  if (length < kLargePage) return;
  // Whole pages. They may reach beyond the memory, into what its allocator keeps beside it: this changes no byte.
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto start = reinterpret_cast<std::uintptr_t>(memory);
  const std::uintptr_t first = start / page * page;
  const std::uintptr_t end = (start + length + page - 1) / page * page;
  static_cast<void>(::madvise(reinterpret_cast<void*>(first), end - first, MADV_HUGEPAGE));
}

#else

void preferLargePages(void*, std::size_t) {}

#endif

}  // namespace tensorbundle
