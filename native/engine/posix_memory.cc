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
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  auto* const start = static_cast<char*>(memory);
  // Whole pages only: the memory beside belongs to others.
  const std::size_t before = (page - reinterpret_cast<std::uintptr_t>(start) % page) % page;
  if (length <= before) return;
  const std::size_t whole = (length - before) / page * page;
  if (whole > 0) static_cast<void>(::madvise(start + before, whole, kPopulateWrite));
}

#else

void populate(void*, std::size_t) {}

#endif

}  // namespace tensorbundle
