// Random bytes from the system, for names that no other process chooses. The one for Linux and macOS is
// posix_random.cc.
#pragma once

#include <cstddef>

namespace tensorbundle {

// False if the system gives none; then the bytes may hold anything.
bool fillRandom(void* into, std::size_t length);

}  // namespace tensorbundle
