// What the engine asks of the system about memory, besides allocating it. The one for Linux and macOS is
// posix_memory.cc.
#pragma once

#include <cstddef>

namespace tensorbundle {

// Asks for large pages where memory that is about to be filled can have them: far fewer page faults. Only a wish, so
// nothing is reported. Does nothing for memory that is too short for a large page.
void preferLargePages(void* memory, std::size_t length);

}  // namespace tensorbundle
