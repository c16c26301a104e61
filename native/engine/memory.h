// What the engine asks of the system about memory, besides allocating it. The one for Linux and macOS is
// posix_memory.cc.
#pragma once

#include <cstddef>

namespace tensorbundle {

// Gives pages to memory that is about to be filled, all at once, which takes less time than a page fault for each.
// Changes no byte of it, and no byte beside it. Only a wish: if it is not granted, the pages come one by one.
void populate(void* memory, std::size_t length);

}  // namespace tensorbundle
