// Wishes about memory: Linux has some since 5.14, other systems have none.
#include "engine/memory.h"

#if defined(__linux__)
#include <sys/mman.h>
#include <unistd.h>
#endif

#include <cstdint>

namespace tensorbundle {

#if defined(__linux__)

void populate(void* memory, std::size_t length) {
  // Headers that are older than the kernel do not name it.
  constexpr int kPopulateWrite = 23;
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto start = reinterpret_cast<std::uintptr_t>(memory);
  // Whole pages only: the memory beside belongs to others.
  const std::uintptr_t first = (start + page - 1) / page * page;
  const std::uintptr_t end = (start + length) / page * page;
  if (first < end) static_cast<void>(::madvise(reinterpret_cast<void*>(first), end - first, kPopulateWrite));
}

#else

void populate(void*, std::size_t) {}

#endif

}  // namespace tensorbundle
