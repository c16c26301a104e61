// Pages that are asked for at once: no byte changes, none beside is touched, and nothing happens where it cannot be.
#include "engine/memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

#include "check.h"

namespace {

using tensorbundle::populate;

void bytesStay() {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t size = 8 * page;
  void* place = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(place != MAP_FAILED);
  auto* memory = static_cast<std::uint8_t*>(place);
  const auto expected = check::Random(50).bytes(size);
  std::copy(expected.begin(), expected.end(), memory);
  // Neighbours that must not be touched, and that make the call fail where they are in it.
  CHECK(::mprotect(memory, page, PROT_NONE) == 0);
  CHECK(::mprotect(memory + 7 * page, page, PROT_NONE) == 0);
  for (const std::size_t start : {page, page + 1, 2 * page - 1, 0 * page, 3 * page}) {
    for (const std::size_t length :
         {std::size_t{0}, std::size_t{1}, page - 1, page, page + 1, 3 * page, size - start}) {
      populate(memory + start, std::min(length, size - start));
    }
  }
  CHECK(std::equal(memory + page, memory + 7 * page, expected.begin() + static_cast<std::ptrdiff_t>(page)));
  // Read-only, and gone.
  CHECK(::mprotect(memory + page, 6 * page, PROT_READ) == 0);
  populate(memory + page, 6 * page);
  CHECK(std::equal(memory + page, memory + 7 * page, expected.begin() + static_cast<std::ptrdiff_t>(page)));
  CHECK(::munmap(memory, size) == 0);
  populate(memory, size);
}

}  // namespace

void check::memoryCases(std::vector<Case>* cases) {
  cases->insert(cases->end(), {{"memory: no byte changes", bytesStay}});
}
